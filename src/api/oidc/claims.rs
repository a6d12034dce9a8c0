//! What a token must say, pure. Both shapes are understood: RFC 9068 / OIDC tokens with `aud`, and those of Amazon
//! Cognito, whose access tokens have no `aud` but `client_id` and `token_use`
//! (Cognito developer guide, "Understanding the access token").

use std::{collections::HashMap, fmt};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};
use serde_json::Value;

use super::Refusal;
use crate::api::authz::User;

/// Seconds by which clocks may differ.
const LEEWAY: i64 = 30;
/// Characters of a subject: a chat user id (AWS, `CreateChatToken.userId`) has the same bound.
const SUBJECT_LIMIT: usize = 128;
/// Groups that are looked at.
const GROUPS_LIMIT: usize = 200;
/// Characters of a display name; the attributes of a chat token have 1 KB in all (AWS).
const NAME_LIMIT: usize = 64;

/// What is accepted.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) audiences: Vec<String>,
    pub(super) client_id: Option<String>,
    pub(super) groups_claim: String,
}

/// The claims that matter. A claim that stands twice does not parse.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Claims {
    iss: String,
    sub: String,
    exp: i64,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    iat: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    aud: Option<OneOrMany>,
    #[serde(default, deserialize_with = "present")]
    client_id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    token_use: Option<String>,
    #[serde(flatten)]
    others: Others,
}

/// Claims by name. Not a plain map, which would quietly keep the last of those that stand twice.
#[derive(Clone, Debug)]
struct Others(HashMap<String, Value>);

impl<'de> Deserialize<'de> for Others {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Others;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("claims, each once")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Others, A::Error> {
                let mut claims = HashMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if claims.insert(name, value).is_some() {
                        return Err(de::Error::custom("a claim stands twice"));
                    }
                }
                Ok(Others(claims))
            }
        }
        deserializer.deserialize_map(Once)
    }
}

/// A claim that is there must have its type: `null` is not the same as absent.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Claims {
    /// Judges claims whose signature is verified.
    pub(super) fn check(&self, issuer: &str, expected: &Expected, now: i64) -> Result<User, Refusal> {
        if self.iss != issuer {
            return Err(Refusal::UnknownIssuer);
        }
        let times_are_good = self.exp > now - LEEWAY
            && self.nbf.is_none_or(|nbf| nbf <= now + LEEWAY)
            && self.iat.is_none_or(|iat| iat <= now + LEEWAY);
        if !times_are_good {
            return Err(Refusal::Expired);
        }
        if !self.is_for(expected) {
            return Err(Refusal::WrongAudience);
        }
        let printable = |text: &str| !text.chars().any(char::is_control);
        if self.sub.trim().is_empty() || self.sub.chars().count() > SUBJECT_LIMIT || !printable(&self.sub) {
            return Err(Refusal::BadClaims);
        }
        Ok(User {
            subject: self.sub.clone(),
            groups: self.groups(&expected.groups_claim)?,
            display_name: self.display_name(),
        })
    }

    fn is_for(&self, expected: &Expected) -> bool {
        let is_client = |id: &String| expected.client_id.as_ref() == Some(id);
        let is_audience = |audience: &String| expected.audiences.contains(audience) || is_client(audience);
        match (&self.aud, self.token_use.as_deref()) {
            // Cognito: an access token names its client, an ID token has it as audience.
            (None, Some("access")) => self.client_id.as_ref().is_some_and(is_client),
            (Some(audience), Some("id") | None) => match audience {
                OneOrMany::One(audience) => is_audience(audience),
                OneOrMany::Many(audiences) => audiences.iter().any(is_audience),
            },
            _ => false,
        }
    }

    fn groups(&self, claim: &str) -> Result<Vec<String>, Refusal> {
        let mut groups = Vec::new();
        for claim in [claim, "cognito:groups"] {
            match self.others.0.get(claim) {
                None => {}
                Some(value) => {
                    groups.extend(Vec::<String>::deserialize(value).map_err(|_| Refusal::BadClaims)?);
                }
            }
        }
        groups.retain(|group| !group.is_empty());
        groups.truncate(GROUPS_LIMIT);
        Ok(groups)
    }

    /// A name is decoration: one of the wrong type, or with nothing to see in it, is left out.
    fn display_name(&self) -> Option<String> {
        let names = ["name", "preferred_username", "cognito:username", "username"];
        names.iter().find_map(|claim| {
            let name = self.others.0.get(*claim)?.as_str()?;
            let visible = name.chars().filter(|c| !c.is_control() && !is_invisible(*c));
            let visible: String = visible.collect();
            let short: String = visible.trim().chars().take(NAME_LIMIT).collect();
            Some(short).filter(|name| !name.is_empty())
        })
    }
}

