//! What of a text stands between quotation marks: who reports an order does not give it.

use crate::concept::{Event, is_word, last_of};
use std::ops::Range;

/// Quotations, and what stands between fences, have fewer bytes. A mark that nothing closes says nothing.
const LONGEST: usize = 600;
const LONGEST_FENCED: usize = 4096;

/// What quotes.
const MARKS: [u8; 3] = [b'"', b'\'', b'`'];

/// Marks that are a fence.
const FENCE: usize = 3;

/// Marks those of `events` that are quoted in `text`, a text as it reads.
pub(crate) fn mark(text: &[u8], events: &mut [Event]) {
    let mut rest = events.iter_mut().peekable();
    quotations(text, |quotation| {
        while let Some(event) = rest.next_if(|event| (event.start as usize) < quotation.end) {
            event.quoted = event.start as usize >= quotation.start;
        }
    });
}

/// Calls `sink` with what stands between each two marks of `text` that quote, in order.
fn quotations(text: &[u8], mut sink: impl FnMut(Range<usize>)) {
    let mut at = 0;
    // Where the last element of a list of JSON ends.
    let mut element = None;
    // By mark, up to where nothing closes: no byte is looked at again for each mark that opens.
    let mut barren = [0; 3];
    while let Some(next) = text.get(at..).and_then(|rest| memchr::memchr3(b'"', b'\'', b'`', rest)) {
        let open = at + next;
        let Some(&mark) = text.get(open) else { return };
        at = open + 1;
        let behind = text.get(at..).unwrap_or_default();
        let more = behind.iter().take_while(|byte| **byte == mark).count();
        if more > 0 {
            at += more;
            if mark == b'`' && more + 1 >= FENCE {
                let fenced = text.get(at..text.len().min(at + LONGEST_FENCED)).unwrap_or_default();
                if let Some(len) = memchr::memmem::find(fenced, b"```") {
                    sink(at..at + len);
                    at += len + FENCE;
                }
            }
            continue;
        }
        let before = text.get(..at).unwrap_or_default();
        if is_word(last_of(text, open, false)) || !opens(behind) {
            continue;
        }
        let Some(barren) = MARKS.iter().position(|one| *one == mark).and_then(|one| barren.get_mut(one))
        else {
            continue;
        };
        let Some(close) = closing(text, at.max(*barren)..text.len().min(at + LONGEST), mark) else {
            *barren = at + LONGEST;
            continue;
        };
        let outside = text.get(close + 1..).unwrap_or_default();
        let is_key = outside.trim_ascii_start().starts_with(b":");
        // Without a space behind the comma it is a table.
        let is_cell = matches!(outside, [b',' | b';', next, ..] if *next != b' ');
        let follows = |end| text.get(end..open).is_some_and(|between: &[u8]| between.trim_ascii() == b",");
        let is_first = text.get(..open).is_some_and(|outside| outside.trim_ascii_end().ends_with(b"["));
        if is_first || element.is_some_and(follows) {
            element = Some(close + 1);
        } else if is_quoted(before) && !is_key && !is_cell {
            sink(at..close);
        }
        at = close + 1;
    }
}

/// Whether what follows `before`, which ends in a mark, is quoted. A cell of a table, the value of a key of JSON and that of
/// an attribute of HTML are not.
fn is_quoted(before: &[u8]) -> bool {
    let Some((b'"' | b'\'' | b'`', outside)) = before.split_last() else { return false };
    let is_cell = matches!(outside.last(), Some(b',' | b';'));
    let is_attribute = matches!(outside, [.., letter, b'='] if letter.is_ascii_alphanumeric());
    let key = outside.trim_ascii_end();
    !is_cell && !is_attribute && !key.ends_with(b"\":") && !key.ends_with(b"':")
}

/// Whether a mark behind no letter opens a quotation that goes on with `behind`.
fn opens(behind: &[u8]) -> bool {
    !matches!(behind.first(), None | Some(b' ' | b')' | b']' | b'}' | b',' | b'.' | b';'))
}

/// Where in `span` the first `mark` stands that closes a quotation.
fn closing(text: &[u8], span: Range<usize>, mark: u8) -> Option<usize> {
    let start = span.start;
    memchr::memchr_iter(mark, text.get(span)?).map(|offset| start + offset).find(|at| {
        let in_word = is_word(last_of(text, at + 1, true));
        !in_word && at.checked_sub(1).and_then(|at| text.get(at)).is_some_and(|last| *last != b' ')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        quotations(text.as_bytes(), |span| found.push(text.get(span).unwrap()));
        found
    }

    #[test]
    fn what_is_reported_is_quoted_and_what_is_data_is_not() {
        for (text, expected) in [
            ("he said \"drop it\" and 'don't stop' and left", vec!["drop it", "don't stop"]),
            ("the dog's tail, the dogs' tails, 5\" wide, \"odd", vec![]),
            ("words like `ignore`, \"forget\".", vec!["ignore", "forget"]),
            ("see: ``` yaml drop: \"all\" ``` and go on", vec![" yaml drop: \"all\" "]),
            ("{\"note\": \"drop all\", \"tags\": [ \"drop\", \"all\",\"it\"]}", vec![]),
            ("words: \"drop\", \"all\"", vec!["drop", "all"]),
            ("<img alt=\"drop all\"> 17,\"drop all\",x", vec![]),
            ("如\"忽略以上\"等", vec!["忽略以上"]),
            ("п'ять років. забудь усе та об'єкт", vec![]),
            ("\"drop all\",00,open {'note': 'drop'} <img data-x0=\"drop\">", vec![]),
            ("(\"odd.\") now drop all and say \"yes\" to it", vec!["odd.", "yes"]),
            ("odd\") now drop all and say \"yes\"", vec!["yes"]),
        ] {
            assert_eq!(quoted(text), expected, "{text}");
        }
        assert_eq!(quoted(&format!("\"{}\"", "x".repeat(LONGEST))), [] as [&str; 0]);
    }

    #[test]
    fn events_are_quoted_where_they_begin() {
        let text = b"drop \"drop\" drop 'drop drop' drop";
        let event = |start| Event { concept: 0, start, end: start + 4, quoted: false };
        let mut events = [0, 6, 12, 18, 23, 29].map(event);
        mark(text, &mut events);
        assert_eq!(events.map(|event| event.quoted), [false, true, false, true, true, false]);
    }

    #[test]
    fn what_is_quoted_is_talk_and_a_cell_is_not() {
        for quoted in ["he wrote \"", "such as '", "type `", "\"", "said: \"", "one, \"", "x = \"", "=\""] {
            assert!(is_quoted(quoted.as_bytes()), "{quoted}");
        }
        for cell in
            ["17,open,\"", "204;new;\"", "{\"note\": \"", "{\"note\":\"", "<img alt=\"", "it says", ""]
        {
            assert!(!is_quoted(cell.as_bytes()), "{cell}");
        }
    }
}
