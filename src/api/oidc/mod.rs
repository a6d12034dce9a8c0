//! Sign-in: bearer JWTs of the configured OIDC issuers. [`claims`] holds what a token must say (pure), [`keys`] where
//! the issuer's keys come from; this file ties them together.

mod claims;
mod keys;

use std::collections::HashMap;

use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};

use self::{
    claims::{Claims, Expected},
    keys::Keys,
};
use super::authz::User;

/// Longest token in bytes; real ones have one or two thousand.
const TOKEN_LIMIT: usize = 8 * 1024;

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

    /// The user that a token speaks of.
    pub(super) async fn verify(&self, token: &str) -> Result<User, Refusal> {
        if token.len() > TOKEN_LIMIT {
            return Err(Refusal::Malformed);
        }
        let header = decode_header(token).map_err(|_| Refusal::Malformed)?;
        let unverified_issuer = claims::unverified_issuer(token).ok_or(Refusal::Malformed)?;
        let keys = self
            .issuers
            .get(&unverified_issuer)
            .ok_or(Refusal::UnknownIssuer)?;
        for key in keys.find(header.kid.as_deref()).await? {
            // The key says which algorithms it is for; the token only picks among them.
            if !keys::algorithms(&key).contains(&header.alg) {
                continue;
            }
            let Ok(decoding_key) = DecodingKey::try_from(&key) else {
                continue;
            };
            let mut validation = Validation::new(header.alg);
            // Claims are judged by `claims`, which also knows Cognito's; here only the signature is.
            validation.required_spec_claims.clear();
            validation.validate_exp = false;
            validation.validate_nbf = false;
            validation.validate_aud = false;
            match decode::<Claims>(token, &decoding_key, &validation) {
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
