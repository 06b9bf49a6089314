//! Which placeholder stands for which value in one exchange.

use super::grammar::canonical;
use super::key::TenantKey;
use crate::hosts::{Hosts, is_local};
use crate::limits::MAX_TRUSTED_HOSTS;
use aegis_scanner::{Accept, RuleIndex};
use std::collections::HashMap;
use std::fmt;

/// The values that were taken out of one request. Lives and dies with the exchange; nothing of it is stored or logged.
pub struct Vault {
    key: TenantKey,
    /// Canonical name → value.
    values: HashMap<String, Vec<u8>>,
    /// Hosts that may know the values.
    hosts: Hosts,
}

// === impl Vault ===

impl Vault {
    /// An empty vault of the tenant with this key.
    pub fn new(key: TenantKey) -> Vault {
        Vault { key, values: HashMap::new(), hosts: Hosts::default() }
    }

    /// Whether nothing was taken in.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Lets `host` know the values.
    pub(crate) fn trust(&mut self, host: &str) {
        if self.hosts.len() < MAX_TRUSTED_HOSTS {
            self.hosts.insert(host);
        }
    }

    /// Whether `host` may know the values: it is local, was trusted, or is a value itself and nothing else.
    pub(crate) fn trusts(&self, host: &str) -> bool {
        is_local(host)
            || self.hosts.contain(host)
            || self.value(host.as_bytes()).is_some_and(|_| is_whole(host))
    }

    /// Takes `value` in and returns its placeholder.
    pub fn placeholder(&mut self, kind: &str, value: &[u8]) -> String {
        let tag = self.key.tag(value);
        let mut number = 1u32;
        loop {
            let name = format!("AG_{tag}_{kind}_{number}");
            match self.values.get(&name) {
                Some(other) if other != value => number += 1,
                Some(_) => return format!("{{{{{name}}}}}"),
                None => {
                    let placeholder = format!("{{{{{name}}}}}");
                    self.values.insert(name, value.to_vec());
                    return placeholder;
                }
            }
        }
    }

    /// The value behind a placeholder as a model wrote it; `None` if it stands for nothing in this exchange.
    pub fn value(&self, placeholder: &[u8]) -> Option<&[u8]> {
        self.values.get(&canonical(placeholder)).map(Vec::as_slice)
    }
}

/// A placeholder counts if the vault knows it: a foreign one, or one that a user wrote, stays as it is.
impl Accept for Vault {
    fn acts(&self, _rule: RuleIndex) -> bool {
        true
    }

    fn accept(&self, _rule: RuleIndex, text: &[u8]) -> Option<usize> {
        self.value(text).map(|_| 0)
    }
}

/// Whether `text` is one placeholder.
fn is_whole(text: &str) -> bool {
    text.starts_with("{{") && text.find("}}").is_some_and(|end| end + 2 == text.len())
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("values", &self.values.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterKey;

    #[test]
    fn the_same_value_has_the_same_placeholder() {
        let key = MasterKey::from_hex(&"a5".repeat(32)).unwrap().tenant(b"t");
        let (mut one, mut two) = (Vault::new(key.clone()), Vault::new(key));
        let mail = one.placeholder("EMAIL", b"a@b.example");
        assert_eq!(two.placeholder("PHONE", b"+1 202 555 0100").len(), "{{AG_ABCDEFGH_PHONE_1}}".len());
        assert_eq!(two.placeholder("EMAIL", b"a@b.example"), mail);
        assert_eq!(one.placeholder("EMAIL", b"a@b.example"), mail);
        assert_eq!(one.value(mail.to_lowercase().as_bytes()), Some(b"a@b.example".as_slice()));
        assert_eq!(one.value(b"{{AG_ABCDEFGH_EMAIL_1}}"), None);
        assert!(!format!("{one:?}").contains("b.example"));
    }
}
