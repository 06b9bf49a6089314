//! Exact values: a whole text, the same text in pieces and byte by byte give the same matches, and each is a value.
#![no_main]

use aegis_scanner::exact::{ExactKey, ExactMatch, ExactMatcher, ExactStream, ExactValue, compile};
use libfuzzer_sys::fuzz_target;

fn stream(matcher: &ExactMatcher, pieces: &[&[u8]], longest: usize) -> Vec<ExactMatch> {
    let (mut stream, mut found) = (ExactStream::new(), Vec::new());
    for piece in pieces {
        stream.feed(matcher, piece, |next, _| found.push(next));
        assert!(stream.held() <= longest);
    }
    stream.finish(matcher, |next, _| found.push(next));
    found
}

fuzz_target!(|input: &[u8]| {
    let key = ExactKey::derive(&[1; 32], b"fuzz");
    // Lines are values, and the whole input is the text: it holds every value, or a longer one in its place.
    let Ok(lines) = std::str::from_utf8(input.get(2..).unwrap_or_default()) else { return };
    let texts: Vec<&str> = lines.lines().filter(|line| (6..=4096).contains(&line.len())).take(100).collect();
    let values: Vec<ExactValue<'_>> =
        texts.iter().zip(0..).map(|(text, list)| ExactValue { list, text }).collect();
    let compiled = compile(&values, &key).unwrap();
    let matcher = ExactMatcher::new(&compiled, &key).unwrap();
    let Some((text, cuts)) = aegis_fuzz::cuts(input) else { return };
    let mut whole = Vec::new();
    matcher.scan(text, &mut whole).unwrap();
    let mut behind = 0;
    for found in &whole {
        let bytes = &text[found.start as usize..found.end as usize];
        assert!(behind <= found.start && bytes == texts[usize::from(found.list)].as_bytes());
        behind = found.end;
    }
    // A value that stands between line breaks is covered at least where it begins.
    let mut at = 0;
    for line in lines.split('\n') {
        let value = line.strip_suffix('\r').unwrap_or(line);
        if texts.contains(&value) {
            let covered = |found: &ExactMatch| found.start <= at && at < found.end;
            assert!(whole.iter().any(covered), "{value:?} at {at} is missed");
        }
        at += line.len() as u64 + 1;
    }
    let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
    for pieces in cuts {
        assert_eq!(stream(&matcher, &pieces, longest), whole);
    }
});
