//! How the emulator behaves where AWS leaves it open or may misbehave: the document of `/_emulator/settings`.
//!
//! What single calls are to suffer is in `layers::faults`; how the settings are read and written over HTTP in
//! `http::admin`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::layers::access;

/// All settings. `PUT` changes those it names and leaves the others alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// How long created, updated and deleted things take to show in List*.
    pub list_lag_ms: u32,
    /// The same for Get* (A18).
    pub read_after_write_lag_ms: u32,
    /// How long a stream goes on after `StopStream` (A16).
    pub stop_delay_ms: u32,
    /// How long a pretended encoder with `reconnect` needs to come back.
    pub reconnect_delay_ms: u32,
    /// Up to which part pages are smaller than asked for, at random; 1 allows empty ones.
    pub page_size_jitter: f64,
    /// `UpdateChannel` on a live channel (A12, C1).
    pub update_while_live: UpdateWhileLive,
    /// Whether references to resources that do not exist are refused.
    pub references: References,
    /// Whether AWS has verified the account.
    pub account_status: AccountStatus,
    /// Operations that the caller may not use: `CreateChannel`, `ivs:CreateChannel`, `ivschat:*`.
    pub deny_operations: Vec<String>,
    /// Quotas.
    pub quotas: Quotas,
    /// How many calls the log keeps.
    pub call_log_size: usize,
    /// Start of everything random in faults and pages.
    pub seed: u64,
}

/// Quotas of an account in a region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Quotas {
    /// Whether calls per second are limited (A19).
    pub call_rates: bool,
    /// Factor on the documented rates.
    pub call_rate_factor: f64,
    /// Whether the numbers of resources are limited.
    pub resources: bool,
    /// Channels.
    pub channels: u64,
    /// Chat rooms.
    pub rooms: u64,
}

/// What `UpdateChannel` does on a live channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UpdateWhileLive {
    /// 409, as the API reference says.
    Conflict,
    /// Accepted, as the CLI's examples say.
    Accept,
}

/// What is done with references to resources that do not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum References {
    /// 404, as AWS does.
    Check,
    /// Taken as they are.
    Accept,
}

/// Whether AWS has verified the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountStatus {
    /// It has.
    Active,
    /// Not yet: mutations are refused.
    PendingVerification,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            list_lag_ms: 0,
            read_after_write_lag_ms: 0,
            stop_delay_ms: 2_000,
            reconnect_delay_ms: 1_000,
            page_size_jitter: 0.0,
            update_while_live: UpdateWhileLive::Conflict,
            references: References::Check,
            account_status: AccountStatus::Active,
            deny_operations: Vec::new(),
            quotas: Quotas::default(),
            call_log_size: 100_000,
            seed: 0,
        }
    }
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            call_rates: false,
            call_rate_factor: 1.0,
            resources: false,
            channels: 5_000,
            rooms: 50_000,
        }
    }
}

impl Settings {
    /// These settings with the members of `change` replaced.
    pub fn with(&self, change: &Map<String, Value>) -> Result<Self, String> {
        let mut document = serde_json::to_value(self).map_err(|error| error.to_string())?;
        for (name, value) in change {
            match (&mut document[name.as_str()], value) {
                (Value::Object(old), Value::Object(new)) => {
                    old.extend(new.iter().map(|(name, value)| (name.clone(), value.clone())));
                }
                (old, new) => *old = new.clone(),
            }
        }
        let settings: Self = serde_json::from_value(document).map_err(|error| error.to_string())?;
        if !(0.0..=1.0).contains(&settings.page_size_jitter) {
            return Err("pageSizeJitter must be between 0 and 1".to_owned());
        }
        if !settings.quotas.call_rate_factor.is_finite() || settings.quotas.call_rate_factor <= 0.0 {
            return Err("quotas.callRateFactor must be greater than 0".to_owned());
        }
        if let Some(name) = settings
            .deny_operations
            .iter()
            .find(|name| !access::is_known(name))
        {
            return Err(format!("denyOperations: no operation is named {name:?}"));
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(change: &Value) -> Result<Settings, String> {
        Settings::default().with(change.as_object().unwrap())
    }

    #[test]
    fn a_change_leaves_the_rest_alone() {
        let changed = change(&json!({"listLagMs": 5, "quotas": {"callRates": true}})).unwrap();
        assert_eq!(changed.list_lag_ms, 5);
        assert_eq!(
            changed.quotas,
            Quotas {
                call_rates: true,
                ..Quotas::default()
            }
        );
        assert_eq!(changed.stop_delay_ms, Settings::default().stop_delay_ms);
    }

    #[test]
    fn what_is_refused_is_named() {
        for (bad, named) in [
            (json!({"listLag": 5}), "listLagMs"),
            (json!({"listLagMs": -1}), "-1"),
            (json!({"updateWhileLive": "Maybe"}), "`Conflict` or `Accept`"),
            (json!({"quotas": {"rates": true}}), "callRates"),
            (json!({"denyOperations": ["CreateChanel"]}), "CreateChanel"),
            (json!({"pageSizeJitter": 2}), "between 0 and 1"),
            (json!({"quotas": {"callRateFactor": 0}}), "greater than 0"),
        ] {
            let error = change(&bad).unwrap_err();
            assert!(error.contains(named), "{bad}: {error}");
        }
    }
}
