//! One pattern: parse it, check what the scanner's guarantees rest on, and loosen its counted repetitions.

use crate::error::RuleErrorReason;
use crate::factor::{self, Factor};
use crate::limits::{
    GAP_CHARACTERS, MAX_CAP, MAX_FACTOR_DISTANCE, MAX_GAP_CAP, MAX_UNROLLED_REPEAT, OPEN_REPEAT,
};
use crate::program::Pattern;
use regex_syntax::hir::{Class, Hir, HirKind, Look, Repetition};

/// The checked and loosened form of a pattern, and what the fast pass looks for.
pub(crate) struct Compiled {
    pub(crate) hir: Hir,
    pub(crate) factors: Vec<Factor>,
    /// Its length says nothing: it ends in a run of any length, or of so many characters that the limit is only a limit.
    pub(crate) is_open: bool,
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
    let behind = pattern.behind.as_deref().map(parse).transpose()?;
    let parts: Vec<&Hir> = label.iter().chain([&value]).chain(&behind).collect();
    if parts.iter().any(|part| !part.properties().is_utf8()) {
        return Err(RuleErrorReason::NotUtf8);
    }
    if parts.iter().any(|part| part.properties().look_set().iter().any(is_unicode_word)) {
        return Err(RuleErrorReason::UnicodeWordBoundary);
    }
    let minimum = parts.iter().map(|part| part.properties().minimum_len().unwrap_or(0)).sum();
    if minimum > usize::try_from(pattern.cap).unwrap_or(usize::MAX) {
        return Err(RuleErrorReason::CapTooShort { cap: pattern.cap, minimum });
    }
    let gaps: Vec<bool> = parts.iter().flat_map(|part| gaps(part)).collect();
    if gaps.contains(&true) || !gaps.is_empty() && pattern.cap > MAX_GAP_CAP {
        return Err(RuleErrorReason::Gap);
    }
    let is_open = last_is_open(parts.into_iter());
    if is_open && behind.is_some() {
        return Err(RuleErrorReason::OpenBehind);
    }
    let label = label.map(loosen);
    let value = loosen(match behind {
        Some(behind) => Hir::concat(vec![value, behind]),
        None => value,
    });
    let factors = factor::factors(label.as_ref(), &value, pattern.cap as usize);
    let distance = factors.iter().map(|factor| factor.distance).max().unwrap_or(0);
    if distance > MAX_FACTOR_DISTANCE {
        return Err(RuleErrorReason::FactorTooFar { distance });
    }
    let hir = match label {
        Some(label) => Hir::concat(vec![label, value]),
        None => value,
    };
    Ok(Compiled { hir, factors, is_open })
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

/// The long repetitions of nearly anything in `hir`: for each, whether it goes on behind the end of a line.
fn gaps(hir: &Hir) -> Vec<bool> {
    match hir.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => Vec::new(),
        HirKind::Capture(capture) => gaps(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().flat_map(gaps).collect(),
        HirKind::Repetition(Repetition { max, sub, .. }) => match sub.kind() {
            HirKind::Class(class) if max.is_none_or(|max| max > MAX_UNROLLED_REPEAT) => {
                let has = |byte: u8| has_ascii(class, byte);
                let is_gap = has(b' ') && (b' '..=b'~').filter(|byte| has(*byte)).count() >= GAP_CHARACTERS;
                is_gap.then(|| has(b'\n')).into_iter().collect()
            }
            _ => gaps(sub),
        },
    }
}

fn has_ascii(class: &Class, byte: u8) -> bool {
    match class {
        Class::Bytes(class) => class.iter().any(|range| (range.start()..=range.end()).contains(&byte)),
        Class::Unicode(class) => {
            class.iter().any(|range| (range.start()..=range.end()).contains(&char::from(byte)))
        }
    }
}

/// Whether the last part of `hir` that consumes a byte may be repeated [`OPEN_REPEAT`] times or more.
fn ends_open(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(repetition) => {
            repetition.max.is_none_or(|max| max >= OPEN_REPEAT) || ends_open(&repetition.sub)
        }
        HirKind::Capture(capture) => ends_open(&capture.sub),
        HirKind::Alternation(parts) => parts.iter().any(ends_open),
        HirKind::Concat(parts) => last_is_open(parts.iter()),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
    }
}

