//! Call rates: fixed windows of one second per region and operation (A19).
//!
//! The rates are in `operation::OPERATIONS`, whether and by which factor they hold in `settings`.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::error::ApiError;
use crate::operation::{Operation, Service};
use crate::settings::Settings;

/// Counts calls.
#[derive(Debug, Default)]
pub struct Throttle {
    windows: HashMap<(String, Service, &'static str), (i64, u32)>,
}

impl Throttle {
    /// Counts a call, or refuses it.
    pub fn admit(
        &mut self,
        settings: &Settings,
        operation: &Operation,
        region: &str,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        if !settings.quotas.call_rates {
            return Ok(());
        }
        let limit = limit(operation.rate, settings.quotas.call_rate_factor);
        let second = now.as_second();
        let window = self
            .windows
            .entry((region.to_owned(), operation.service, operation.name))
            .or_insert((second, 0));
        if window.0 != second {
            *window = (second, 0);
        }
        if window.1 >= limit {
            return Err(ApiError::throttled(
                operation.service,
                operation.name,
                u64::from(limit),
            ));
        }
        window.1 += 1;
        Ok(())
    }
}

/// At least one, or nothing would ever work.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to the range of u32
fn limit(rate: u32, factor: f64) -> u32 {
    (f64::from(rate) * factor).floor().clamp(1.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::find;
    use crate::settings::Quotas;

    #[test]
    fn a_new_second_is_a_new_window_and_operations_do_not_share() {
        let settings = Settings {
            quotas: Quotas {
                call_rates: true,
                call_rate_factor: 0.4,
                ..Quotas::default()
            },
            ..Settings::default()
        };
        let create = find(Service::Ivs, "CreateChannel").unwrap();
        let get = find(Service::Ivs, "GetChannel").unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut throttle = Throttle::default();
        for (operation, region, second, admitted) in [
            (create, "eu-west-1", 1, true),
            (create, "eu-west-1", 1, true),
            (create, "eu-west-1", 1, false),
            (create, "us-east-1", 1, true),
            (get, "eu-west-1", 1, true),
            (create, "eu-west-1", 2, true),
        ] {
            let answer = throttle.admit(&settings, operation, region, at(second));
            assert_eq!(answer.is_ok(), admitted, "{} {region} {second}", operation.name);
        }
    }

    #[test]
    fn limits() {
        for (rate, factor, expected) in [(5, 1.0, 5), (5, 0.01, 1), (200, 2.0, 400), (5, 1e300, u32::MAX)] {
            assert_eq!(limit(rate, factor), expected);
        }
    }
}
