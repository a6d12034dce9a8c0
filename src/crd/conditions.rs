//! Condition types, their reasons, and the one way to change them.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

macro_rules! names {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_meta])* $variant),+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name as it stands in status, events and metrics.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),+ }
            }
        }
    };
}

names! {
    /// Types of the conditions in `status.conditions`.
    ConditionType {
        /// The stream can be used as the spec says.
        Ready,
        /// Work is in progress (kstatus). Absent when there is none.
        Reconciling,
        /// Progress needs a change from outside (kstatus). Absent when it does not.
        Stalled,
        /// The channel exists with the spec's settings.
        ChannelSynced,
        /// The room exists with the spec's settings, or is gone where chat is off.
        ChatSynced,
        /// The Secret holds the valid stream key.
        StreamKeyPublished,
        /// The registry has the current record.
        Registered,
    }
}

names! {
    /// Why a condition is as it is.
    Reason {
        /// All is as the spec says.
        Ready,
        /// This part is as the spec says.
        Synced,
        /// Something is being created.
        Creating,
        /// A create call was sent and its outcome is not known yet.
        CreationPending,
        /// A setting is being changed.
        Updating,
        /// The change waits for the end of the stream.
        ChannelLive,
        /// The running stream is being ended.
        StoppingStream,
        /// The object is being deleted.
        Deleting,
        /// The operator leaves the object alone because of its annotation.
        Paused,
        /// Chat is switched off.
        Disabled,
        /// No registry is configured.
        RegistryDisabled,
        /// A channel or room belongs to somebody else.
        NotOwned,
        /// A Secret of that name belongs to somebody else.
        SecretNotOwned,
        /// The imported channel or room does not exist.
        ImportNotFound,
        /// AWS refused the settings.
        InvalidSettings,
        /// AWS refused for lack of permission.
        AccessDenied,
        /// There are no usable AWS credentials.
        CredentialsInvalid,
        /// A quota of the account is used up.
        QuotaExceeded,
        /// AWS is still verifying the account.
        PendingVerification,
        /// AWS allows no more calls just now.
        Throttled,
        /// AWS does not answer or answers with an error of its own.
        AwsUnavailable,
        /// The registry does not answer.
        RegistryUnavailable,
        /// Kubernetes refused a write.
        KubernetesError,
    }
}

/// The conditions of one status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions(Vec<Condition>);

impl Conditions {
    /// Starts from what stands in the status.
    #[must_use]
    pub fn new(conditions: Vec<Condition>) -> Self {
        Self(conditions)
    }

    /// Sets a condition. `lastTransitionTime` moves only when its status flips.
    pub fn set(
        &mut self,
        type_: ConditionType,
        status: bool,
        reason: Reason,
        message: impl Into<String>,
        generation: i64,
        now: Timestamp,
    ) {
        let status = if status { "True" } else { "False" };
        let message = message.into();
        if let Some(existing) = self
            .0
            .iter_mut()
            .find(|condition| condition.type_ == type_.as_str())
        {
            if existing.status != status {
                existing.last_transition_time = Time(now);
                status.clone_into(&mut existing.status);
            }
            reason.as_str().clone_into(&mut existing.reason);
            existing.message = message;
            existing.observed_generation = Some(generation);
        } else {
            self.0.push(Condition {
                type_: type_.as_str().to_owned(),
                status: status.to_owned(),
                reason: reason.as_str().to_owned(),
                message,
                observed_generation: Some(generation),
                last_transition_time: Time(now),
            });
        }
    }

    /// Takes a condition away.
    pub fn remove(&mut self, type_: ConditionType) {
        self.0.retain(|condition| condition.type_ != type_.as_str());
    }

    /// Finds a condition.
    #[must_use]
    pub fn get(&self, type_: ConditionType) -> Option<&Condition> {
        self.0.iter().find(|condition| condition.type_ == type_.as_str())
    }

    /// Whether a condition is there and true.
    #[must_use]
    pub fn is_true(&self, type_: ConditionType) -> bool {
        self.get(type_)
            .is_some_and(|condition| condition.status == "True")
    }

    /// Back to the form of the status, in the order of [`ConditionType::ALL`] so that equal states compare equal.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<Condition> {
        let rank = |condition: &Condition| {
            ConditionType::ALL
                .iter()
                .position(|t| t.as_str() == condition.type_)
        };
        self.0.sort_by_key(rank);
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transition_time_moves_only_when_the_status_flips() {
        let (early, late) = (Timestamp::UNIX_EPOCH, Timestamp::MAX);
        let mut conditions = Conditions::default();
        conditions.set(
            ConditionType::Ready,
            false,
            Reason::Creating,
            "creating the channel",
            1,
            early,
        );
        conditions.set(
            ConditionType::Ready,
            false,
            Reason::Updating,
            "changing the channel",
            2,
            late,
        );
        let ready = conditions.get(ConditionType::Ready).unwrap();
        assert_eq!(
            (ready.last_transition_time.0, ready.observed_generation),
            (early, Some(2))
        );
        conditions.set(ConditionType::Ready, true, Reason::Ready, "", 2, late);
        assert_eq!(
            conditions
                .get(ConditionType::Ready)
                .unwrap()
                .last_transition_time
                .0,
            late
        );
    }
}
