//! What of an issuer's published key set is of use, pure.

use std::sync::Arc;

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

/// A public key and what it may be used with.
#[derive(Clone)]
pub(super) struct PublicKey {
    pub(super) id: Option<String>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) key: DecodingKey,
}

/// A published key set, its keys not yet looked at.
#[derive(Deserialize)]
pub(super) struct KeySet {
    keys: Vec<Value>,
}

impl KeySet {
    /// The keys that can verify a signature. Others are passed over, as RFC 7517 §5 asks: one key of a kind that is
    /// new, or not well formed, must not put out all the others.
    pub(super) fn usable(self) -> Vec<Arc<PublicKey>> {
        self.keys
            .into_iter()
            .filter_map(public_key)
            .map(Arc::new)
            .collect()
    }
}

fn public_key(value: Value) -> Option<PublicKey> {
    let key: Jwk = serde_json::from_value(value).ok()?;
    let public_use = key.common.public_key_use.as_ref();
    if !public_use.is_none_or(|public_use| *public_use == PublicKeyUse::Signature) {
        return None;
    }
    let algorithms = algorithms(&key);
    if algorithms.is_empty() {
        return None;
    }
    Some(PublicKey {
        key: DecodingKey::from_jwk(&key).ok()?,
        id: key.common.key_id,
        algorithms,
    })
}

/// The algorithms that a key may be used with: asymmetric ones only, so that no public key can be taken for a shared
/// secret, and only the named one where the key names one.
fn algorithms(key: &Jwk) -> Vec<Algorithm> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    let possible: &[Algorithm] = match &key.algorithm {
        AlgorithmParameters::RSA(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => &[ES256],
            EllipticCurve::P384 => &[ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => &[EdDSA],
        _ => &[],
    };
    let named = key.common.key_algorithm.as_ref();
    let is_named = |algorithm: &&Algorithm| {
        named.is_none_or(|named: &KeyAlgorithm| named.to_string() == format!("{algorithm:?}"))
    };
    possible.iter().filter(is_named).copied().collect()
}
