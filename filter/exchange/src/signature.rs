//! Signed requests: HMAC-SHA256 over what the client sends, at a time that it names and with a nonce that counts once.
//!
//! What is signed are these lines, each ended by a line feed, and the body behind them: the time, the nonce, the method
//! in capitals, the path as the client sent it, the query, the content type in small letters, and an empty line.

mod nonces;

pub use nonces::nonce_keys;

use crate::host::{Headers, Host};
use crate::reply::Reply;
use aegis_engine::Protocol;
use aegis_policy::RequestHmac;
use hmac::{Hmac, KeyInit as _, Mac as _};
use nonces::{Nonce, Nonces};
use sha2::Sha256;
use std::fmt;

const SIGNATURE_HEADER: &str = "x-aegis-signature";
/// Seconds since 1970.
const TIMESTAMP_HEADER: &str = "x-aegis-timestamp";
const NONCE_HEADER: &str = "x-aegis-nonce";

/// Bytes of a signature.
const SIGNATURE_BYTES: usize = 32;

/// How signatures are checked.
pub(crate) struct Signatures {
    /// `None` if the VM's environment has no secret.
    key: Option<Hmac<Sha256>>,
    /// Seconds that a request's time may be off.
    window: u64,
    nonces: Nonces,
}

/// What a request says about its signature, and all that is signed but the body.
pub(crate) struct Signed {
    timestamp: u64,
    nonce: Nonce,
    signature: [u8; SIGNATURE_BYTES],
    head: Hmac<Sha256>,
}

/// Why a request does not count as signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureError {
    /// The gateway has no secret to check with.
    NoSecret,
    /// A header is not there.
    Missing,
    /// The time is no number.
    Timestamp,
    /// The time is too far from now.
    Window,
    /// Somebody else signed, or something else was signed.
    Signature,
    /// The nonce was used before.
    Replayed,
    /// The nonce cannot be remembered.
    Unavailable,
}

// === impl Signatures ===

impl Signatures {
    /// Checks as `settings` say, with the secret of the VM's environment.
    pub(crate) fn new(settings: RequestHmac, secret: Option<&str>) -> Signatures {
        let secret = secret.filter(|secret| !secret.is_empty());
        Signatures {
            key: secret.and_then(|secret| Hmac::new_from_slice(secret.as_bytes()).ok()),
            window: settings.window_seconds.into(),
            nonces: Nonces::new(settings.nonce_cache_size),
        }
    }

    /// Reads what the headers say. Refuses what no body can make right.
    pub(crate) fn read(&self, headers: &Headers, now: u64) -> Result<Signed, SignatureError> {
        let key = self.key.as_ref().ok_or(SignatureError::NoSecret)?;
        let given = |name| headers.get(name).filter(|value| !value.is_empty()).ok_or(SignatureError::Missing);
        let (signature, time, nonce) =
            (given(SIGNATURE_HEADER)?, given(TIMESTAMP_HEADER)?, given(NONCE_HEADER)?);
        let timestamp = number(time).ok_or(SignatureError::Timestamp)?;
        self.check_time(timestamp, now)?;
        let hex = signature.strip_prefix(b"sha256=").unwrap_or(signature);
        let signature = data_encoding::HEXLOWER_PERMISSIVE.decode(hex).ok();
        let signature = signature.and_then(|bytes| bytes.try_into().ok()).ok_or(SignatureError::Signature)?;

        let header = |name| headers.get(name).unwrap_or_default();
        let target = header(":path");
        let query_at = memchr::memchr(b'?', target).unwrap_or(target.len());
        let (path, query) = target.split_at_checked(query_at).unwrap_or((target, &[]));
        let mut head = key.clone();
        for line in [
            time,
            nonce,
            &header(":method").to_ascii_uppercase(),
            path,
            query.get(1..).unwrap_or_default(),
            &header("content-type").to_ascii_lowercase(),
            b"",
        ] {
            head.update(line);
            head.update(b"\n");
        }
        Ok(Signed { timestamp, nonce: Nonce::of(nonce), signature, head })
    }

    /// Checks a request of which all is there. Only the nonces of requests with a good signature are remembered: nobody
    /// else can use them up, or fill the memory.
    pub(crate) fn verify(
        &self,
        host: &mut impl Host,
        signed: Signed,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        let now = host.now();
        // The body may have taken its time, and a nonce is forgotten when its time is over.
        self.check_time(signed.timestamp, now)?;
        let expected = signed.head.chain_update(body);
        expected.verify_slice(&signed.signature).map_err(|_| SignatureError::Signature)?;
        self.nonces.remember(host, &signed.nonce, now, signed.timestamp.saturating_add(self.window))
    }

    fn check_time(&self, timestamp: u64, now: u64) -> Result<(), SignatureError> {
        if timestamp.abs_diff(now) > self.window { Err(SignatureError::Window) } else { Ok(()) }
    }
}

impl fmt::Debug for Signatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signatures(…)")
    }
}

// === impl Signed ===

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signed(…)")
    }
}

// === impl SignatureError ===

impl SignatureError {
    /// What the client is told.
    pub(crate) fn reply(self, protocol: Protocol) -> Reply {
        let (status, code, message) = match self {
            SignatureError::NoSecret => {
                (500, "hmac_misconfigured", "The gateway has no secret to check signatures with.")
            }
            SignatureError::Missing => (
                401,
                "hmac_header_missing",
                "Requests need the headers x-aegis-signature, x-aegis-timestamp and x-aegis-nonce.",
            ),
            SignatureError::Timestamp => {
                (401, "hmac_timestamp_invalid", "x-aegis-timestamp must be the seconds since 1970.")
            }
            SignatureError::Window => {
                (401, "hmac_timestamp_out_of_window", "The time of the signature is too far from now.")
            }
            SignatureError::Signature => {
                (401, "hmac_signature_invalid", "The signature does not fit the request.")
            }
            SignatureError::Replayed => {
                (409, "replay_nonce_detected", "The nonce was used before; every attempt needs a new one.")
            }
            SignatureError::Unavailable => (
                503,
                "replay_cache_unavailable",
                "The gateway has no room for another nonce; try again later.",
            ),
        };
        Reply::dialect(protocol, status, code, message)
    }
}

/// A number in decimal digits and nothing else.
fn number(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
