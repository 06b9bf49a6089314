//! Where a text may read differently from how it is written: a look at every byte that must cost next to nothing.

use super::fold::{Guise, guise};
use super::{escape, utf8};
use crate::limits::{VIEW_OVERLAP, VIEW_REACH, VIEW_WINDOW};
use std::ops::Range;

/// The stretches of `text` that are worth a view: disguised characters and what stands around them, in order. Those
/// longer than [`VIEW_WINDOW`] come in parts that overlap.
pub(super) fn windows(text: &[u8]) -> Vec<Range<usize>> {
    let mut escapes = Stretches::new(text);
    for at in memchr::memchr3_iter(b'%', b'&', b'\\', text) {
        let rest = text.get(at..).unwrap_or_default();
        if let Some((character, len)) = escape::escaped(rest)
            && (escape::is_telling(rest, character) || !matches!(guise(character), Guise::None | Guise::Mark))
        {
            escapes.add(at..at + len);
        }
    }
    let mut forms = Stretches::new(text);
    if !text.is_ascii() {
        disguised(text, &mut forms);
    }
    split(escapes.joined(forms))
}

/// Bytes that are looked at together.
const BLOCK: usize = 32;

/// Adds the disguised characters of `text`.
fn disguised(text: &[u8], found: &mut Stretches<'_>) {
    let mut at = 0;
    while at < text.len() {
        let end = text.len().min(at + BLOCK);
        if is_dull(text, at) {
            at = end;
            continue;
        }
        // A character that ends in this block may begin before it.
        for lead in at.saturating_sub(3)..end {
            if text.get(lead).is_some_and(|byte| *byte >= 0xc2) {
                look(text, lead, found);
            }
        }
        at = end;
    }
}

/// Whether the block at `at` has no byte with which a disguised character begins. The compiler makes vector code of
/// this; the last block, which is shorter, is always looked at.
fn is_dull(text: &[u8], at: usize) -> bool {
    let block =
        |from: usize| text.get(from..from + BLOCK).and_then(|block| <&[u8; BLOCK]>::try_from(block).ok());
    let (Some(here), Some(next)) = (block(at), block(at + 1)) else { return false };
    let mut telling = 0;
    for (&byte, &behind) in here.iter().zip(next) {
        let alone = (byte == 0xe2)
            | (byte == 0xef)
            | (byte == 0xf0)
            | (byte == 0xf3)
            | ((byte == 0xc2) & (behind == 0xad));
        // Letters of other scripts count beside ASCII only.
        let before = (byte < 0x80) & (behind.wrapping_sub(0xc9) < 0x10);
        let after = (byte.wrapping_sub(0x80) < 0x40) & (behind.wrapping_sub(0x30) < 0x4b);
        telling |= u8::from(alone | before | after);
    }
    telling == 0
}

/// Adds the character at `at` if it is disguised.
fn look(text: &[u8], at: usize, found: &mut Stretches<'_>) {
    let Some((character, len)) = text.get(at..).and_then(utf8::first) else { return };
    let before = || at.checked_sub(1).and_then(|before| text.get(before)).copied().unwrap_or(b' ');
    let after = || text.get(at + len).copied().unwrap_or(b' ');
    let telling = match guise(character) {
        Guise::None => false,
        Guise::Form => true,
        Guise::Mark => before().is_ascii_alphanumeric(),
        Guise::Lookalike => before().is_ascii_alphanumeric() || after().is_ascii_alphanumeric(),
        // Between letters of Persian, in an emoji, at the end of a line: nothing that a rule finds is cut in two there.
        Guise::Invisible => before().is_ascii_graphic() || after().is_ascii_graphic(),
    };
    if telling {
        found.add(at..at + len);
    }
}

/// Stretches around places of a text, joined where they touch.
struct Stretches<'a> {
    text: &'a [u8],
    found: Vec<Range<usize>>,
}

// === impl Stretches ===

