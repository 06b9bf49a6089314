//! What is found in a text, until all of it is known and scores are.

use crate::detector::Cause;
use crate::model::{Scope, Verdict, chances};
use aegis_disguise::escape;
use std::ops::Range;

/// Signs of source code in what a rule finds, from which on it is that.
const MIN_SIGNS: usize = 3;

/// A place as it is found, when nobody knows yet how many there are.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) span: Range<usize>,
    pub(crate) claim: Claim,
}

/// Why something is found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Claim {
    /// The model says so of the whole text, or of a part of it.
    Model(Scope, Verdict, Extent),
    /// The rule with this index, and its floor.
    Technique(usize, u8),
}

/// How much of a text the model has judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Whole,
    /// One of many, each of which is a chance to be wrong.
    Part,
}

// === impl Claim ===

impl Claim {
    /// Whether it is a window that might have been taken for an attack.
    pub(crate) fn is_open_window(self) -> bool {
        let window = |scope| matches!(scope, Scope::MessageWindow | Scope::DocumentWindow);
        matches!(self, Claim::Model(scope, verdict, _) if window(scope) && verdict.was_open)
    }

    /// A rule found the skeleton of an attack there, too.
    pub(crate) fn confirm(&mut self) {
        if let Claim::Model(_, verdict, _) = self {
            verdict.confirmed = true;
        }
    }

    /// The score, in a text with so many windows.
    pub(crate) fn score(self, windows: usize) -> u8 {
        match self {
            Claim::Model(_, verdict, extent) => {
                let chances = if extent == Extent::Part { chances(windows) } else { 0 };
                verdict.calibration.score(verdict.confirmed_logit(), chances)
            }
            Claim::Technique(_, floor) => floor,
        }
    }

    pub(crate) fn cause(self) -> Cause {
        match self {
            Claim::Model(scope, ..) => Cause::Model(scope),
            Claim::Technique(rule, _) => Cause::Technique(rule),
        }
    }
}

/// Whether `span` is source code: a name such as `ignore_all_rules` or a part of one, an option, or full of brackets.
pub(crate) fn is_code(text: &[u8], span: &Range<usize>) -> bool {
    let is_letter = |at: usize| text.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let is_joint = |at: usize| {
        text.get(at) == Some(&b'_') && is_letter(at + 1) && at.checked_sub(1).is_some_and(is_letter)
    };
    let is_option = text.get(..span.start).is_some_and(|before| before.ends_with(b"--"));
    let inside = text.get(span.clone()).unwrap_or_default();
    let first = inside.split(|byte| *byte == b' ').next().unwrap_or_default();
    let signs = signs(inside);
    is_option
        || span.start.checked_sub(1).is_some_and(is_joint)
        || is_joint(span.end)
        || first.contains(&b'_')
        || signs >= MIN_SIGNS
}

/// How many marks of source code `text` has, besides those of escapes in HTML.
fn signs(text: &[u8]) -> usize {
    let (mut count, mut at) = (0, 0);
    while let Some(&byte) = text.get(at) {
        let escape = if byte == b'&' { text.get(at..).and_then(escape::escaped) } else { None };
        count += usize::from(escape.is_none() && b"(){}[]|;=&".contains(&byte));
        at += escape.map_or(1, |(_, len)| len);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_options_and_brackets_are_source_code() {
        let is = |text: &str, found: &str| {
            let start = text.find(found).unwrap();
            is_code(text.as_bytes(), &(start..start + found.len()))
        };
        assert!(is("fn ignore_all_rules()", "ignore_all_rules"));
        assert!(is("BYPASS_DEFAULT_POLICY", "DEFAULT"));
        assert!(is("tar --ignore-all-orders", "ignore-all-orders"));
        assert!(is("forget(all(x), rules)", "forget(all(x), rules"));
        assert!(!is("_ignore all rules_ now", "ignore all rules"));
        assert!(!is("ignore&nbsp;all&nbsp;rules", "ignore&nbsp;all&nbsp;rules"));
        assert!(!is("please (ignore) all rules", "ignore) all rules"));
    }
}
