//! Sealing secrets: XChaCha20-Poly1305 with random nonces, each secret bound to what it is and where it belongs.

use crate::StoreError;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use data_encoding::HEXLOWER_PERMISSIVE;
use rand::RngExt as _;
use std::fmt;
use zeroize::Zeroizing;

/// The key under which secrets are kept.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptionKey(Zeroizing<[u8; 32]>);

/// A text that is not a key. It does not carry the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an encryption key must be 64 hexadecimal digits; make one with: openssl rand -hex 32")]
pub struct InvalidKey;

/// Seals and opens under one key.
#[derive(Clone)]
pub(crate) struct Sealer(XChaCha20Poly1305);

/// What a secret is, so that none can be taken for another.
#[derive(Clone, Copy)]
pub(crate) enum Secret<'a> {
    /// Nothing, to prove the key of a generation.
    Proof(i64),
    /// The token with a hash.
    Token(&'a str),
    /// The field names of the token with a hash.
    Whitelist(&'a str),
    /// A version of a policy.
    Document(&'a str, i64),
}

/// First byte of everything sealed: this format.
const FORMAT: u8 = 1;
const NONCE_BYTES: usize = 24;

// === impl EncryptionKey ===

impl EncryptionKey {
    /// Reads 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Result<EncryptionKey, InvalidKey> {
        let bytes =
            Zeroizing::new(HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).map_err(|_| InvalidKey)?);
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| InvalidKey)?;
        Ok(EncryptionKey(Zeroizing::new(bytes)))
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EncryptionKey(..)")
    }
}

// === impl Sealer ===

impl Sealer {
    pub(crate) fn new(key: &EncryptionKey) -> Sealer {
        Sealer(XChaCha20Poly1305::new((&*key.0).into()))
    }

    pub(crate) fn seal(&self, what: Secret<'_>, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let nonce: [u8; NONCE_BYTES] = rand::rng().random();
        let label = what.label();
        let payload = Payload { msg: plain, aad: label.as_bytes() };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| StoreError::Corrupt("a secret that is too long"))?;
        Ok([&[FORMAT], nonce.as_slice(), &sealed].concat())
    }

    pub(crate) fn open(&self, what: Secret<'_>, sealed: &[u8]) -> Result<Zeroizing<String>, StoreError> {
        let damaged = StoreError::Corrupt("a secret that cannot be opened");
        let Some((&FORMAT, rest)) = sealed.split_first() else { return Err(damaged) };
        let Some((nonce, sealed)) = rest.split_first_chunk::<NONCE_BYTES>() else { return Err(damaged) };
        let label = what.label();
        let payload = Payload { msg: sealed, aad: label.as_bytes() };
        let Ok(plain) = self.0.decrypt(&XNonce::from(*nonce), payload) else { return Err(damaged) };
        String::from_utf8(plain).map(Zeroizing::new).map_err(|_| damaged)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(..)")
    }
}

// === impl Secret ===

impl Secret<'_> {
    fn label(self) -> String {
        match self {
            Secret::Proof(generation) => format!("proof/{generation}"),
            Secret::Token(hash) => format!("token/{hash}"),
            Secret::Whitelist(hash) => format!("whitelist/{hash}"),
            Secret::Document(policy, version) => format!("policy/{policy}/{version}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(digit: &str) -> Sealer {
        Sealer::new(&EncryptionKey::from_hex(&digit.repeat(64)).unwrap())
    }

    #[test]
    fn only_the_same_key_opens_the_same_secret() {
        let sealed = sealer("a").seal(Secret::Token("h"), b"value").unwrap();
        assert_eq!(sealer("A").open(Secret::Token("h"), &sealed).unwrap().as_str(), "value");
        assert_ne!(sealer("a").seal(Secret::Token("h"), b"value").unwrap(), sealed);
        assert!(sealer("b").open(Secret::Token("h"), &sealed).is_err());
        assert!(sealer("a").open(Secret::Token("i"), &sealed).is_err());
        assert!(sealer("a").open(Secret::Whitelist("h"), &sealed).is_err());
        for cut in 0..sealed.len() {
            assert!(sealer("a").open(Secret::Token("h"), &sealed[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn a_bad_key_is_refused_without_showing_it() {
        for text in ["", "hunter2", &"g".repeat(64), &"a".repeat(63)] {
            assert_eq!(EncryptionKey::from_hex(text), Err(InvalidKey), "{text}");
        }
        assert_eq!(format!("{:?}", EncryptionKey::from_hex(&"a".repeat(64)).unwrap()), "EncryptionKey(..)");
    }
}
