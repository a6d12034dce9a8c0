//! What a channel can be told: its configuration, the changes that a request may ask for, and their rules.
//!
//! `CreateChannel` and `UpdateChannel` share all of it; the operations are in [`super::channels`].

use serde::{Serialize, Serializer};

use crate::validate::rules::{
    AD_CONFIGURATION, BOOLEAN, FAILOVER_SLATE_CONFIGURATION, NAME, PLAYBACK_RESTRICTION_POLICY,
    RECORDING_CONFIGURATION,
};
use crate::validate::{Kind, Rule, Violation, choice, shape};

choice! {
    /// Latency of playback.
    pub enum LatencyMode { Low = "LOW", Normal = "NORMAL" }
}

choice! {
    /// What may come in and which renditions go out.
    pub enum ChannelType {
        Standard = "STANDARD",
        Basic = "BASIC",
        AdvancedSd = "ADVANCED_SD",
        AdvancedHd = "ADVANCED_HD",
    }
}

impl ChannelType {
    const fn default_preset(self) -> Option<Preset> {
        match self {
            Self::Standard | Self::Basic => None,
            Self::AdvancedSd | Self::AdvancedHd => Some(Preset::HigherBandwidth),
        }
    }
}

choice! {
    /// Transcoding preset of the ADVANCED types.
    pub enum Preset {
        HigherBandwidth = "HIGHER_BANDWIDTH_DELIVERY",
        ConstrainedBandwidth = "CONSTRAINED_BANDWIDTH_DELIVERY",
    }
}

choice! {
    /// Container of the segments.
    pub enum ContainerFormat { Ts = "TS", FragmentedMp4 = "FRAGMENTED_MP4" }
}

choice! {
    /// Whether multitrack input may or must be used.
    pub enum MultitrackPolicy { Allow = "ALLOW", Require = "REQUIRE" }
}

choice! {
    /// Largest resolution of multitrack input.
    pub enum MultitrackResolution { FullHd = "FULL_HD", Hd = "HD", Sd = "SD" }
}

/// The part of a channel's configuration that its summary has too.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Basics {
    /// Not unique, may be empty.
    pub name: String,
    /// Latency.
    pub latency_mode: LatencyMode,
    /// Type.
    #[serde(rename = "type")]
    pub channel_type: ChannelType,
    /// Whether playback needs a token.
    pub authorized: bool,
    /// Whether unencrypted ingest is allowed.
    pub insecure_ingest: bool,
    /// Only with the ADVANCED types; `""` for the others (C16).
    #[serde(serialize_with = "preset_or_empty")]
    pub preset: Option<Preset>,
    /// Recording; empty is none.
    pub recording_configuration_arn: String,
    /// Restriction; empty is none.
    pub playback_restriction_policy_arn: String,
    /// Ads; empty is none.
    pub ad_configuration_arn: String,
    /// Slate; empty is none.
    pub failover_slate_configuration_arn: String,
}

#[allow(clippy::ref_option, clippy::trivially_copy_pass_by_ref)] // serde's signature
fn preset_or_empty<S: Serializer>(preset: &Option<Preset>, serializer: S) -> Result<S::Ok, S::Error> {
    match preset {
        Some(preset) => preset.serialize(serializer),
        None => serializer.serialize_str(""),
    }
}

/// Multitrack input.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Multitrack {
    /// On or off.
    pub enabled: bool,
    /// May or must.
    pub policy: MultitrackPolicy,
    /// Up to which size.
    pub maximum_resolution: MultitrackResolution,
}

/// A channel's whole configuration. The default is what `CreateChannel` with `{}` gives.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    /// What the summary has too.
    #[serde(flatten)]
    pub basics: Basics,
    /// Container of the segments.
    pub container_format: ContainerFormat,
    /// Multitrack input.
    #[serde(rename = "multitrackInputConfiguration")]
    pub multitrack: Multitrack,
}

shape! {
    /// The multitrack part of a request.
    pub struct MultitrackChanges {
        /// On or off.
        enabled: Option<bool> = "enabled", BOOLEAN;
        /// Needed when enabled.
        policy: Option<MultitrackPolicy> = "policy", MultitrackPolicy::RULE;
        /// Needed when enabled.
        maximum_resolution: Option<MultitrackResolution> = "maximumResolution", MultitrackResolution::RULE;
    }
}

