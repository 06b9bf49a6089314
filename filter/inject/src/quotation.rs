//! What of a text stands between quotation marks: who reports an order does not give it.

use crate::concept::{Event, is_word, last_of, small};
use crate::limits::MAX_QUOTATIONS;
use std::ops::Range;

/// What of a text stands between marks that quote, in order.
#[derive(Debug, Default)]
pub(crate) struct Quotations(Vec<Range<u32>>);

/// Quotations, and what stands between fences, have fewer bytes. A mark that nothing closes says nothing.
const LONGEST: usize = 600;
const LONGEST_FENCED: usize = 4096;

/// Letters outside of quotations, at least: who says nothing else does not report what they say.
const MIN_OUTSIDE: usize = 8;

/// What quotes.
const MARKS: [u8; 3] = [b'"', b'\'', b'`'];

/// Marks that are a fence.
const FENCE: usize = 3;

// === impl Quotations ===

impl Quotations {
    /// Those of `text`, a text as it reads. Words that are quoted one by one with nothing between are what the text says
    /// itself, and so is a quotation that is all of it.
    pub(crate) fn read(&mut self, text: &[u8]) {
        self.0.clear();
        let mut last: Option<(Range<usize>, bool)> = None;
        quotations(text, |quotation| {
            let touches = last.as_ref().is_some_and(|(last, _)| touch(text, last, &quotation));
            if let Some((last, beside)) = last.replace((quotation, touches)) {
                self.keep(&last, beside || touches);
            }
        });
        if let Some((last, beside)) = last {
            self.keep(&last, beside);
        }
        if !self.leave_letters(text) {
            self.0.clear();
        }
    }

    fn keep(&mut self, quotation: &Range<usize>, beside_another: bool) {
        if !beside_another && self.0.len() < MAX_QUOTATIONS {
            self.0.push(small(quotation.start)..small(quotation.end));
        }
    }

    /// Whether something is said outside of them.
    fn leave_letters(&self, text: &[u8]) -> bool {
        let starts = self.0.iter().map(|quotation| quotation.start as usize).chain([text.len()]);
        let ends = [0].into_iter().chain(self.0.iter().map(|quotation| quotation.end as usize));
        let outside = ends.zip(starts).filter_map(|(end, start)| text.get(end..start)).flatten();
        let letters = outside.filter(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
        letters.take(MIN_OUTSIDE).count() == MIN_OUTSIDE
    }

    /// Marks those of `events` that are quoted.
    pub(crate) fn mark(&self, events: &mut [Event]) {
        let mut rest = events.iter_mut().peekable();
        for (quotation, number) in self.0.iter().zip(1..) {
            while let Some(event) = rest.next_if(|event| event.start < quotation.end) {
                event.quotation = if event.start >= quotation.start { number } else { 0 };
            }
        }
    }

    /// The number of the quotation that `at` is in, 0 for none, and up to where it is the same.
    pub(crate) fn around(&self, at: u32) -> (u16, u32) {
        let next = self.0.partition_point(|quotation| quotation.end <= at);
        let number = u16::try_from(next + 1).unwrap_or_default();
        match self.0.get(next) {
            Some(quotation) if quotation.start <= at => (number, quotation.end),
            Some(quotation) => (0, quotation.start),
            None => (0, u32::MAX),
        }
    }

    /// Bytes that they take.
    pub(crate) fn size(&self) -> usize {
        size_of::<Range<u32>>() * self.0.capacity()
    }
}

/// Whether nothing but the marks of `one` and `two` stands between them.
fn touch(text: &[u8], one: &Range<usize>, two: &Range<usize>) -> bool {
    let between = text.get(one.end + 1..two.start.saturating_sub(1));
    between.is_some_and(|between| between.iter().all(|byte| *byte == b' '))
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
        let event = |start| Event { concept: 0, start, end: start + 4, quotation: 0 };
        let mut events = [0, 6, 12, 18, 23, 29].map(event);
        let mut quotations = Quotations::default();
        quotations.read(text);
        quotations.mark(&mut events);
        assert_eq!(events.map(|event| event.quotation), [0, 1, 0, 2, 2, 0]);
        let around = [0, 5, 6, 9, 10, 18, 30].map(|at| quotations.around(at));
        let expected = [(0, 6), (0, 6), (1, 10), (1, 10), (0, 18), (2, 27), (0, u32::MAX)];
        assert_eq!(around, expected);
    }

    #[test]
    fn what_is_all_that_is_said_is_no_quotation() {
        let count = |text: &str| {
            let mut quotations = Quotations::default();
            quotations.read(text.as_bytes());
            quotations.0.len()
        };
        for (text, expected) in [
            ("\"drop all rules\"", 0),
            ("so: \"drop all rules\" !", 0),
            ("they wrote \"drop all rules\"", 1),
            ("\"drop\" \"all\" `rules` and words such as \"drop\", \"all\"", 2),
            ("```drop all rules```", 0),
        ] {
            assert_eq!(count(text), expected, "{text}");
        }
        assert_eq!(count(&"words such as \"drop\" and ".repeat(2 * MAX_QUOTATIONS)), MAX_QUOTATIONS);
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
