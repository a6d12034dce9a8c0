//! What holds up a part, in words: reason, what AWS said, and what to do.

use crate::{
    aws::{AwsError, ErrorKind},
    controller::{
        observed::{Failure, Part, StepError},
        plan::{Problem, Wait},
    },
    crd::Reason,
};

/// What holds up a part.
pub(super) struct Trouble {
    pub(super) part: Part,
    pub(super) reason: Reason,
    pub(super) message: String,
    /// Only a change from outside ends it.
    pub(super) stalled: bool,
    pub(super) blocks_ready: bool,
}

impl From<&Wait> for Trouble {
    fn from(wait: &Wait) -> Self {
        Self {
            part: wait.part,
            reason: wait.reason,
            message: wait.message.clone(),
            stalled: false,
            blocks_ready: wait.blocks_ready,
        }
    }
}

impl From<&Problem> for Trouble {
    fn from(problem: &Problem) -> Self {
        Self {
            part: problem.part,
            reason: problem.reason,
            message: problem.message.clone(),
            stalled: true,
            blocks_ready: true,
        }
    }
}

impl From<&Failure> for Trouble {
    fn from(failure: &Failure) -> Self {
        let (reason, message, stalled) = explain(failure);
        Self {
            part: failure.part,
            reason,
            message,
            stalled,
            blocks_ready: true,
        }
    }
}

/// Whether only a change from outside ends a failure, so that trying again soon is of no use.
#[must_use]
pub fn is_lasting(failure: &Failure) -> bool {
    explain(failure).2
}

fn explain(failure: &Failure) -> (Reason, String, bool) {
    match &failure.error {
        StepError::Aws(error) if failure.part == Part::Registry => {
            let advice = match error.kind {
                ErrorKind::NotFound => "create the table, or start the operator with --registry=none",
                ErrorKind::AccessDenied => {
                    "allow the operator's role the actions of manifests/iam/controller.json"
                }
                _ => "trying again",
            };
            (
                Reason::RegistryUnavailable,
                format!("registry: {}: {advice}", words(error)),
                false,
            )
        }
        StepError::Aws(error) => {
            let (reason, advice, stalled) = match error.kind {
                ErrorKind::Throttled => (Reason::Throttled, "trying again as the quota allows", false),
                ErrorKind::Unavailable => (
                    Reason::AwsUnavailable,
                    "trying again; if it lasts, check spec.region and the network",
                    false,
                ),
                ErrorKind::Conflict | ErrorKind::Withdrawn => (Reason::Updating, "trying again", false),
                ErrorKind::AccessDenied => (
                    Reason::AccessDenied,
                    "allow the operator's role the actions of manifests/iam/controller.json",
                    true,
                ),
                ErrorKind::Credentials => (
                    Reason::CredentialsInvalid,
                    "give the operator valid AWS credentials (IRSA, Pod Identity or the usual environment variables)",
                    true,
                ),
                ErrorKind::QuotaExceeded => (
                    Reason::QuotaExceeded,
                    "ask AWS to raise the quota, or delete what is not needed",
                    true,
                ),
                ErrorKind::PendingVerification => (
                    Reason::PendingVerification,
                    "wait until AWS has verified the account, or ask AWS Support",
                    true,
                ),
                ErrorKind::Validation | ErrorKind::NotFound | ErrorKind::NotBroadcasting => (
                    Reason::InvalidSettings,
                    "change the spec: AWS does not accept it as it is",
                    true,
                ),
            };
            (reason, format!("{}: {advice}", words(error)), stalled)
        }
        StepError::Kubernetes(error) => (
            Reason::KubernetesError,
            format!("Kubernetes: {error}: trying again"),
            false,
        ),
        StepError::Stale => (
            Reason::Updating,
            "the object was changed meanwhile: trying again".into(),
            false,
        ),
        StepError::NotLeading => (Reason::Updating, "another replica takes over".into(), false),
    }
}

fn words(error: &AwsError) -> String {
    if error.message.is_empty() {
        format!("{} answered {}", error.operation, error.code)
    } else {
        format!(
            "{} answered {}: {}",
            error.operation,
            error.code,
            error.message.trim_end_matches('.')
        )
    }
}
