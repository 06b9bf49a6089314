//! Keys of placeholder tags.

use super::seal::SealKey;
use aegis_scanner::exact::ExactKey;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::cell::OnceCell;
use std::fmt;

/// Bytes of the digest that become the tag: 40 bits are 8 characters of base32. Two of 10,000 values of one request
/// collide with a probability of 1 in 20,000, and `<n>` separates them.
const TAG_BYTES: usize = 5;

/// The secret that all tenants' keys are derived from. It reaches the filter through the VM's environment.
pub struct MasterKey([u8; 32]);

/// The secret that one tenant's placeholders are derived from. Derived when it is first needed: most requests have
/// nothing to redact.
#[derive(Clone)]
pub struct TenantKey {
    master: [u8; 32],
    tenant: Vec<u8>,
    derived: OnceCell<Hmac<Sha256>>,
    seal: OnceCell<SealKey>,
}

/// The key of digests that stand for values in a compiled policy.
pub(crate) struct DigestKey(Hmac<Sha256>);

/// Bytes of such a digest. Whoever has no key cannot make one; who guesses has 2^128 to go.
pub(crate) const VALUE_DIGEST_BYTES: usize = 16;

/// Why a key was refused. Shows nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the placeholder key must be 64 hexadecimal digits (32 bytes)")]
pub struct KeyError;

// === impl MasterKey ===

impl MasterKey {
    /// Reads a key of 64 hexadecimal digits.
    pub fn from_hex(hex: &str) -> Result<MasterKey, KeyError> {
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(hex.trim().as_bytes()).map_err(|_| KeyError)?;
        bytes.try_into().map(MasterKey).map_err(|_| KeyError)
    }

    /// The key of `tenant`. Tenants cannot recognise each other's placeholders.
    pub fn tenant(&self, tenant: &[u8]) -> TenantKey {
        TenantKey { master: self.0, tenant: tenant.to_vec(), derived: OnceCell::new(), seal: OnceCell::new() }
    }

    /// The key of a policy's exact values.
    pub(crate) fn exact_values(&self) -> ExactKey {
        ExactKey::derive(&self.0, b"policy")
    }

    /// What stands for the name of a field where it can be read. `name` is in lower case.
    pub fn field_digest(&self, name: &str) -> String {
        self.allowed_values().field_digest(name.as_bytes())
    }

    /// The key of the digests of allowed values.
    pub(crate) fn allowed_values(&self) -> DigestKey {
        DigestKey(mac(&mac(&self.0).chain_update(b"aegisgate/allow\0").finalize().into_bytes()))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

// === impl TenantKey ===

impl TenantKey {
    /// The tag of `value`: 8 characters of base32 (RFC 4648 §6), which has no digit that looks like a letter.
    pub(crate) fn tag(&self, value: &[u8]) -> String {
        let derived = self.derived.get_or_init(|| {
            let key =
                mac(&self.master).chain_update(b"aegisgate/tenant\0").chain_update(&self.tenant).finalize();
            mac(&key.into_bytes())
        });
        let digest = derived.clone().chain_update(value).finalize().into_bytes();
        data_encoding::BASE32_NOPAD.encode(digest.get(..TAG_BYTES).unwrap_or_default())
    }

    /// The key of the values that are sealed.
    pub(super) fn seal(&self) -> &SealKey {
        self.seal.get_or_init(|| SealKey::derive(&self.master, &self.tenant))
    }
}

impl fmt::Debug for TenantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TenantKey(…)")
    }
}

// === impl DigestKey ===

impl DigestKey {
    pub(crate) fn digest(&self, value: &[u8]) -> [u8; VALUE_DIGEST_BYTES] {
        let digest = self.0.clone().chain_update(value).finalize().into_bytes();
        digest.first_chunk().copied().unwrap_or_default()
    }

    /// A digest that is no value's.
    pub(crate) fn field_digest(&self, name: &[u8]) -> String {
        data_encoding::BASE64URL_NOPAD.encode(&self.digest(&[b"aegisgate/field\0", name].concat()))
    }

    /// Shows which key this is without showing it.
    pub(crate) fn proof(&self) -> String {
        data_encoding::BASE64URL_NOPAD.encode(&self.digest(b""))
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey(…)")
    }
}

/// HMAC takes keys of any length, so the error cannot happen; an empty key stands in for it.
pub(super) fn mac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&hmac::digest::Key::<Hmac<Sha256>>::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_depend_on_value_and_tenant_only() {
        let master = MasterKey::from_hex(&"0f".repeat(32)).unwrap();
        let (one, two) = (master.tenant(b"one"), master.tenant(b"two"));
        assert_eq!(one.tag(b"a@b.example"), master.tenant(b"one").tag(b"a@b.example"));
        assert_ne!(one.tag(b"a@b.example"), one.tag(b"a@c.example"));
        assert_ne!(one.tag(b"a@b.example"), two.tag(b"a@b.example"));
        assert_eq!(one.tag(b"x").len(), 8);
    }

    #[test]
    fn keys_are_checked_and_never_shown() {
        assert_eq!(MasterKey::from_hex("0f0f").unwrap_err(), KeyError);
        assert_eq!(MasterKey::from_hex(&"xy".repeat(32)).unwrap_err(), KeyError);
        assert!(!format!("{:?}", MasterKey::from_hex(&"0f".repeat(32)).unwrap()).contains("0f"));
    }
}
