//! Placeholders that carry their value, encrypted: `{{AG_<TAG>_<KIND>_<rest>}}`.
//!
//! A conversation that the provider stores comes back without the values that were taken out of its earlier turns. A
//! sealed placeholder needs none: whoever has the tenant's key opens it, in any worker, replica and turn. TAG and the rest
//! are AES-SIV (RFC 5297) of the value under that key, with KIND as associated data. AES-SIV was made to be
//! deterministic: it gives away that two values are equal, which placeholders are meant to, and how long they are. TAG
//! is the first half of its synthetic IV, so it tells values apart as the tag of an ordinary placeholder does.

use super::key::mac;
use crate::limits::MAX_SEALED_VALUE;
use aes_siv::KeyInit as _;
use aes_siv::siv::Aes128Siv;
use data_encoding::BASE32_NOPAD;
use hmac::Mac as _;

/// Characters of TAG.
const TAG: usize = 8;

/// Bytes that sealing adds to a value.
const OVERHEAD: usize = 16;

/// Characters behind KIND of the longest sealed placeholder.
pub(super) const MAX_REST: usize = (MAX_SEALED_VALUE + OVERHEAD) * 8 / 5 + 1 - TAG;

/// Seals the values of one tenant.
#[derive(Clone)]
pub(super) struct SealKey([u8; 32]);

// === impl SealKey ===

impl SealKey {
    /// The key of `tenant`, which no other purpose shares.
    pub(super) fn derive(master: &[u8; 32], tenant: &[u8]) -> SealKey {
        SealKey(
            mac(master).chain_update(b"aegisgate/seal\0").chain_update(tenant).finalize().into_bytes().into(),
        )
    }

    /// The name `AG_…` that holds `value`; `None` if the value is too long for that.
    pub(super) fn seal(&self, kind: &str, value: &[u8]) -> Option<String> {
        if value.is_empty() || value.len() > MAX_SEALED_VALUE {
            return None;
        }
        let sealed = Aes128Siv::new(&self.0.into()).encrypt([kind.as_bytes()], value).ok()?;
        let spelled = BASE32_NOPAD.encode(&sealed);
        let (tag, rest) = spelled.split_at_checked(TAG)?;
        Some(format!("AG_{tag}_{kind}_{rest}"))
    }

    /// The value in the canonical name of a placeholder; `None` if it was not sealed with this key, or not like this.
    pub(super) fn open(&self, name: &str) -> Option<Vec<u8>> {
        let (tag, rest) = name.strip_prefix("AG_")?.split_once('_')?;
        let (kind, rest) = rest.rsplit_once('_')?;
        // The rest of an ordinary placeholder is a number.
        if tag.len() != TAG || rest.len() + TAG <= OVERHEAD || rest.len() > MAX_REST {
            return None;
        }
        let sealed = BASE32_NOPAD.decode(format!("{tag}{rest}").as_bytes()).ok()?;
        Aes128Siv::new(&self.0.into()).decrypt([kind.as_bytes()], &sealed).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(tenant: &[u8]) -> SealKey {
        SealKey::derive(&[0x5c; 32], tenant)
    }

    #[test]
    fn values_have_a_length() {
        assert_eq!(key(b"t").seal("EMAIL", b""), None);
        assert_eq!(key(b"t").seal("EMAIL", &[b'x'; MAX_SEALED_VALUE + 1]), None);
        let longest = key(b"t").seal("EMAIL", &[b'x'; MAX_SEALED_VALUE]).unwrap();
        assert_eq!(longest.len(), "AG_".len() + TAG + "_EMAIL_".len() + MAX_REST);
        assert_eq!(key(b"t").open(&format!("{longest}A")), None);
        let shortest = key(b"t").seal("EMAIL", b"x").unwrap();
        assert_eq!(key(b"t").open(&shortest).unwrap(), b"x");
    }

    #[test]
    fn what_was_not_sealed_does_not_open() {
        for name in [
            "",
            "AG_",
            "AG_ABCDEFGH",
            "AG_ABCDEFGH_EMAIL_1",
            "AG_ABCDEFGH_EMAIL_",
            "AG_ABCDEFGH_EMAIL_ABCDEFGHIJKLMNOPQRSTUV",
        ] {
            assert_eq!(key(b"t").open(name), None, "{name}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn only_the_same_key_kind_and_characters_open(
            value in proptest::collection::vec(any::<u8>(), 1..=MAX_SEALED_VALUE),
            kind in "[A-Z][A-Z0-9_]{0,47}",
            at in any::<prop::sample::Index>(),
            to in prop::sample::select(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567019_".to_vec()),
        ) {
            let name = key(b"t").seal(&kind, &value).unwrap();
            prop_assert_eq!(&name, &key(b"t").seal(&kind, &value).unwrap());
            let opened = key(b"t").open(&name);
            prop_assert_eq!(opened.as_deref(), Some(value.as_slice()));
            prop_assert_eq!(key(b"u").open(&name), None);
            prop_assert_eq!(SealKey::derive(&[0x5d; 32], b"t").open(&name), None);

            let mut altered = name.clone().into_bytes();
            let at = at.index(altered.len());
            if altered[at] != to {
                altered[at] = to;
                prop_assert_eq!(key(b"t").open(std::str::from_utf8(&altered).unwrap()), None);
                altered.remove(at);
                prop_assert_eq!(key(b"t").open(std::str::from_utf8(&altered).unwrap()), None);
            }
        }
    }
}
