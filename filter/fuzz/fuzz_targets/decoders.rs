//! JSON strings and their text: decoding does not depend on cuts, agrees with serde_json and with its own inverse, and
//! both maps of offsets say the same.
#![no_main]

use aegis_engine::framing::json::{Container, Sink, Tokenizer};
use aegis_engine::text::{OffsetMap, Unescaper, escape_json, locate};
use libfuzzer_sys::fuzz_target;
use std::ops::Range;

/// Where every string begins: what the map says must not depend on where that is.
const AT: u64 = 1000;

struct Ignore;

impl Sink for Ignore {
    fn open(&mut self, _container: Container) {}
    fn close(&mut self, _at: u64) {}
    fn key(&mut self, _span: Range<u64>, _raw: &[u8]) {}
    fn string_begin(&mut self, _at: u64) {}
    fn string_piece(&mut self, _at: u64, _raw: &[u8]) {}
    fn string_end(&mut self, _at: u64) {}
    fn scalar(&mut self, _at: u64, _raw: &[u8]) {}
}

fn quoted(raw: &[u8]) -> Vec<u8> {
    [b"\"", raw, b"\""].concat()
}

/// Whether `raw` can stand between the quotes of one JSON string: nothing else is ever decoded.
fn is_contents(raw: &[u8]) -> bool {
    let document = quoted(raw);
    let mut tokenizer = Tokenizer::new();
    tokenizer.push(&document, 0, &mut Ignore).is_ok()
        && tokenizer.finish(document.len() as u64, &mut Ignore).is_ok()
}

fn decode(pieces: &[&[u8]]) -> (Vec<u8>, OffsetMap) {
    let (mut text, mut map, mut unescaper) = (Vec::new(), OffsetMap::default(), Unescaper::default());
    let mut at = AT;
    for piece in pieces {
        unescaper.push(piece, at, &mut text, &mut map);
        at += piece.len() as u64;
        assert!(unescaper.open_at().is_none_or(|open| (AT..at).contains(&open)));
    }
    unescaper.finish(&mut text, &mut map);
    (text, map)
}

fn escape(text: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    escape_json(text, &mut raw);
    raw
}

/// The map's answer as one span, like that of [`locate`].
fn hull(map: &OffsetMap, span: &Range<u64>) -> Range<u64> {
    let runs = map.raw_runs(span.clone());
    assert_eq!(runs.len(), 1, "one string is one run");
    runs[0].clone()
}

fuzz_target!(|input: &[u8]| {
    let Some((raw, cuts)) = aegis_fuzz::cuts(input) else { return };

    // As text: what is escaped comes back, also from a document inside a document.
    let once = escape(raw);
    assert!(is_contents(&once));
    let twice = escape(&once);
    assert_eq!(decode(&[&once]).0, raw);
    assert_eq!(decode(&[&decode(&[&twice]).0]).0, raw);
    if let Ok(text) = std::str::from_utf8(raw) {
        assert_eq!(serde_json::from_slice::<String>(&quoted(&once)).unwrap(), text);
    }

    // As contents of a string.
    if !is_contents(raw) {
        return;
    }
    let (text, map) = decode(&[raw]);
    let spans: Vec<Range<u64>> = (0..text.len() as u64).map(|at| at..at + 1).collect();
    for pieces in cuts {
        let (cut, cut_map) = decode(&pieces);
        assert_eq!(cut, text);
        for span in &spans {
            assert_eq!(hull(&cut_map, span), hull(&map, span));
        }
    }
    if let Ok(decoded) = serde_json::from_slice::<String>(&quoted(raw)) {
        assert_eq!(decoded.as_bytes(), text);
    }
    // Byte by byte, and in spans of several bytes with gaps between them.
    let wide: Vec<Range<u64>> = spans.chunks(5).map(|five| five[0].start..five[five.len() / 2].end).collect();
    for spans in [spans, wide] {
        let expected: Vec<Range<u64>> = spans.iter().map(|span| hull(&map, span)).collect();
        assert_eq!(locate(raw, AT, &spans), expected);
    }
    assert_eq!(map.raw_start(text.len() as u64), None);
    if !text.is_empty() {
        assert_eq!(hull(&map, &(0..text.len() as u64)), AT..AT + raw.len() as u64);
    }
});
