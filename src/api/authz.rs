//! The one function of authorisation, pure: [`grant`] says what a caller may do with a stream.

use serde::Serialize;
use utoipa::ToSchema;

use crate::crd::{
    LiveStreamSpec,
    spec::{AccessSpec, Subject},
};

/// A verified user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Subject.
    pub subject: String,
    /// Groups.
    pub groups: Vec<String>,
    /// Name for others to see, if the sign-in tells one.
    pub display_name: Option<String>,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nobody is signed in.
    Guest,
    /// A verified user.
    User(User),
}

/// What a caller is to a stream, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Not signed in; may look where everybody may.
    Guest,
    /// Signed in; may watch and write.
    Viewer,
    /// May delete messages and disconnect users.
    Moderator,
    /// May do everything.
    Owner,
}

impl Role {
    /// The role as a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Viewer => "viewer",
            Self::Moderator => "moderator",
            Self::Owner => "owner",
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// To see the stream's page.
    View,
    /// To join its chat.
    Chat,
}

/// What a chat token allows beyond reading (AWS's names).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// To write.
    SendMessage,
    /// To delete messages.
    DeleteMessage,
    /// To disconnect users.
    DisconnectUser,
}

/// What is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// As what.
    pub role: Role,
    /// With which capabilities in the chat.
    pub capabilities: &'static [Capability],
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// A guest has to sign in. Says nothing about whether the stream exists.
    SignIn,
    /// The caller may not know of the stream.
    Hidden,
}

/// Decides. `None` stands for a stream that does not exist, so that it cannot be answered differently from one that
/// the caller may not know of.
///
/// # Errors
/// [`Denied`].
pub fn grant(caller: &Caller, stream: Option<&LiveStreamSpec>, wanted: Wanted) -> Result<Grant, Denied> {
    use Capability::{DeleteMessage, DisconnectUser, SendMessage};
    // To somebody unknown a chat is either readable by all, or there is nothing to tell.
    let hidden = match (caller, wanted) {
        (Caller::Guest, Wanted::Chat) => Denied::SignIn,
        _ => Denied::Hidden,
    };
    let stream = stream.ok_or(hidden)?;
    let role = role(caller, &stream.access).ok_or(hidden)?;
    if wanted == Wanted::Chat && role == Role::Guest && !stream.chat.anonymous_read {
        return Err(Denied::SignIn);
    }
    let capabilities: &[Capability] = match role {
        Role::Guest => &[],
        Role::Viewer => &[SendMessage],
        Role::Moderator | Role::Owner => &[SendMessage, DeleteMessage, DisconnectUser],
    };
    Ok(Grant { role, capabilities })
}

/// The caller's role; `None` if the stream is not for them.
fn role(caller: &Caller, access: &AccessSpec) -> Option<Role> {
    match caller {
        Caller::Guest => access.viewers.is_none().then_some(Role::Guest),
        Caller::User(user) => {
            let is_in = |subjects: &[Subject]| subjects.iter().any(|subject| matches(user, subject));
            if is_in(&access.owners) {
                Some(Role::Owner)
            } else if is_in(&access.moderators) {
                Some(Role::Moderator)
            } else {
                access
                    .viewers
                    .as_ref()
                    .is_none_or(|viewers| is_in(viewers))
                    .then_some(Role::Viewer)
            }
        }
    }
}

fn matches(user: &User, subject: &Subject) -> bool {
    match (&subject.user, &subject.group) {
        (Some(wanted), None) => *wanted == user.subject,
        (None, Some(wanted)) => user.groups.contains(wanted),
        // Admission refuses both and neither; an object that got past it matches nobody.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(subject: &str, groups: &[&str]) -> Caller {
        Caller::User(User {
            subject: subject.into(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            display_name: None,
        })
    }

    fn spec(viewers: &serde_json::Value, anonymous_read: bool) -> LiveStreamSpec {
        serde_json::from_value(json!({
            "access": {
                "owners": [{"user": "alice"}, {"group": "producers"}],
                "moderators": [{"group": "moderators"}],
                "viewers": viewers,
            },
            "chat": {"anonymousRead": anonymous_read},
        }))
        .unwrap()
    }

    #[test]
    fn roles() {
        let everyone = spec(&json!(null), true);
        let members = spec(&json!([{"group": "members"}]), true);
        let nobody = spec(&json!([]), true);
        for (caller, stream, expected) in [
            (user("alice", &[]), &members, Ok(Role::Owner)),
            (user("x", &["producers", "moderators"]), &members, Ok(Role::Owner)),
            (user("mia", &["moderators"]), &nobody, Ok(Role::Moderator)),
            (user("bob", &["members"]), &members, Ok(Role::Viewer)),
            (user("bob", &[]), &everyone, Ok(Role::Viewer)),
            (user("bob", &[]), &members, Err(Denied::Hidden)),
            (user("bob", &[]), &nobody, Err(Denied::Hidden)),
            (user("Alice", &[]), &members, Err(Denied::Hidden)),
            (user("moderators", &[]), &nobody, Err(Denied::Hidden)),
            (Caller::Guest, &everyone, Ok(Role::Guest)),
            (Caller::Guest, &members, Err(Denied::Hidden)),
        ] {
            let granted = grant(&caller, Some(stream), Wanted::View).map(|grant| grant.role);
            assert_eq!(granted, expected, "{caller:?} {:?}", stream.access.viewers);
        }
    }

    #[test]
    fn capabilities() {
        use Capability::{DeleteMessage, DisconnectUser, SendMessage};
        let all = &[SendMessage, DeleteMessage, DisconnectUser][..];
        for (caller, expected) in [
            (user("alice", &[]), all),
            (user("mia", &["moderators"]), all),
            (user("bob", &[]), &[SendMessage][..]),
            (Caller::Guest, &[][..]),
        ] {
            let granted = grant(&caller, Some(&spec(&json!(null), true)), Wanted::Chat).unwrap();
            assert_eq!(granted.capabilities, expected, "{caller:?}");
        }
    }

    #[test]
    fn a_guest_learns_nothing_from_a_refusal() {
        let closed = spec(&json!(null), false);
        let members = spec(&json!([]), true);
        for stream in [None, Some(&closed), Some(&members)] {
            assert_eq!(grant(&Caller::Guest, stream, Wanted::Chat), Err(Denied::SignIn));
        }
        for stream in [None, Some(&members)] {
            assert_eq!(grant(&Caller::Guest, stream, Wanted::View), Err(Denied::Hidden));
            assert_eq!(
                grant(&user("bob", &[]), stream, Wanted::Chat),
                Err(Denied::Hidden)
            );
        }
    }

    #[test]
    fn a_subject_with_both_or_neither_matches_nobody() {
        let spec: LiveStreamSpec = serde_json::from_value(json!({
            "access": {"owners": [{"user": "bob", "group": "g"}, {}], "viewers": []},
        }))
        .unwrap();
        assert_eq!(
            grant(&user("bob", &["g"]), Some(&spec), Wanted::View),
            Err(Denied::Hidden)
        );
    }
}