impl<'a> Stretches<'a> {
    fn new(text: &'a [u8]) -> Stretches<'a> {
        Stretches { text, found: Vec::new() }
    }

    /// Adds what is around `place`; places come in order.
    fn add(&mut self, place: Range<usize>) {
        let end = boundary(self.text, self.text.len().min(place.end + VIEW_REACH));
        let start = place.start.saturating_sub(VIEW_REACH);
        match self.found.last_mut() {
            Some(last) if last.end >= start => last.end = last.end.max(end),
            _ => self.found.push(boundary(self.text, start)..end),
        }
    }

    fn joined(self, other: Stretches<'a>) -> Vec<Range<usize>> {
        if other.found.is_empty() {
            return self.found;
        }
        let mut both = self.found;
        both.extend(other.found);
        both.sort_by_key(|stretch| stretch.start);
        let mut joined: Vec<Range<usize>> = Vec::with_capacity(both.len());
        for next in both {
            match joined.last_mut() {
                Some(last) if last.end >= next.start => last.end = last.end.max(next.end),
                _ => joined.push(next),
            }
        }
        joined
    }
}

/// Cuts long stretches into parts that overlap.
fn split(stretches: Vec<Range<usize>>) -> Vec<Range<usize>> {
    if stretches.iter().all(|stretch| stretch.len() <= VIEW_WINDOW) {
        return stretches;
    }
    let parts = |stretch: Range<usize>| {
        let starts = stretch.clone().step_by(VIEW_WINDOW - VIEW_OVERLAP);
        let last = stretch.end.saturating_sub(VIEW_OVERLAP).max(stretch.start + 1);
        starts
            .take_while(move |start| *start < last)
            .map(move |start| start..stretch.end.min(start + VIEW_WINDOW))
    };
    stretches.into_iter().flat_map(parts).collect()
}

/// `at`, or where the character that it lies in begins.
fn boundary(text: &[u8], at: usize) -> usize {
    let is_inside = |at: &usize| text.get(*at).copied().is_some_and(utf8::is_inside);
    (at.saturating_sub(3)..=at).rev().find(|at| !is_inside(at)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_seen(text: &str) -> bool {
        // Far enough from the beginning for whole blocks.
        let text = format!("{}{text}{}", "mn".repeat(40), "mn".repeat(40));
        !windows(text.as_bytes()).is_empty()
    }

    #[test]
    fn disguises_are_seen_wherever_they_stand() {
        for text in [
            "ｓｋ",
            " 𝐚",
            "①",
            "ﬁ",
            "a\u{ad}b",
            "a\u{200b}b",
            "a\u{e0041}",
            "sе",
            "еs",
            "joe＠corp",
            "%41",
            "&#64;",
            "&quot;",
            r"\u0041",
            r"\x41",
            r"\u200b",
            "%EF%BC%A1",
            "a\u{fe0f}",
        ] {
            for at in 0..70 {
                assert!(is_seen(&format!("{}{text}", "x".repeat(at))), "{text} behind {at}");
            }
        }
    }

    #[test]
    fn natural_text_is_not() {
        for text in [
            "a plain text, with %d, 100%, a && b, C:\\new\\x, R&D; &amp; &lt;b&gt; &nbsp;",
            "https://host/a%20b?q=%E4%BD%A0",
            "你好，世界：（测试）“引号”——API：密钥；版本 2.0。",
            "می‌خواهم کتاب‌ها را",
            "Привет, мир! Καλημέρα",
            "👩‍👩‍👧 🇩🇪 ❤️ 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} ok",
            "한국어 텍스트 हिन्दी क्‍ष",
            "naïve café – “quotes” … 10 €, x² 5 ½",
            r"\u4e2d\u6587 \n \t",
        ] {
            assert!(!is_seen(&format!(" {text} ")), "{text}");
        }
    }

    #[test]
    fn long_stretches_come_in_parts_that_overlap() {
        for len in [VIEW_WINDOW, VIEW_WINDOW + 1, 3 * VIEW_WINDOW, 1_000_000] {
            let parts = windows("ａ".repeat(len / 3).as_bytes());
            assert_eq!(parts.first().unwrap().start, 0);
            assert_eq!(parts.last().unwrap().end, len / 3 * 3);
            assert!(parts.iter().all(|part| part.len() <= VIEW_WINDOW));
            assert!(
                parts
                    .windows(2)
                    .all(|pair| pair[0].end >= pair[1].start + VIEW_OVERLAP || pair[1].end == len / 3 * 3)
            );
        }
    }
}
