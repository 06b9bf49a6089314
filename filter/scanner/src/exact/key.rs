//! The key of exact values and what is derived from it.

use super::poly::Poly;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt;

/// Bytes of a digest: nobody finds another text with the same 128 bits.
pub(super) const DIGEST_BYTES: usize = 16;

/// The digest of one value.
pub(super) type Digest = [u8; DIGEST_BYTES];

/// The secret that exact values are compiled and found with. The same one on both sides.
#[derive(Clone)]
pub struct ExactKey([u8; 32]);

/// What is derived from the key, one part for each use.
pub(super) struct Subkeys {
    digest: Hmac<Sha256>,
    pad: Hmac<Sha256>,
    proof: Hmac<Sha256>,
    /// The base of the polynomial hash.
    pub(super) base: u64,
    /// The odd factor of the filter's hash.
    pub(super) factor: u64,
}

/// Digests of texts.
#[derive(Clone)]
pub(super) struct Digester(Hmac<Sha256>);

// === impl ExactKey ===

impl ExactKey {
    /// The key of `scope` (a tenant, a deployment), derived from a secret of at least 32 random bytes. Values of one
    /// scope cannot be recognised in another.
    pub fn derive(secret: &[u8], scope: &[u8]) -> ExactKey {
        let key = mac(secret).chain_update(b"aegisgate/exact\0").chain_update(scope).finalize();
        ExactKey(key.into_bytes().into())
    }

    pub(super) fn subkeys(&self) -> Subkeys {
        let part =
            |name: &[u8]| -> [u8; 32] { mac(&self.0).chain_update(name).finalize().into_bytes().into() };
        let number = |name: &[u8]| u64::from_le_bytes(*part(name).first_chunk().unwrap_or(&[1; 8]));
        Subkeys {
            digest: mac(&part(b"digest")),
            pad: mac(&part(b"pad")),
            proof: mac(&part(b"proof")),
            base: Poly::base(number(b"base")),
            factor: number(b"factor") | 1,
        }
    }
}

impl fmt::Debug for ExactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExactKey(…)")
    }
}

// === impl Subkeys ===

impl Subkeys {
    pub(super) fn digester(&self) -> Digester {
        Digester(self.digest.clone())
    }

    /// Covers or uncovers `record` with a pad that is used for the value with this digest alone.
    pub(super) fn pad(&self, digest: &Digest, record: &mut [u8]) {
        for (block, bytes) in (0u8..=u8::MAX).zip(record.chunks_mut(32)) {
            let pad = self.pad.clone().chain_update(digest).chain_update([block]).finalize().into_bytes();
            for (byte, pad) in bytes.iter_mut().zip(pad) {
                *byte ^= pad;
            }
        }
    }

    /// The proof of these parts, in base64url.
    pub(super) fn proof<'a>(&self, parts: impl Iterator<Item = (u16, u16, &'a str)>) -> String {
        let mut proof = self.proof.clone();
        for (list, len, record) in parts {
            proof.update(&list.to_le_bytes());
            proof.update(&len.to_le_bytes());
            proof.update(record.as_bytes());
        }
        data_encoding::BASE64URL_NOPAD.encode(&proof.finalize().into_bytes())
    }
}

// === impl Digester ===

impl Digester {
    pub(super) fn digest(&self, text: &[u8]) -> Digest {
        let full = self.0.clone().chain_update(text).finalize().into_bytes();
        full.first_chunk().copied().unwrap_or_default()
    }
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digester(…)")
    }
}

/// HMAC takes keys of any length, so the error cannot happen; an empty key stands in for it.
fn mac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()))
}
