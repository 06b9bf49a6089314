//! Which factors begin with a keyword.

use super::generic::{SHORT, members};
use regex_syntax::hir::{Hir, HirKind};

/// How much of a keyword `hir` begins with: a letter or digit counts one, what is rarer two.
pub(super) fn len(hir: &Hir) -> usize {
    measure(hir).0
}

/// The length, and whether `hir` is nothing else.
fn measure(hir: &Hir) -> (usize, bool) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => (0, true),
        HirKind::Literal(bytes) => {
            (bytes.0.iter().map(|byte| if byte.is_ascii_alphanumeric() { 1 } else { 2 }).sum(), true)
        }
        HirKind::Class(class) if members(class, 0, u32::MAX - 1) <= SHORT => (1, true),
        HirKind::Class(_) => (0, false),
        HirKind::Capture(capture) => measure(&capture.sub),
        // What is optional may be missing; behind it the keyword goes on either way.
        HirKind::Repetition(repetition) if repetition.min == 0 => (0, repetition.max == Some(1)),
        HirKind::Repetition(repetition) => {
            let (len, whole) = measure(&repetition.sub);
            (len, whole && repetition.max == Some(repetition.min))
        }
        HirKind::Concat(parts) => {
            let mut sum = 0;
            for part in parts {
                let (len, whole) = measure(part);
                sum += len;
                if !whole {
                    return (sum, false);
                }
            }
            (sum, true)
        }
        HirKind::Alternation(parts) => parts
            .iter()
            .map(measure)
            .reduce(|one, other| (one.0.min(other.0), one.1 && other.1))
            .unwrap_or((0, true)),
    }
}
