//! What ordinary text is full of.

use regex_syntax::hir::{Class, Hir, HirKind};
use std::borrow::Cow;

/// Classes with so many members, and with so many of the small letters that ordinary text consists of, are generic.
const GENERIC: usize = 16;
const GENERIC_LETTERS: usize = 4;

/// A generic beginning of up to so many bytes stays in the factor, and repetitions of up to so many rounds are counted.
pub(super) const SHORT: usize = 4;

/// Whether ordinary text is full of this: nothing, look-arounds, and classes with most letters.
pub(super) fn is_generic(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(_) => false,
        HirKind::Class(class) => {
            members(class, 0, u32::MAX - 1) >= GENERIC
                && members(class, b'a'.into(), b'z'.into()) >= GENERIC_LETTERS
        }
        HirKind::Repetition(repetition) => repetition.min == 0 || is_generic(&repetition.sub),
        HirKind::Capture(capture) => is_generic(&capture.sub),
        HirKind::Concat(parts) => parts.iter().all(is_generic),
        HirKind::Alternation(parts) => parts.iter().any(is_generic),
    }
}

/// Whether words can go on in a part for long.
pub(super) fn holds_words(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(repetition) => {
            repetition.max.is_none_or(|max| max as usize > SHORT) && is_generic(&repetition.sub)
                || holds_words(&repetition.sub)
        }
        HirKind::Capture(capture) => holds_words(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(holds_words),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
    }
}

/// How many members of `class` are in `first..=last`.
pub(super) fn members(class: &Class, first: u32, last: u32) -> usize {
    let held = |(from, to): (u32, u32)| (last.min(to) + 1).saturating_sub(first.max(from)) as usize;
    ranges(class).map(held).sum()
}

/// The ranges of a class, ends included.
pub(super) fn ranges(class: &Class) -> impl Iterator<Item = (u32, u32)> + '_ {
    let (bytes, chars) = match class {
        Class::Bytes(class) => (Some(class), None),
        Class::Unicode(class) => (None, Some(class)),
    };
    let bytes = bytes
        .into_iter()
        .flat_map(|class| class.iter())
        .map(|range| (range.start().into(), range.end().into()));
    let chars = chars
        .into_iter()
        .flat_map(|class| class.iter())
        .map(|range| (range.start().into(), range.end().into()));
    bytes.chain(chars)
}

pub(super) fn longest(hir: &Hir) -> Option<usize> {
    hir.properties().maximum_len()
}

/// The bytes that occur in matches of `parts`.
pub(super) fn bytes_of(parts: &[Cow<'_, Hir>]) -> Box<[bool; 256]> {
    let mut bytes = Box::new([false; 256]);
    let mut rest: Vec<&Hir> = parts.iter().map(Cow::as_ref).collect();
    let mut add = |from: u32, to: u32| {
        // Unicode: every byte of a character outside ASCII is at least 0x80.
        let last = if to > 0x7F { 0xFF } else { to };
        let first = if from > 0x7F { 0x80 } else { from };
        bytes.iter_mut().zip(0u32..).for_each(|(flag, byte)| *flag |= (first..=last).contains(&byte));
    };
    while let Some(part) = rest.pop() {
        match part.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => {
                literal.0.iter().for_each(|byte| add((*byte).into(), (*byte).into()));
            }
            HirKind::Class(class) => ranges(class).for_each(|(from, to)| add(from, to)),
            HirKind::Repetition(repetition) => rest.push(&repetition.sub),
            HirKind::Capture(capture) => rest.push(&capture.sub),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => rest.extend(parts),
        }
    }
    bytes
}
