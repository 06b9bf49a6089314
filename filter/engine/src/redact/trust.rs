//! Hosts that a request lets its values go to.
//!
//! What a system prompt, a developer or a user names may be told what they said; what stands in a tool's result or a
//! document may have been written by somebody else. And a host that a value came with, in one URL, knows it already.

use crate::placeholder::Vault;
use crate::response::{authorities, host};
use aegis_policy::Slot;
use std::ops::Range;

/// Bytes around a value that may belong to one URL with it.
const REACH: usize = 512;

/// Whether what stands in `slot` was written by the client's own people.
pub(super) fn is_first_party(slot: Slot) -> bool {
    matches!(slot, Slot::System | Slot::Developer | Slot::User)
}

/// Trusts the hosts that `text` names: in URLs, and by themselves.
pub(super) fn named_hosts(vault: &mut Vault, text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    for authority in authorities(&text) {
        vault.trust(host(authority));
    }
    let mut done = 0;
    for dot in memchr::memchr_iter(b'.', text.as_bytes()) {
        if dot < done {
            continue;
        }
        let (before, behind) = text.as_bytes().split_at(dot);
        let from = dot - before.iter().rev().take_while(|byte| is_part(**byte)).count();
        done = dot + behind.iter().take_while(|byte| is_part(**byte)).count();
        let word = text.get(from..done).unwrap_or_default().trim_matches(['.', '-']);
        if word.rsplit_once('.').is_some_and(|(_, ending)| ending.len() >= 2) {
            vault.trust(word);
        }
    }
}

/// Whether `byte` can belong to the name of a host.
fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')
}

/// Trusts the hosts of the URLs that the value at `span` of `text` stands in.
pub(super) fn own_hosts(vault: &mut Vault, text: &[u8], span: &Range<u64>) {
    let offset = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(text.len());
    let (start, end) = (offset(span.start), offset(span.end));
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>');
    let before = text.get(start.saturating_sub(REACH)..start).unwrap_or_default();
    let behind = text.get(end..text.len().min(end + REACH)).unwrap_or_default();
    let from = before.iter().rposition(ends).map_or(0, |at| at + 1);
    let to = behind.iter().position(ends).unwrap_or(behind.len());
    let word = text.get(start - (before.len() - from)..end + to).unwrap_or_default();
    for authority in authorities(&String::from_utf8_lossy(word)) {
        vault.trust(host(authority));
    }
}
