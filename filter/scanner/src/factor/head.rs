//! The relaxed head of a pattern.
//!
//! Relaxed: classes become one of a few, counted repetitions become open, digits equal. All of this only makes it match
//! more, and all of it makes different rules share states.

use super::generic::{SHORT, longest, members, ranges};
use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, HirKind, Look, Repetition};
use std::borrow::Cow;

/// With so many small or capital letters, more than hexadecimal digits have, a class has all of them.
const SOME: usize = 8;

/// With so many characters outside ASCII a class has all their bytes.
const MANY: usize = 4096;

/// The head of something.
pub(super) struct Head<'a> {
    pub(super) hir: Hir,
    /// Bytes that it matches at least.
    pub(super) shortest: usize,
    /// Bytes of the original that it stands for at most.
    pub(super) longest: Option<usize>,
    /// It stands for all of the original, so that something may follow.
    pub(super) whole: bool,
    /// The parts of the original that are behind it; `None` if that depends on how it matched.
    pub(super) rest: Option<Vec<Cow<'a, Hir>>>,
}

/// The relaxed head of `hir` that matches at least `want` bytes, or all of it.
pub(super) fn head(hir: &Hir, want: usize, leading: bool) -> Head<'_> {
    let shortest = hir.properties().minimum_len().unwrap_or(0);
    if shortest <= want {
        let (hir, longest) = (relax(hir, leading), longest(hir));
        return Head { hir, shortest, longest, whole: true, rest: Some(Vec::new()) };
    }
    let cut = |hir: Hir, longest, rest| {
        let shortest = hir.properties().minimum_len().unwrap_or(0);
        Head { hir, shortest, longest, whole: false, rest }
    };
    match hir.kind() {
        HirKind::Literal(literal) => {
            let (bytes, rest) = literal.0.split_at_checked(want).unwrap_or((&literal.0, &[]));
            cut(relaxed_literal(bytes), Some(want), Some(vec![Cow::Owned(Hir::literal(rest))]))
        }
        HirKind::Repetition(repetition) => {
            let one = repetition.sub.properties().minimum_len().unwrap_or(0);
            let rounds = want.checked_div(one).and_then(|rounds| u32::try_from(rounds).ok()).unwrap_or(0);
            if rounds == 0 {
                let first = head(&repetition.sub, want, leading);
                let others = Cow::Owned(others(repetition, 1));
                return Head {
                    rest: first.rest.map(|rest| rest.into_iter().chain([others]).collect()),
                    ..first
                };
            }
            let longest = longest(&repetition.sub).map(|len| len.saturating_mul(rounds as usize));
            let head = repeated(rounds, Some(rounds), relax(&repetition.sub, leading));
            cut(head, longest, Some(vec![Cow::Owned(others(repetition, rounds))]))
        }
        HirKind::Capture(capture) => head(&capture.sub, want, leading),
        HirKind::Concat(parts) => {
            let (mut taken, mut left, mut sum, mut leading) = (Vec::new(), want, Some(0usize), leading);
            let mut rest = None;
            for (index, part) in parts.iter().enumerate() {
                let next = head(part, left, leading);
                leading &= next.shortest == 0;
                left = left.saturating_sub(next.shortest);
                sum = sum.zip(next.longest).map(|(sum, len)| sum.saturating_add(len));
                taken.push(next.hir);
                if !next.whole || left == 0 {
                    let behind = parts.iter().skip(index + 1).map(Cow::Borrowed);
                    rest = next.rest.map(|rest| rest.into_iter().chain(behind).collect());
                    break;
                }
            }
            cut(Hir::concat(taken), sum, rest)
        }
        HirKind::Alternation(parts) => {
            let heads: Vec<Head> = parts.iter().map(|part| head(part, want, leading)).collect();
            let longest = heads.iter().try_fold(0, |max, head| head.longest.map(|len| len.max(max)));
            cut(Hir::alternation(heads.into_iter().map(|head| head.hir).collect()), longest, None)
        }
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(_) => {
            cut(relax(hir, leading), longest(hir), Some(Vec::new()))
        }
    }
}

