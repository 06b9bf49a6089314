//! Server-sent events: what an event holds and where it ends does not depend on cuts, nor on how long bytes are kept.
#![no_main]

use aegis_engine::framing::Event;
use aegis_engine::framing::sse::EventFinder;
use libfuzzer_sys::fuzz_target;
use std::ops::Range;

/// Where each event ends, and its data if it has any. The last one is what is left at the end of the stream.
fn events(pieces: &[&[u8]], forget: bool) -> Vec<(u64, Option<Vec<u8>>)> {
    let mut finder = EventFinder::new();
    let (mut buffer, mut base, mut found) = (Vec::new(), 0, Vec::new());
    let mut released = Vec::new();
    let data = |event: &Event, buffer: &[u8], base: u64| {
        let line =
            |span: &Range<u64>| buffer[(span.start - base) as usize..(span.end - base) as usize].to_vec();
        let lines: Vec<Vec<u8>> = event.data.iter().map(line).collect();
        (event.end, (!lines.is_empty()).then(|| lines.join(&b'\n')))
    };
    for piece in pieces {
        buffer.extend_from_slice(piece);
        while let Some(event) = finder.next(&buffer, base) {
            found.push(data(&event, &buffer, base));
            if forget {
                released.extend(buffer.drain(..(event.end - base) as usize));
                base = event.end;
            }
        }
    }
    let last = finder.finish(&buffer, base, base + buffer.len() as u64);
    found.push(data(&last, &buffer, base));
    released.extend(buffer.drain(..(last.end - base) as usize));
    assert_eq!(released, pieces.concat());
    found
}

/// The data of all events that have any, as the standard says it, line by line.
fn model(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = stream.strip_prefix("\u{feff}".as_bytes()).unwrap_or(stream);
    let mut lines = Vec::new();
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        lines.push(&rest[..end]);
        rest = &rest[end + if rest[end..].starts_with(b"\r\n") { 2 } else { 1 }..];
    }
    // What is left counts as a line and an event of its own, as at the end of many streams.
    lines.extend([rest, b""]);
    let (mut events, mut data) = (Vec::new(), Vec::new());
    for line in lines {
        if line == b"data" {
            data.push(Vec::new());
        } else if let Some(value) = line.strip_prefix(b"data:") {
            data.push(value.strip_prefix(b" ").unwrap_or(value).to_vec());
        } else if line.is_empty() && !data.is_empty() {
            events.push(std::mem::take(&mut data).join(&b'\n'));
        }
    }
    events
}

fuzz_target!(|input: &[u8]| {
    let Some((text, cuts)) = aegis_fuzz::cuts(input) else { return };
    let whole = events(&[text], false);
    assert!(whole.is_sorted_by_key(|(end, _)| *end));
    for pieces in cuts {
        for forget in [false, true] {
            assert_eq!(events(&pieces, forget), whole);
        }
    }
    let data: Vec<Vec<u8>> = whole.into_iter().filter_map(|(_, data)| data).collect();
    assert_eq!(data, model(text));
});
