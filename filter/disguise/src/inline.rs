//! A stretch of text as it reads: escapes decoded, forms folded, what is not seen left out.

use super::fold::{Fold, fold};
use super::map::View;
use super::{escape, utf8};
use std::ops::Range;

/// What `text` reads as at `window`.
pub fn view(text: &[u8], window: &Range<usize>) -> View {
    let mut view = View::default();
    let mut at = window.start;
    let text = text.get(..window.end).unwrap_or(text);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = rest.iter().position(|byte| !byte.is_ascii() || matches!(byte, b'%' | b'&' | b'\\'));
        let (same, rest) = rest.split_at(plain.unwrap_or(rest.len()));
        view.keep(at, same);
        at += same.len();
        if !rest.is_empty() {
            at += next(&mut view, at, rest);
        }
    }
    view
}

/// Reads the character or escape at `at`; returns its length.
fn next(view: &mut View, at: usize, rest: &[u8]) -> usize {
    let escaped = escape::escaped(rest);
    let Some((character, len)) = escaped.or_else(|| utf8::first(rest)) else {
        view.keep(at, rest.get(..1).unwrap_or_default());
        return 1;
    };
    match fold(character) {
        Fold::Nothing => {}
        Fold::Ascii(ascii) => view.replace(at, len, ascii.as_bytes()),
        Fold::Same if escaped.is_some() => {
            view.replace(at, len, character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Fold::Same => view.keep(at, rest.get(..len).unwrap_or_default()),
    }
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        String::from_utf8(view(text.as_bytes(), &(0..text.len())).bytes).unwrap()
    }

    #[test]
    fn reads_through_any_mix() {
        assert_eq!(read("ｓ\u{200b}k&#45;\\u0070%72&ｏ𝓳"), "sk-pr&oj");
        assert_eq!(read("密码：50% &nope; \\q"), "密码:50% &nope; \\q");
        assert_eq!(read("%25%34%31"), "%41", "one layer at a time");
    }

    #[test]
    fn maps_every_character_back() {
        let text = "ａ\u{200b}b&#99;";
        let view = view(text.as_bytes(), &(0..text.len()));
        assert_eq!(view.bytes, b"abc");
        assert_eq!(view.source(&(0..1)), Some(0..3));
        assert_eq!(view.source(&(0..2)), Some(0..7));
        assert_eq!(view.source(&(1..3)), Some(6..12));
    }
}
