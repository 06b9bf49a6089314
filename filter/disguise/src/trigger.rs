//! Where a text may read differently from how it is written: a look at every byte that must cost next to nothing.

use super::fold::{Guise, guise};
use super::{escape, utf8};
use crate::limits::{VIEW_OVERLAP, VIEW_REACH, VIEW_WINDOW};
use std::ops::Range;

/// The stretches of `text` that are worth a view: disguised characters and what stands around them, in order. Those
/// longer than [`VIEW_WINDOW`] come in parts that overlap.
pub fn windows(text: &[u8]) -> Vec<Range<usize>> {
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

/// Bytes that are looked at together, and of ASCII that are passed over.
const BLOCK: usize = 32;
const ASCII: usize = 256;

/// Adds the disguised characters of `text`.
fn disguised(text: &[u8], found: &mut Stretches<'_>) {
    let mut at = 0;
    while at < text.len() {
        if text.get(at..at + ASCII).is_some_and(<[u8]>::is_ascii) {
            // All but the last, which a letter of another script may follow.
            at += ASCII - 1;
            continue;
        }
        // As long as the text is not ASCII, asking again would cost more than it saves.
        for _ in 0..ASCII / BLOCK {
            let end = text.len().min(at + BLOCK);
            if !is_dull(text, at) {
                // `a` before a letter may be the last byte of this block, and the letter the first of the next.
                for lead in at..text.len().min(end + 1) {
                    if let Some(&byte) = text.get(lead)
                        && byte >= 0xc2
                    {
                        look(text, lead, byte, found);
                    }
                }
            }
            at = end;
        }
    }
}

/// Whether no disguised character begins in the block at `at`; now and then it says no though none does. The compiler makes
/// vector code of the loops; the last blocks, behind which too little follows, are always looked at.
#[expect(clippy::needless_bitwise_bool, reason = "branches would keep the compiler from making vector code")]
fn is_dull(text: &[u8], at: usize) -> bool {
    let from = |at: usize| text.get(at..).and_then(|rest| rest.first_chunk::<BLOCK>());
    let (Some(first), Some(second), Some(third)) = (from(at), from(at + 1), from(at + 2)) else {
        return false;
    };
    let (mut forms, mut letters) = (0, 0);
    for &byte in first {
        forms |= u8::from((byte >= 0xef) | (byte == 0xe2) | (byte == 0xc2));
        letters |= u8::from(within(byte, 0xc9, 0xd8));
    }
    let mut telling = 0;
    if forms != 0 {
        for ((&a, &b), &c) in first.iter().zip(second).zip(third) {
            // Dashes and quotes are not; what is not seen, and letters and digits in a circle are.
            let e2 = within(b, 0x81, 0x93) | ((b == 0x80) & (within(c, 0x8b, 0x8f) | within(c, 0xaa, 0xae)));
            // Comma, colon and their like of full width are not.
            let ef = (b != 0xbc) | ((c > 0x8c) & !within(c, 0x9a, 0x9f));
            // Emoji are not.
            let f0 = (b == 0x9d) | (c < 0x87);
            let form = ((a == 0xe2) & e2) | ((a == 0xef) & ef) | ((a == 0xf0) & f0) | (a == 0xf3);
            telling |= u8::from(form | ((a == 0xc2) & (b == 0xad)));
        }
    }
    if letters != 0 {
        // Letters of other scripts are beside ASCII only.
        for ((&a, &b), &c) in first.iter().zip(second).zip(third) {
            let before = within(a, 0x21, 0x7e) & within(b, 0xc9, 0xd8);
            telling |= u8::from(before | (within(a, 0xc9, 0xd8) & within(c, 0x21, 0x7e)));
        }
    }
    telling == 0
}

fn within(byte: u8, from: u8, to: u8) -> bool {
    byte.wrapping_sub(from) <= to - from
}

/// Adds the character at `at` if it is disguised.
fn look(text: &[u8], at: usize, lead: u8, found: &mut Stretches<'_>) {
    let byte = |at: Option<usize>| at.and_then(|at| text.get(at)).copied().unwrap_or(b' ');
    let before = byte(at.checked_sub(1));
    // What is written in another script is not even decoded.
    match lead {
        0xc2 | 0xe2 | 0xef | 0xf0 | 0xf3 => {}
        0xc9..=0xd8 if before.is_ascii_graphic() || byte(Some(at + 2)).is_ascii_graphic() => {}
        _ => return,
    }
    let Some((character, len)) = text.get(at..).and_then(utf8::first) else { return };
    let after = byte(Some(at + len));
    let telling = match guise(character) {
        Guise::None => false,
        Guise::Form => true,
        Guise::Mark => before.is_ascii_alphanumeric(),
        Guise::Lookalike => before.is_ascii_alphanumeric() || after.is_ascii_alphanumeric(),
        // Between letters of Persian, in an emoji, at the end of a line: nothing that a rule finds is cut in two there.
        Guise::Invisible => before.is_ascii_graphic() || after.is_ascii_graphic(),
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
            r"C:\\Users\\x \\d+ \\n \345\277\275",
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