shape! {
    /// The members that `CreateChannel` and `UpdateChannel` share. What is absent stays as it is (A13).
    pub struct Changes {
        /// Name.
        name: Option<String> = "name", NAME;
        /// Latency.
        latency_mode: Option<LatencyMode> = "latencyMode", LatencyMode::RULE;
        /// Type.
        channel_type: Option<ChannelType> = "type", ChannelType::RULE;
        /// Whether playback needs a token.
        authorized: Option<bool> = "authorized", BOOLEAN;
        /// Recording; empty is none.
        recording_configuration_arn: Option<String> = "recordingConfigurationArn", RECORDING_CONFIGURATION;
        /// Whether unencrypted ingest is allowed.
        insecure_ingest: Option<bool> = "insecureIngest", BOOLEAN;
        /// Only with the ADVANCED types.
        preset: Option<Preset> = "preset", Preset::RULE;
        /// Restriction; empty is none.
        playback_restriction_policy_arn: Option<String> =
            "playbackRestrictionPolicyArn", PLAYBACK_RESTRICTION_POLICY;
        /// Multitrack input.
        multitrack: Option<MultitrackChanges> =
            "multitrackInputConfiguration", Rule::new(Kind::Object(MultitrackChanges::FIELDS));
        /// Container of the segments.
        container_format: Option<ContainerFormat> = "containerFormat", ContainerFormat::RULE;
        /// Ads; empty is none.
        ad_configuration_arn: Option<String> = "adConfigurationArn", AD_CONFIGURATION;
        /// Slate; empty is none.
        failover_slate_configuration_arn: Option<String> =
            "failoverSlateConfigurationArn", FAILOVER_SLATE_CONFIGURATION;
    }
}

impl Changes {
    /// The configuration that results.
    pub fn on(&self, old: &Configuration) -> Configuration {
        let Basics {
            name,
            latency_mode,
            channel_type,
            authorized,
            insecure_ingest,
            preset,
            ..
        } = old.basics.clone();
        let channel_type = self.channel_type.unwrap_or(channel_type);
        // Another type starts from its own default preset (A14).
        let preset = if channel_type == old.basics.channel_type {
            preset
        } else {
            channel_type.default_preset()
        };
        let or = |new: &Option<String>, old: &String| new.as_ref().unwrap_or(old).clone();
        let multitrack = old.multitrack;
        let changes = self.multitrack.clone().unwrap_or_default();
        Configuration {
            basics: Basics {
                name: self.name.clone().unwrap_or(name),
                latency_mode: self.latency_mode.unwrap_or(latency_mode),
                channel_type,
                authorized: self.authorized.unwrap_or(authorized),
                insecure_ingest: self.insecure_ingest.unwrap_or(insecure_ingest),
                preset: self.preset.or(preset),
                recording_configuration_arn: or(
                    &self.recording_configuration_arn,
                    &old.basics.recording_configuration_arn,
                ),
                playback_restriction_policy_arn: or(
                    &self.playback_restriction_policy_arn,
                    &old.basics.playback_restriction_policy_arn,
                ),
                ad_configuration_arn: or(&self.ad_configuration_arn, &old.basics.ad_configuration_arn),
                failover_slate_configuration_arn: or(
                    &self.failover_slate_configuration_arn,
                    &old.basics.failover_slate_configuration_arn,
                ),
            },
            container_format: self.container_format.unwrap_or(old.container_format),
            multitrack: Multitrack {
                enabled: changes.enabled.unwrap_or(multitrack.enabled),
                policy: changes.policy.unwrap_or(multitrack.policy),
                maximum_resolution: changes
                    .maximum_resolution
                    .unwrap_or(multitrack.maximum_resolution),
            },
        }
    }