/// Characters that only change how others are shown: one name could look like another's.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The issuer that a token claims, to know whose keys to verify it with. Not verified.
pub(super) fn unverified_issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    let payload = token.split('.').nth(1)?;
    let json = URL_SAFE_NO_PAD.decode(payload).ok()?;
    Some(serde_json::from_slice::<Issuer>(&json).ok()?.iss)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn check(changes: &Value) -> Result<User, Refusal> {
        let mut claims = json!({
            "iss": "https://issuer", "sub": "alice", "exp": NOW + 60, "iat": NOW, "aud": "api",
        });
        for (claim, value) in changes.as_object().unwrap() {
            if value == "ABSENT" {
                claims.as_object_mut().unwrap().remove(claim);
            } else {
                claims[claim] = value.clone();
            }
        }
        let expected = Expected {
            audiences: vec!["api".into()],
            client_id: Some("web".into()),
            groups_claim: "groups".into(),
        };
        let claims: Claims = serde_json::from_value(claims).map_err(|_| Refusal::BadClaims)?;
        claims.check("https://issuer", &expected, NOW)
    }

    #[test]
    fn accepted() {
        for changes in [
            json!({}),
            json!({"aud": ["other", "api"]}),
            json!({"aud": "web"}),
            json!({"aud": "web", "token_use": "id"}),
            json!({"aud": "ABSENT", "token_use": "access", "client_id": "web"}),
            json!({"exp": NOW - 10, "nbf": NOW + 10}),
        ] {
            assert_eq!(
                check(&changes).map(|user| user.subject),
                Ok("alice".to_owned()),
                "{changes}"
            );
        }
    }

    #[test]
    fn refused() {
        for (changes, refusal) in [
            (json!({"iss": "https://other"}), Refusal::UnknownIssuer),
            (json!({"iss": "https://issuer/"}), Refusal::UnknownIssuer),
            (json!({"exp": NOW - 31}), Refusal::Expired),
            (json!({"nbf": NOW + 31}), Refusal::Expired),
            (json!({"iat": NOW + 3600}), Refusal::Expired),
            (json!({"aud": "other"}), Refusal::WrongAudience),
            (json!({"aud": []}), Refusal::WrongAudience),
            (json!({"aud": "ABSENT"}), Refusal::WrongAudience),
            (
                json!({"aud": "ABSENT", "client_id": "web"}),
                Refusal::WrongAudience,
            ),
            (
                json!({"aud": "ABSENT", "token_use": "access", "client_id": "other"}),
                Refusal::WrongAudience,
            ),
            (
                json!({"aud": "ABSENT", "token_use": "access"}),
                Refusal::WrongAudience,
            ),
            (
                json!({"aud": "web", "token_use": "refresh"}),
                Refusal::WrongAudience,
            ),
            (json!({"aud": 1}), Refusal::BadClaims),
            (json!({"aud": null}), Refusal::BadClaims),
            (json!({"sub": ""}), Refusal::BadClaims),
            (json!({"sub": "  "}), Refusal::BadClaims),
            (json!({"sub": "a\nb"}), Refusal::BadClaims),
            (json!({"sub": "x".repeat(129)}), Refusal::BadClaims),
            (json!({"sub": 7}), Refusal::BadClaims),
            (json!({"sub": ["alice"]}), Refusal::BadClaims),
            (json!({"sub": "ABSENT"}), Refusal::BadClaims),
            (json!({"iss": "ABSENT"}), Refusal::BadClaims),
            (json!({"exp": "ABSENT"}), Refusal::BadClaims),
            (json!({"exp": "1900000000"}), Refusal::BadClaims),
            (json!({"exp": null}), Refusal::BadClaims),
            (json!({"nbf": "x"}), Refusal::BadClaims),
            (json!({"groups": "creators"}), Refusal::BadClaims),
            (json!({"groups": [1]}), Refusal::BadClaims),
            (json!({"cognito:groups": {"a": 1}}), Refusal::BadClaims),
            (json!({"token_use": 1}), Refusal::BadClaims),
        ] {
            assert_eq!(check(&changes).unwrap_err(), refusal, "{changes}");
        }
    }

    #[test]
    fn a_claim_that_stands_twice_is_refused() {
        let twice = r#"{"iss":"i","sub":"alice","sub":"admin","exp":1}"#;
        assert!(serde_json::from_str::<Claims>(twice).is_err());
    }

    #[test]
    fn names_and_groups() {
        let user = check(&json!({
            "name": "  Alice\u{7} A. ", "groups": ["a", ""], "cognito:groups": ["b"],
        }))
        .unwrap();
        assert_eq!(user.display_name.as_deref(), Some("Alice A."));
        assert_eq!(user.groups, ["a", "b"]);
        assert_eq!(check(&json!({"name": 7})).unwrap().display_name, None);
        for (names, shown) in [
            (json!({"name": "", "preferred_username": "al"}), "al"),
            (json!({"name": " \u{200b}", "cognito:username": "al"}), "al"),
            (json!({"name": 7, "username": "al"}), "al"),
            (json!({"name": "\u{202e}nimda"}), "nimda"),
            (
                json!({"name": "Nguy\u{1ec5}n \u{1f468}\u{200d}\u{1f469}"}),
                "Nguy\u{1ec5}n \u{1f468}\u{200d}\u{1f469}",
            ),
        ] {
            assert_eq!(
                check(&names).unwrap().display_name.as_deref(),
                Some(shown),
                "{names}"
            );
        }
        assert_eq!(
            check(&json!({"name": "x".repeat(1000)}))
                .unwrap()
                .display_name
                .unwrap()
                .len(),
            NAME_LIMIT
        );
    }
}
