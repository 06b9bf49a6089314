//! One pattern: parse it, check what the scanner's guarantees rest on, and loosen its counted repetitions.

use crate::error::RuleErrorReason;
use crate::limits::{MAX_CAP, MAX_UNROLLED_REPEAT, SHORT_CAP};
use crate::program::Pattern;
use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

/// A long rule's literal prefix must tell it apart from ordinary text.
const MIN_PREFIX: usize = 3;

/// The checked and loosened form of a pattern, with the literal that each of its matches begins with.
pub(crate) struct Compiled {
    pub(crate) hir: Hir,
    /// Empty if matches begin in more than one way.
    pub(crate) prefix: Vec<u8>,
}

/// Parses and checks `pattern`.
pub(crate) fn compile(pattern: &Pattern) -> Result<Compiled, RuleErrorReason> {
    if pattern.cap == 0 || pattern.cap > MAX_CAP {
        return Err(RuleErrorReason::Cap(pattern.cap));
    }
    let value = parse(&pattern.regex)?;
    if value.properties().minimum_len().unwrap_or(0) == 0 {
        return Err(RuleErrorReason::Empty);
    }
    let label = pattern.label.as_deref().map(parse).transpose()?;
    let hir = Hir::concat(label.into_iter().chain([value]).collect());
    let properties = hir.properties();
    if !properties.is_utf8() {
        return Err(RuleErrorReason::NotUtf8);
    }
    if properties.look_set().iter().any(is_unicode_word) {
        return Err(RuleErrorReason::UnicodeWordBoundary);
    }
    let minimum = properties.minimum_len().unwrap_or(0);
    if minimum > usize::try_from(pattern.cap).unwrap_or(usize::MAX) {
        return Err(RuleErrorReason::CapTooShort { cap: pattern.cap, minimum });
    }
    let mut prefix = Vec::new();
    literal_prefix(&hir, &mut prefix);
    if pattern.cap > SHORT_CAP && prefix.len() < MIN_PREFIX {
        return Err(RuleErrorReason::LongWithoutPrefix { cap: SHORT_CAP });
    }
    Ok(Compiled { hir: loosen(&hir), prefix })
}

/// Without Unicode, \b \d \w \s and (?i) are ASCII: small tables, and a key right after a Chinese character is still at
/// a word boundary.
pub(crate) fn parse(regex: &str) -> Result<Hir, RuleErrorReason> {
    regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(regex)
        .map_err(|error| RuleErrorReason::Syntax(error.to_string()))
}

fn is_unicode_word(look: Look) -> bool {
    matches!(
        look,
        Look::WordUnicode
            | Look::WordUnicodeNegate
            | Look::WordStartUnicode
            | Look::WordEndUnicode
            | Look::WordStartHalfUnicode
            | Look::WordEndHalfUnicode
    )
}

/// Turns `class{m,n}` with a large `n` into `class{m,}`; the cap limits the length instead.
fn loosen(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => hir.clone(),
        HirKind::Capture(capture) => loosen(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(loosen).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(loosen).collect()),
        HirKind::Repetition(repetition) => {
            let large = repetition.max.is_some_and(|max| max > MAX_UNROLLED_REPEAT && max != repetition.min);
            let max = match repetition.sub.kind() {
                HirKind::Class(Class::Bytes(_) | Class::Unicode(_)) if large => None,
                _ => repetition.max,
            };
            Hir::repetition(Repetition {
                min: repetition.min,
                max,
                greedy: true,
                sub: Box::new(loosen(&repetition.sub)),
            })
        }
    }
}

/// `hir` as the fast pass looks for it: behind a word boundary, or behind an escape sequence that is text
/// ([`crate::escaped`]), where only the exact machine sees a boundary.
pub(crate) fn behind_escapes(hir: &Hir) -> Result<Hir, RuleErrorReason> {
    let escapes = parse(r"\\[nrt]|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|%[0-9A-Fa-f]{2}")?;
    Ok(with_leading(hir, &escapes))
}

/// `hir` with `other` as an alternative to each word boundary that its matches begin with.
fn with_leading(hir: &Hir, other: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(look) if is_ascii_word(*look) => Hir::alternation(vec![hir.clone(), other.clone()]),
        HirKind::Capture(capture) => with_leading(&capture.sub, other),
        HirKind::Alternation(parts) => {
            Hir::alternation(parts.iter().map(|part| with_leading(part, other)).collect())
        }
        HirKind::Concat(parts) => {
            let mut leading = true;
            let part = |part: &Hir| {
                let replaced = if leading { with_leading(part, other) } else { part.clone() };
                leading &= part.properties().minimum_len() == Some(0);
                replaced
            };
            Hir::concat(parts.iter().map(part).collect())
        }
        _ => hir.clone(),
    }
}

fn is_ascii_word(look: Look) -> bool {
    matches!(look, Look::WordAscii | Look::WordStartAscii | Look::WordStartHalfAscii)
}

/// Appends the literal that every match of `hir` begins with; returns whether `hir` is nothing but that literal.
fn literal_prefix(hir: &Hir, prefix: &mut Vec<u8>) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            prefix.extend_from_slice(&literal.0);
            true
        }
        HirKind::Capture(capture) => literal_prefix(&capture.sub, prefix),
        HirKind::Concat(parts) => parts.iter().all(|part| literal_prefix(part, prefix)),
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            literal_prefix(&repetition.sub, prefix) && repetition.min == 1 && repetition.max == Some(1)
        }
        HirKind::Class(_) | HirKind::Alternation(_) | HirKind::Repetition(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(regex: &str, cap: u32) -> Result<Compiled, RuleErrorReason> {
        compile(&Pattern { id: "r".into(), regex: regex.into(), label: None, cap })
    }

    #[test]
    fn refuses_what_would_break_a_guarantee() {
        assert!(matches!(check("a*", 10), Err(RuleErrorReason::Empty)));
        assert!(matches!(check("a(", 10), Err(RuleErrorReason::Syntax(_))));
        assert!(matches!(check("a[^b]", 10), Err(RuleErrorReason::NotUtf8)));
        assert!(matches!(check(r"(?u:\b)a", 10), Err(RuleErrorReason::UnicodeWordBoundary)));
        assert!(matches!(check("a", 0), Err(RuleErrorReason::Cap(0))));
        assert!(matches!(check("a{20}", 10), Err(RuleErrorReason::CapTooShort { minimum: 20, .. })));
        assert!(matches!(check("[ab]x+", 1000), Err(RuleErrorReason::LongWithoutPrefix { .. })));
    }

    #[test]
    fn loosens_long_class_repeats_only() {
        assert_eq!(check("[a-c]{2,200}", 300).unwrap().hir.properties().maximum_len(), None);
        assert_eq!(check("[a-c]{36}", 300).unwrap().hir.properties().maximum_len(), Some(36));
        assert_eq!(check("[a-c]{2,8}", 300).unwrap().hir.properties().maximum_len(), Some(8));
    }

    #[test]
    fn finds_the_literal_that_every_match_begins_with() {
        assert_eq!(check(r"\b(?:sk-)[a-z]+", 100).unwrap().prefix, b"sk-");
        assert_eq!(check("a+b", 100).unwrap().prefix, b"a");
        assert_eq!(check("(?:ab|cd)e", 100).unwrap().prefix, b"");
    }
}
