//! Nonces that were used, in memory that all workers of one Envoy share.
//!
//! A nonce is remembered for as long as a request with its time is accepted. The memory has a fixed size; when it is
//! full, requests are refused: one that forgot would let them be repeated. It is cut into parts, each replaced as a whole
//! if nobody else has done so meanwhile, so that a request touches a little of it only.

use super::SignatureError;
use crate::host::Host;
use sha2::{Digest as _, Sha256};

/// Parts of the memory; a power of two.
const PARTS: u8 = 64;

/// Bytes that stand for a nonce. Only who has the secret gets here, and would have to try 2^48 to find two alike.
const DIGEST_BYTES: usize = 12;

/// A digest, and the second after which it may be forgotten.
const ENTRY_BYTES: usize = DIGEST_BYTES + size_of::<u32>();

/// How often to try while other workers replace the same part. Each try that fails is another worker's success.
const MAX_TRIES: usize = 100;

/// The memory of nonces.
#[derive(Debug)]
pub(super) struct Nonces {
    /// Bytes of one part.
    room: usize,
}

/// A nonce as it is remembered.
pub(super) struct Nonce {
    part: u8,
    digest: [u8; DIGEST_BYTES],
}

/// What the parts are called in the host, where they must be before the first request.
pub fn nonce_keys() -> impl Iterator<Item = String> {
    (0..PARTS).map(key)
}

fn key(part: u8) -> String {
    format!("nonces/{part}")
}

// === impl Nonces ===

impl Nonces {
    /// A memory of at most `size` nonces.
    pub(super) fn new(size: u32) -> Nonces {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        Nonces { room: (size / usize::from(PARTS)).saturating_mul(ENTRY_BYTES) }
    }

    /// Remembers `nonce` until `expiry`, if it was not used.
    pub(super) fn remember(
        &self,
        host: &mut impl Host,
        nonce: &Nonce,
        now: u64,
        expiry: u64,
    ) -> Result<(), SignatureError> {
        let key = key(nonce.part);
        let expiry = u32::try_from(expiry).unwrap_or(u32::MAX);
        for _ in 0..MAX_TRIES {
            let (known, version) = host.shared(&key).ok_or(SignatureError::Unavailable)?;
            let mut part = Vec::with_capacity(known.len() + ENTRY_BYTES);
            for entry in known.chunks_exact(ENTRY_BYTES) {
                let (digest, until) = entry.split_at_checked(DIGEST_BYTES).unwrap_or_default();
                let until = until.first_chunk().copied().map(u32::from_le_bytes).unwrap_or_default();
                if u64::from(until) < now {
                    continue;
                }
                if *digest == nonce.digest {
                    return Err(SignatureError::Replayed);
                }
                part.extend_from_slice(entry);
            }
            part.extend_from_slice(&nonce.digest);
            part.extend_from_slice(&expiry.to_le_bytes());
            if part.len() > self.room {
                return Err(SignatureError::Unavailable);
            }
            if host.replace_shared(&key, &part, version) {
                return Ok(());
            }
        }
        Err(SignatureError::Unavailable)
    }
}

// === impl Nonce ===

impl Nonce {
    /// What is remembered of `nonce`.
    pub(super) fn of(nonce: &[u8]) -> Nonce {
        let digest = Sha256::digest(nonce);
        let part = digest.last().copied().unwrap_or_default() % PARTS;
        Nonce { part, digest: digest.first_chunk().copied().unwrap_or_default() }
    }
}
