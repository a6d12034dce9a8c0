//! Sign-in: bearer JWTs of the configured OIDC issuers. [`claims`] holds what a token must say (pure), [`discovery`]
//! asks an issuer, [`key_set`] picks what of its keys is of use (pure), [`keys`] keeps them; this file ties them together.

mod claims;
mod discovery;
mod key_set;
mod keys;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use jsonwebtoken::{Header, Validation, decode, decode_header};
use url::Url;

pub(super) use self::discovery::is_safe;
use self::{
    claims::{Claims, Expected},
    keys::Keys,
};
use super::authz::User;

/// Longest token in bytes; real ones have one or two thousand.
const TOKEN_LIMIT: usize = 8 * 1024;
/// Time between two tries to reach an issuer at the start.
const WARM_PAUSE: Duration = Duration::from_secs(5);

/// Why an issuer cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{issuer}: {reason}")]
pub struct IssuerError {
    issuer: String,
    reason: String,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Not a JWT of a form and algorithm that is accepted.
    Malformed,
    /// Of an issuer that is not configured.
    UnknownIssuer,
    /// Not signed by a key of the issuer.
    BadSignature,
    /// Too old, or not valid yet.
    Expired,
    /// Made for somebody else.
    WrongAudience,
    /// A claim is missing, empty or of the wrong type.
    BadClaims,
    /// The issuer's keys cannot be had now.
    KeysUnavailable,
}

impl Refusal {
    /// In words that help an honest caller and nobody else.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Malformed => "the bearer token is not a JWT that is accepted here",
            Self::UnknownIssuer => "the token's issuer is not accepted here",
            Self::BadSignature => "the token's signature is not valid",
            Self::Expired => "the token has expired or is not valid yet",
            Self::WrongAudience => "the token was made for another audience",
            Self::BadClaims => "a claim of the token is missing, empty or of the wrong type",
            Self::KeysUnavailable => "the sign-in service does not answer",
        }
    }
}

/// Verifies bearer tokens.
pub(super) struct Verifier {
    issuers: HashMap<String, Keys>,
    expected: Expected,
}

impl Verifier {
    pub(super) fn new(
        issuers: &[String],
        audiences: Vec<String>,
        client_id: Option<String>,
        groups_claim: String,
    ) -> Result<Self, IssuerError> {
        if let Some(issuer) = issuers
            .first()
            .filter(|_| audiences.is_empty() && client_id.is_none())
        {
            let reason =
                "needs --oidc-audience or --oidc-client-id: a token made for anybody must not do".to_owned();
            return Err(IssuerError {
                issuer: issuer.clone(),
                reason,
            });
        }
        let issuers = issuers
            .iter()
            .map(|issuer| {
                let keys = Keys::new(issuer).map_err(|error| IssuerError {
                    issuer: issuer.clone(),
                    reason: error.to_string(),
                })?;
                Ok((issuer.clone(), keys))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            issuers,
            expected: Expected {
                audiences,
                client_id,
                groups_claim,
            },
        })
    }

    /// Asks every issuer until each has answered once: the web client's policy needs to know where they sign in.
    pub(super) async fn warm(&self) {
        let warming = self.issuers.values().map(|keys| async move {
            loop {
                keys.refresh().await;
                if keys.origins().is_some() {
                    break;
                }
                tokio::time::sleep(WARM_PAUSE).await;
            }
        });
        futures::future::join_all(warming).await;
    }

    /// Origins that a browser speaks to while it signs in: the issuers', and those that the issuers name.
    pub(super) fn origins(&self) -> BTreeSet<String> {
        let own = self.issuers.keys().filter_map(|issuer| Url::parse(issuer).ok());
        let own = own.map(|url| url.origin().ascii_serialization());
        own.chain(self.issuers.values().filter_map(Keys::origins).flatten())
            .collect()
    }

    /// The user that a token speaks of.
    pub(super) async fn verify(&self, token: &str) -> Result<User, Refusal> {
        if token.len() > TOKEN_LIMIT {
            return Err(Refusal::Malformed);
        }
        let header = decode_header(token)
            .ok()
            .filter(is_plain)
            .ok_or(Refusal::Malformed)?;
        let unverified_issuer = claims::unverified_issuer(token).ok_or(Refusal::Malformed)?;
        let keys = self
            .issuers
            .get(&unverified_issuer)
            .ok_or(Refusal::UnknownIssuer)?;
        for key in keys.find(header.kid.as_deref()).await? {
            // The key says which algorithms it is for; the token only picks among them.
            if !key.algorithms.contains(&header.alg) {
                continue;
            }
            let mut validation = Validation::new(header.alg);
            // Claims are judged by `claims`, which also knows Cognito's; here only the signature is.
            validation.required_spec_claims.clear();
            validation.validate_exp = false;
            validation.validate_nbf = false;
            validation.validate_aud = false;
            match decode::<Claims>(token, &key.key, &validation) {
                Ok(verified) => {
                    return verified.claims.check(
                        &unverified_issuer,
                        &self.expected,
                        jiff::Timestamp::now().as_second(),
                    );
                }
                Err(error) => match error.kind() {
                    jsonwebtoken::errors::ErrorKind::InvalidSignature => {}
                    _ => return Err(Refusal::BadClaims),
                },
            }
        }
        Err(Refusal::BadSignature)
    }
}

/// Whether a token is what it seems to be: an access or ID token that is signed and nothing else.
///
/// An issuer signs other things with the same keys, for the same audiences: what says that it is a logout token or a
/// proof is not a sign-in (RFC 8725 §3.11). Extensions that must be understood are not (RFC 7515 §4.1.11).
fn is_plain(header: &Header) -> bool {
    let accepted = ["jwt", "at+jwt"];
    let is_token = header.typ.as_deref().is_none_or(|type_| {
        let type_ = type_.to_ascii_lowercase();
        accepted.contains(&type_.strip_prefix("application/").unwrap_or(&type_))
    });
    is_token && header.crit.is_none() && header.cty.is_none() && header.zip.is_none() && header.enc.is_none()
}

#[cfg(test)]
impl Verifier {
    /// Lets time pass for what is cached.
    async fn age(&self, by: Duration) {
        for keys in self.issuers.values() {
            keys.age(by).await;
        }
    }
}
