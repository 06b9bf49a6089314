//! Requests that are signed, as a client signs them.

use crate::client::Request;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a signature says besides what is signed.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// What the client and the gateway share.
    pub secret: &'a str,
    /// How far from now it says it was made, in seconds.
    pub skew: i64,
    /// What makes it count once.
    pub nonce: &'a str,
}

// === impl Signer ===

impl<'a> Signer<'a> {
    /// One who signs at the right time.
    pub fn new(secret: &'a str, nonce: &'a str) -> Signer<'a> {
        Signer { secret, skew: 0, nonce }
    }

    /// `request` with its signature.
    pub fn sign(&self, request: &Request) -> Request {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let time = now.checked_add_signed(self.skew).unwrap().to_string();
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let content_type = request.headers.iter().find(|(name, _)| name == "content-type");
        let content_type = content_type.map(|(_, value)| value.to_lowercase()).unwrap_or_default();
        let head = [&time, self.nonce, &request.method, path, query, &content_type].join("\n");
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(format!("{head}\n\n").as_bytes());
        mac.update(&request.body);
        let signature = data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes());
        request
            .clone()
            .header("x-aegis-timestamp", &time)
            .header("x-aegis-nonce", self.nonce)
            .header("x-aegis-signature", &signature)
    }
}
