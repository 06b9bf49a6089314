//! Which placeholder stands for which value in one exchange.

use super::grammar::canonical;
use super::key::TenantKey;
use crate::hosts::{Hosts, is_local};
use crate::leak::Print;
use crate::limits::MAX_TRUSTED_HOSTS;
use aegis_scanner::{Accept, RuleIndex};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

/// The values that were taken out of one request. Lives and dies with the exchange; nothing of it is stored or logged.
pub struct Vault {
    key: TenantKey,
    /// Placeholders carry their values, where they fit.
    seals: bool,
    /// Canonical name → value.
    values: HashMap<String, Vec<u8>>,
    /// Hosts that may know the values.
    hosts: Hosts,
    /// What its answer must not repeat.
    print: Print,
}

// === impl Vault ===

impl Vault {
    /// An empty vault of the tenant with this key.
    pub fn new(key: TenantKey) -> Vault {
        Vault { key, seals: false, values: HashMap::new(), hosts: Hosts::default(), print: Print::default() }
    }

    /// An empty vault of the tenant with this key, whose placeholders are sealed: it knows the values of those that
    /// another one gave as well.
    pub fn sealing(key: TenantKey) -> Vault {
        Vault { seals: true, ..Vault::new(key) }
    }

    /// Whether its placeholders are sealed.
    pub(crate) fn seals(&self) -> bool {
        self.seals
    }

    /// Whether it may know the value of any placeholder.
    pub fn restores(&self) -> bool {
        self.seals || !self.values.is_empty()
    }

    /// Whether the answer is compared with the request's system prompt.
    pub fn knows_prompt(&self) -> bool {
        !self.print.is_empty()
    }

    /// The answer must not repeat `text`.
    pub(crate) fn keep_secret(&mut self, text: &[u8]) {
        self.print.add(text);
    }

    /// What the answer must not repeat.
    pub(crate) fn print(&self) -> &Print {
        &self.print
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
            || (is_whole(host) && self.value(host.as_bytes()).is_some())
    }

    /// Takes `value` in and returns its placeholder.
    pub fn placeholder(&mut self, kind: &str, value: &[u8]) -> String {
        if self.seals
            && let Some(name) = self.key.seal().seal(kind, value)
        {
            return format!("{{{{{name}}}}}");
        }
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

    /// The value behind a placeholder as a model wrote it; `None` if it stands for nothing here.
    pub fn value(&self, placeholder: &[u8]) -> Option<Cow<'_, [u8]>> {
        let name = canonical(placeholder);
        match self.values.get(&name) {
            Some(value) => Some(Cow::Borrowed(value)),
            None if self.seals => self.key.seal().open(&name).map(Cow::Owned),
            None => None,
        }
    }
}

/// A placeholder counts if the vault knows it: a foreign one, or one that a user wrote, stays as it is.
impl Accept for Vault {
    fn acts(&self, _rule: RuleIndex) -> bool {
        true
    }

    fn accept(&self, _rule: RuleIndex, text: &[u8]) -> Option<Range<usize>> {
        self.value(text).map(|_| 0..text.len())
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
    use crate::limits::MAX_SEALED_VALUE;

    #[test]
    fn the_same_value_has_the_same_placeholder() {
        let key = MasterKey::from_hex(&"a5".repeat(32)).unwrap().tenant(b"t");
        let (mut one, mut two) = (Vault::new(key.clone()), Vault::new(key));
        let mail = one.placeholder("EMAIL", b"a@b.example");
        assert_eq!(two.placeholder("PHONE", b"+1 202 555 0100").len(), "{{AG_ABCDEFGH_PHONE_1}}".len());
        assert_eq!(two.placeholder("EMAIL", b"a@b.example"), mail);
        assert_eq!(one.placeholder("EMAIL", b"a@b.example"), mail);
        assert_eq!(one.value(mail.to_lowercase().as_bytes()).as_deref(), Some(b"a@b.example".as_slice()));
        assert_eq!(one.value(b"{{AG_ABCDEFGH_EMAIL_1}}"), None);
        assert!(!format!("{one:?}").contains("b.example"));
    }

    #[test]
    fn a_sealed_placeholder_needs_no_vault_that_knows_it() {
        let tenant = |name: &[u8]| MasterKey::from_hex(&"a5".repeat(32)).unwrap().tenant(name);
        let mut one = Vault::sealing(tenant(b"t"));
        let mail = one.placeholder("EMAIL", b"a@b.example");
        let two = Vault::sealing(tenant(b"t"));
        for spelling in
            [mail.clone(), mail.to_lowercase(), mail.replace('_', "&lowbar;"), mail.replace("{{", "{{ ")]
        {
            assert_eq!(
                two.value(spelling.as_bytes()).as_deref(),
                Some(b"a@b.example".as_slice()),
                "{spelling}"
            );
        }
        assert_eq!(Vault::new(tenant(b"t")).value(mail.as_bytes()), None);
        assert_eq!(Vault::sealing(tenant(b"u")).value(mail.as_bytes()), None);
        assert_eq!(two.value(mail.replace("EMAIL", "PHONE").as_bytes()), None);

        let long = [b'x'; MAX_SEALED_VALUE + 1];
        let ordinary = one.placeholder("KEY", &long);
        assert_eq!(ordinary, Vault::new(tenant(b"t")).placeholder("KEY", &long));
        assert_eq!(one.value(ordinary.as_bytes()).as_deref(), Some(long.as_slice()));
        assert_eq!(two.value(ordinary.as_bytes()), None);
    }
}