    /// The rules about several members, for what would result.
    pub fn violations(&self, result: &Configuration) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut refuse = |broken: bool, path: &str, message: &str| {
            if broken {
                found.push(Violation::combination(path, message));
            }
        };
        let channel_type = result.basics.channel_type;
        refuse(
            self.preset.is_some() && channel_type.default_preset().is_none(),
            "preset",
            "is only allowed with type ADVANCED_SD or ADVANCED_HD",
        );
        if let Some(multitrack) = &self.multitrack
            && multitrack.enabled == Some(true)
        {
            let path = "multitrackInputConfiguration";
            refuse(multitrack.policy.is_none(), path, "needs policy when enabled");
            refuse(
                multitrack.maximum_resolution.is_none(),
                path,
                "needs maximumResolution when enabled",
            );
        }
        if result.multitrack.enabled {
            refuse(
                channel_type != ChannelType::Standard,
                "type",
                "must be STANDARD when multitrackInputConfiguration is enabled",
            );
            refuse(
                result.container_format != ContainerFormat::FragmentedMp4,
                "containerFormat",
                "must be FRAGMENTED_MP4 when multitrackInputConfiguration is enabled",
            );
        }
        found
    }

    /// The resources that the request refers to.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        [
            &self.recording_configuration_arn,
            &self.playback_restriction_policy_arn,
            &self.ad_configuration_arn,
            &self.failover_slate_configuration_arn,
        ]
        .into_iter()
        .filter_map(Option::as_deref)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn after(steps: &[Value]) -> (Configuration, Vec<Violation>) {
        steps
            .iter()
            .fold((Configuration::default(), Vec::new()), |(old, _), step| {
                let changes: Changes = serde_json::from_value(step.clone()).unwrap();
                let new = changes.on(&old);
                let violations = changes.violations(&new);
                (new, violations)
            })
    }

    #[test]
    fn rules_about_several_members() {
        let multitrack =
            |enabled: bool| json!({"enabled": enabled, "policy": "ALLOW", "maximumResolution": "HD"});
        let fmp4 =
            json!({"containerFormat": "FRAGMENTED_MP4", "multitrackInputConfiguration": multitrack(true)});
        for (steps, paths) in [
            (vec![json!({})], vec![]),
            (
                vec![json!({"type": "ADVANCED_HD", "preset": "CONSTRAINED_BANDWIDTH_DELIVERY"})],
                vec![],
            ),
            (
                vec![json!({"preset": "HIGHER_BANDWIDTH_DELIVERY"})],
                vec!["preset"],
            ),
            (
                vec![json!({"type": "BASIC", "preset": "HIGHER_BANDWIDTH_DELIVERY"})],
                vec!["preset"],
            ),
            (
                vec![
                    json!({"type": "ADVANCED_SD"}),
                    json!({"preset": "HIGHER_BANDWIDTH_DELIVERY"}),
                ],
                vec![],
            ),
            (
                vec![json!({"multitrackInputConfiguration": multitrack(false)})],
                vec![],
            ),
            (
                vec![json!({"multitrackInputConfiguration": multitrack(true)})],
                vec!["containerFormat"],
            ),
            (vec![fmp4.clone()], vec![]),
            (vec![fmp4.clone(), json!({"type": "BASIC"})], vec!["type"]),
            (
                vec![fmp4, json!({"containerFormat": "TS"})],
                vec!["containerFormat"],
            ),
            (
                vec![
                    json!({"containerFormat": "FRAGMENTED_MP4", "multitrackInputConfiguration": {"enabled": true}}),
                ],
                vec!["multitrackInputConfiguration", "multitrackInputConfiguration"],
            ),
        ] {
            let (_, violations) = after(&steps);
            let found: Vec<_> = violations
                .iter()
                .map(|violation| violation.path.as_str())
                .collect();
            assert_eq!(found, paths, "{steps:?}");
        }
    }

    #[test]
    fn another_type_brings_its_preset() {
        for (steps, preset) in [
            (vec![json!({})], None),
            (
                vec![json!({"type": "ADVANCED_HD"})],
                Some(Preset::HigherBandwidth),
            ),
            (
                vec![
                    json!({"type": "ADVANCED_HD", "preset": "CONSTRAINED_BANDWIDTH_DELIVERY"}),
                    json!({"name": "same-type"}),
                ],
                Some(Preset::ConstrainedBandwidth),
            ),
            (
                vec![
                    json!({"type": "ADVANCED_HD", "preset": "CONSTRAINED_BANDWIDTH_DELIVERY"}),
                    json!({"type": "ADVANCED_SD"}),
                ],
                Some(Preset::HigherBandwidth),
            ),
            (
                vec![json!({"type": "ADVANCED_HD"}), json!({"type": "STANDARD"})],
                None,
            ),
        ] {
            assert_eq!(after(&steps).0.basics.preset, preset, "{steps:?}");
        }
    }

    #[test]
    fn absent_members_stay() {
        let (configuration, _) = after(&[
            json!({"name": "a", "authorized": true}),
            json!({"latencyMode": "NORMAL"}),
        ]);
        assert_eq!(configuration.basics.name, "a");
        assert!(configuration.basics.authorized);
        assert_eq!(configuration.basics.latency_mode, LatencyMode::Normal);
    }
}