/// The same of `parts`, one behind the other: the last that must consume a byte, and those behind it.
fn last_is_open<'a>(parts: impl DoubleEndedIterator<Item = &'a Hir>) -> bool {
    for part in parts.rev() {
        if ends_open(part) {
            return true;
        }
        if part.properties().minimum_len() != Some(0) {
            break;
        }
    }
    false
}

/// Turns `c{m,n}` with a large `n`, where `c` is a class or a character, into `c{m,}`; the cap limits the length instead.
fn loosen(hir: Hir) -> Hir {
    // Most patterns have nothing of it, and to rebuild them would double the time that the catalogue takes.
    if !can_be_loosened(&hir) {
        return hir;
    }
    match hir.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Look(look) => Hir::look(look),
        HirKind::Capture(capture) => loosen(*capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(loosen).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.into_iter().map(loosen).collect()),
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            min: repetition.min,
            max: repetition.max.filter(|_| !is_long(&repetition)),
            greedy: true,
            sub: Box::new(loosen(*repetition.sub)),
        }),
    }
}

fn can_be_loosened(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
        HirKind::Capture(_) => true,
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(can_be_loosened),
        HirKind::Repetition(repetition) => {
            !repetition.greedy || is_long(repetition) || can_be_loosened(&repetition.sub)
        }
    }
}

/// Whether it is of one byte, or of a class, with a large limit.
fn is_long(repetition: &Repetition) -> bool {
    let is_one = match repetition.sub.kind() {
        HirKind::Class(_) => true,
        HirKind::Literal(literal) => literal.0.len() == 1,
        _ => false,
    };
    is_one && repetition.max.is_some_and(|max| max > MAX_UNROLLED_REPEAT && max != repetition.min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(regex: &str, cap: u32) -> Result<Compiled, RuleErrorReason> {
        compile(&Pattern { id: "r".into(), regex: regex.into(), label: None, behind: None, cap })
    }

    #[test]
    fn refuses_what_would_break_a_guarantee() {
        assert!(matches!(check("a*", 10), Err(RuleErrorReason::Empty)));
        assert!(matches!(check("a(", 10), Err(RuleErrorReason::Syntax(_))));
        assert!(matches!(check("a[^b]", 10), Err(RuleErrorReason::NotUtf8)));
        assert!(matches!(check(r"(?u:\b)a", 10), Err(RuleErrorReason::UnicodeWordBoundary)));
        assert!(matches!(check("a", 0), Err(RuleErrorReason::Cap(0))));
        assert!(matches!(check("a{20}", 10), Err(RuleErrorReason::CapTooShort { minimum: 20, .. })));
        assert!(matches!(check(r"secret(?u:[^x]){0,99}x", 120), Err(RuleErrorReason::Gap)));
        assert!(matches!(check(r"secret(?u:[^x\n]){0,700}x", 720), Err(RuleErrorReason::Gap)));
        assert!(
            check(r"secret(?u:[^x\n]){0,99}x", 120).is_ok()
                && check(r"secret(?u:[^ x]){0,700}x", 720).is_ok()
        );
        assert!(matches!(check("[ab]x+", 1000), Err(RuleErrorReason::FactorTooFar { .. })));
    }

    #[test]
    fn what_stands_behind_has_an_end() {
        let check = |behind: &str| {
            let behind = Some(behind.into());
            compile(&Pattern { id: "r".into(), regex: "[0-9]+".into(), label: None, behind, cap: 90 })
        };
        assert!(matches!(check(" is[a-z ]*"), Err(RuleErrorReason::OpenBehind)));
        assert!(matches!(check(" is("), Err(RuleErrorReason::Syntax(_))));
        assert!(check(" is[a-z ]{0,9} mine").is_ok());
    }

    #[test]
    fn loosens_long_repeats_of_one_character_only() {
        assert_eq!(check("[a-c]{2,200}", 300).unwrap().hir.properties().maximum_len(), None);
        assert_eq!(check(r"\.{2,200}", 300).unwrap().hir.properties().maximum_len(), None);
        assert_eq!(check("(?:ab){2,20}", 300).unwrap().hir.properties().maximum_len(), Some(40));
        assert_eq!(check("[a-c]{36}", 300).unwrap().hir.properties().maximum_len(), Some(36));
        assert_eq!(check("[a-c]{2,8}", 300).unwrap().hir.properties().maximum_len(), Some(8));
    }
}