/// The relaxed head of `parts`, one behind the other, inside a match.
pub(super) fn head_of_all(parts: &[Cow<'_, Hir>], want: usize) -> Hir {
    let shortest = |part: &Cow<'_, Hir>| part.properties().minimum_len().unwrap_or(0);
    if parts.iter().map(shortest).sum::<usize>() <= want {
        return Hir::concat(parts.iter().map(|part| relax(part, false)).collect());
    }
    let (mut taken, mut left) = (Vec::new(), want);
    for part in parts {
        let next = head(part, left, false);
        left = left.saturating_sub(next.shortest);
        taken.push(next.hir);
        if !next.whole || left == 0 {
            break;
        }
    }
    Hir::concat(taken)
}

/// The rounds of `repetition` behind its first `done`.
pub(super) fn others(repetition: &Repetition, done: u32) -> Hir {
    let less = |rounds: u32| rounds.saturating_sub(done);
    repeated(less(repetition.min), repetition.max.map(less), (*repetition.sub).clone())
}

/// `hir` with fewer distinctions.
fn relax(hir: &Hir, leading: bool) -> Hir {
    match hir.kind() {
        HirKind::Look(look) if leading && is_word_start(*look) => hir.clone(),
        HirKind::Empty | HirKind::Look(_) => Hir::empty(),
        HirKind::Literal(bytes) => relaxed_literal(&bytes.0),
        HirKind::Class(class) => widened(class),
        HirKind::Capture(capture) => relax(&capture.sub, leading),
        HirKind::Alternation(parts) => {
            Hir::alternation(parts.iter().map(|part| relax(part, leading)).collect())
        }
        HirKind::Concat(parts) => {
            let mut leading = leading;
            let part = |part: &Hir| {
                let relaxed = relax(part, leading);
                leading &= part.properties().minimum_len() == Some(0);
                relaxed
            };
            Hir::concat(parts.iter().map(part).collect())
        }
        HirKind::Repetition(repetition) => {
            let max = match repetition.max {
                Some(max) if max == repetition.min || max as usize <= SHORT => Some(max),
                _ => None,
            };
            repeated(repetition.min, max, relax(&repetition.sub, leading))
        }
    }
}

fn repeated(min: u32, max: Option<u32>, sub: Hir) -> Hir {
    Hir::repetition(Repetition { min, max, greedy: true, sub: Box::new(sub) })
}

fn is_word_start(look: Look) -> bool {
    matches!(look, Look::WordAscii | Look::WordAsciiNegate | Look::WordStartAscii | Look::WordStartHalfAscii)
}

/// A literal. Digits, and the halves of characters outside ASCII that hold the least, share a few classes.
fn relaxed_literal(bytes: &[u8]) -> Hir {
    let own = |byte: &u8| shared(*byte).is_none();
    let runs = bytes.chunk_by(|one, next| own(one) && own(next));
    let parts = runs.map(|run| match run {
        [byte] => {
            shared(*byte).map_or_else(|| Hir::literal([*byte]), |class| Hir::class(Class::Bytes(class)))
        }
        run => Hir::literal(run),
    });
    Hir::concat(parts.collect())
}

/// The class that a byte of a literal shares with others.
fn shared(byte: u8) -> Option<ClassBytes> {
    match byte {
        b'0'..=b'9' => Some(ClassBytes::new([ClassBytesRange::new(b'0', b'9')])),
        0x80..=0xBF => {
            let low = byte & 0x0F;
            let halves = [0x80, 0x90, 0xA0, 0xB0].map(|high| ClassBytesRange::new(high | low, high | low));
            Some(ClassBytes::new(halves))
        }
        _ => None,
    }
}

/// The class with all digits, letters or bytes outside ASCII, if it has some of them. A class of few other characters is
/// told by them.
fn widened(class: &Class) -> Hir {
    let beyond_ascii = members(class, 0x80, u32::MAX - 1);
    if (1..MANY).contains(&beyond_ascii) {
        return Hir::class(class.clone());
    }
    let mut wide = ClassBytes::empty();
    for (from, to) in ranges(class) {
        if let (Ok(from @ ..=0x7F), Ok(to)) = (u8::try_from(from), u8::try_from(to.min(0x7F))) {
            wide.push(ClassBytesRange::new(from, to));
        }
    }
    for (first, last, some) in [(b'0', b'9', 1), (b'A', b'Z', SOME), (b'a', b'z', SOME)] {
        if members(class, first.into(), last.into()) >= some {
            wide.push(ClassBytesRange::new(first, last));
        }
    }
    if beyond_ascii == 0 {
        return Hir::class(Class::Bytes(wide));
    }
    wide.push(ClassBytesRange::new(0x80, 0xFF));
    // A character outside ASCII has several of these bytes.
    repeated(1, None, Hir::class(Class::Bytes(wide)))
}
