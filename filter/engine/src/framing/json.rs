//! Push tokenizer for JSON (RFC 8259) with byte spans.
//!
//! It can be interrupted at any byte and builds no tree: whoever listens gets every key, string and scalar with its
//! offset and decides what to keep. Strict where leniency would let us see another text than the next parser does.

use crate::limits::{MAX_DEPTH, MAX_KEY, MAX_SCALAR};
use std::ops::Range;

/// White space between tokens (RFC 8259 §2).
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Receives the tokens of one document, in order.
pub trait Sink {
    /// An array or object begins.
    fn open(&mut self, container: Container);
    /// The innermost array or object ends; `at` is the offset of its closing bracket.
    fn close(&mut self, at: u64);
    /// An object key: where it stands between its quotes, and its raw bytes; cut short if it is very long.
    fn key(&mut self, span: Range<u64>, raw: &[u8]);
    /// A string value begins; `at` is the offset behind its opening quote.
    fn string_begin(&mut self, at: u64);
    /// The next raw bytes of the string value.
    fn string_piece(&mut self, at: u64, raw: &[u8]);
    /// The string value ends; `at` is the offset of its closing quote.
    fn string_end(&mut self, at: u64);
    /// A number, `true`, `false` or `null` and the offset of its first byte; cut short if it is very long.
    fn scalar(&mut self, at: u64, raw: &[u8]);
}

/// What an array and an object have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// `[…]`
    Array,
    /// `{…}`
    Object,
}

/// Not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not valid JSON at byte {at}: {problem}")]
pub struct JsonError {
    /// Offset of the offending byte, or of the end of input.
    pub at: u64,
    /// What is wrong there.
    pub problem: JsonProblem,
}

/// What is wrong with a JSON document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonProblem {
    /// A byte that the grammar does not allow there.
    #[error("unexpected byte")]
    Unexpected,
    /// A raw control character inside a string.
    #[error("control character in a string")]
    Control,
    /// A backslash that begins no escape sequence.
    #[error("unknown escape sequence")]
    Escape,
    /// More nested arrays and objects than [`MAX_DEPTH`].
    #[error("nested too deeply")]
    Depth,
    /// The document ends in the middle.
    #[error("unexpected end")]
    End,
}

/// The tokenizer's state between two bytes.
#[derive(Debug)]
pub struct Tokenizer {
    state: State,
    stack: Vec<Container>,
    key: Vec<u8>,
    key_at: u64,
    scalar: Vec<u8>,
    scalar_at: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A value must come.
    Value,
    /// Behind `[`: a value or `]`.
    FirstElement,
    /// Behind `{`: a key or `}`.
    FirstKey,
    /// Behind `,` in an object: a key.
    NextKey,
    /// Behind a key.
    Colon,
    /// Behind a value inside a container.
    Separator,
    /// Inside a string.
    Text { key: bool, escape: Escape },
    /// Inside a number.
    Number(Number),
    /// Inside `true`, `false` or `null`: what is still to come.
    Word(&'static [u8]),
    /// Behind the top-level value.
    Done,
}

/// Bytes of a string that are looked at together.
const WORD: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    No,
    /// Behind a backslash.
    Kind,
    /// So many hexadecimal digits of `\uXXXX` are to come.
    Hex(u8),
}

/// Where a number stands in the grammar of RFC 8259 §6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
}

// === impl Tokenizer ===

impl Tokenizer {
    /// A tokenizer at the beginning of a document.
    pub fn new() -> Tokenizer {
        Tokenizer {
            state: State::Value,
            stack: Vec::new(),
            key: Vec::new(),
            key_at: 0,
            scalar: Vec::new(),
            scalar_at: 0,
        }
    }

    /// Begins a new document, keeping the buffers.
    pub fn reset(&mut self) {
        self.state = State::Value;
        self.stack.clear();
    }

    /// Whether the next byte belongs to a string, be it a value or a key.
    pub fn is_in_string(&self) -> bool {
        matches!(self.state, State::Text { .. })
    }

    /// Whether the document is complete.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Reads the next bytes, which begin at offset `at` of the input.
    pub fn push(&mut self, bytes: &[u8], at: u64, sink: &mut impl Sink) -> Result<(), JsonError> {
        let mut index = 0;
        while let Some(rest) = bytes.get(index..).filter(|rest| !rest.is_empty()) {
            let offset = at + index as u64;
            index += match self.state {
                State::Text { key, escape } => self.text(rest, offset, key, escape, sink),
                State::Number(number) => self.number(rest, number, sink),
                State::Word(word) => self.word(rest, word, sink),
                _ => self.structure(rest, offset, sink),
            }
            .map_err(|(skip, problem)| JsonError { at: offset + skip as u64, problem })?;
        }
        Ok(())
    }

    /// Ends the input; `at` is its length.
    pub fn finish(&mut self, at: u64, sink: &mut impl Sink) -> Result<(), JsonError> {
        if let State::Number(number) = self.state
            && number.may_end()
        {
            self.end_scalar(sink);
        }
        if self.state == State::Done { Ok(()) } else { Err(JsonError { at, problem: JsonProblem::End }) }
    }

    /// Reads one byte of structure, or a run of white space.
    fn structure(&mut self, rest: &[u8], at: u64, sink: &mut impl Sink) -> Step {
        let Some(&byte) = rest.first() else { return Ok(0) };
        if is_space(byte) {
            return Ok(rest.iter().take_while(|byte| is_space(**byte)).count());
        }
        match (self.state, byte) {
            (State::FirstElement, b']') | (State::FirstKey, b'}') => self.close(at, sink),
            (State::Separator, b']') if self.stack.last() == Some(&Container::Array) => self.close(at, sink),
            (State::Separator, b'}') if self.stack.last() == Some(&Container::Object) => self.close(at, sink),
            (State::Separator, b',') => {
                let object = self.stack.last() == Some(&Container::Object);
                self.state = if object { State::NextKey } else { State::Value };
            }
            (State::Colon, b':') => self.state = State::Value,
            (State::FirstKey | State::NextKey, b'"') => {
                self.key.clear();
                self.key_at = at + 1;
                self.state = State::Text { key: true, escape: Escape::No };
            }
            (State::Value | State::FirstElement, _) => return self.value(byte, at, sink),
            _ => return Err((0, JsonProblem::Unexpected)),
        }
        Ok(1)
    }

    fn value(&mut self, byte: u8, at: u64, sink: &mut impl Sink) -> Step {
        self.scalar.clear();
        self.scalar_at = at;
        match byte {
            b'"' => {
                sink.string_begin(at + 1);
                self.state = State::Text { key: false, escape: Escape::No };
            }
            b'{' | b'[' => {
                if self.stack.len() >= MAX_DEPTH {
                    return Err((0, JsonProblem::Depth));
                }
                let (container, state) = if byte == b'{' {
                    (Container::Object, State::FirstKey)
                } else {
                    (Container::Array, State::FirstElement)
                };
                self.stack.push(container);
                self.state = state;
                sink.open(container);
            }
            b'-' => self.begin_scalar(byte, State::Number(Number::Minus)),
            b'0' => self.begin_scalar(byte, State::Number(Number::Zero)),
            b'1'..=b'9' => self.begin_scalar(byte, State::Number(Number::Integer)),
            b't' => self.begin_scalar(byte, State::Word(b"rue")),
            b'f' => self.begin_scalar(byte, State::Word(b"alse")),
            b'n' => self.begin_scalar(byte, State::Word(b"ull")),
            _ => return Err((0, JsonProblem::Unexpected)),
        }
        Ok(1)
    }

    /// Reads bytes of a string up to its end or the end of `rest`.
    fn text(&mut self, rest: &[u8], at: u64, key: bool, escape: Escape, sink: &mut impl Sink) -> Step {
        let step = self.text_until_error(rest, at, key, escape, sink);
        if let Err((index, _)) = step {
            // Cut here, the string would have been heard of up to here.
            self.piece(rest.get(..index).unwrap_or_default(), at, key, sink);
        }
        step
    }

    fn text_until_error(
        &mut self,
        rest: &[u8],
        at: u64,
        key: bool,
        escape: Escape,
        sink: &mut impl Sink,
    ) -> Step {
        let mut escape = escape;
        let mut index = 0;
        while let Some(&byte) = rest.get(index) {
            match escape {
                Escape::No => {
                    index += literal(rest.get(index..).unwrap_or_default());
                    match rest.get(index) {
                        Some(b'"') => {
                            self.end_text(rest.get(..index).unwrap_or_default(), at, key, sink);
                            return Ok(index + 1);
                        }
                        Some(b'\\') => {
                            escape = Escape::Kind;
                            index += 1;
                        }
                        Some(_) => return Err((index, JsonProblem::Control)),
                        None => {}
                    }
                    continue;
                }
                Escape::Kind => {
                    escape = match byte {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Escape::No,
                        b'u' => Escape::Hex(4),
                        _ => return Err((index, JsonProblem::Escape)),
                    };
                }
                Escape::Hex(left) => {
                    if !byte.is_ascii_hexdigit() {
                        return Err((index, JsonProblem::Escape));
                    }
                    escape = if left > 1 { Escape::Hex(left - 1) } else { Escape::No };
                }
            }
            index += 1;
        }
        self.state = State::Text { key, escape };
        self.piece(rest, at, key, sink);
        Ok(rest.len())
    }

    fn end_text(&mut self, last: &[u8], at: u64, key: bool, sink: &mut impl Sink) {
        let end = at + last.len() as u64;
        if key {
            self.state = State::Colon;
            if self.key.is_empty() {
                // The usual case: the whole key is in one piece.
                sink.key(at..end, last.get(..MAX_KEY).unwrap_or(last));
            } else {
                self.piece(last, at, key, sink);
                sink.key(self.key_at..end, &self.key);
            }
        } else {
            self.piece(last, at, key, sink);
            self.end_value();
            sink.string_end(end);
        }
    }

    fn piece(&mut self, raw: &[u8], at: u64, key: bool, sink: &mut impl Sink) {
        if key {
            let room = MAX_KEY.saturating_sub(self.key.len());
            self.key.extend(raw.iter().take(room));
        } else if !raw.is_empty() {
            sink.string_piece(at, raw);
        }
    }

    fn number(&mut self, rest: &[u8], number: Number, sink: &mut impl Sink) -> Step {
        let mut number = number;
        for (index, &byte) in rest.iter().enumerate() {
            match number.next(byte) {
                Some(next) => number = next,
                None if number.may_end() => {
                    self.keep(rest.get(..index).unwrap_or_default());
                    self.end_scalar(sink);
                    return Ok(index);
                }
                None => return Err((index, JsonProblem::Unexpected)),
            }
        }
        self.keep(rest);
        self.state = State::Number(number);
        Ok(rest.len())
    }

    fn word(&mut self, rest: &[u8], word: &'static [u8], sink: &mut impl Sink) -> Step {
        let read = word.iter().zip(rest).take_while(|(expected, byte)| expected == byte).count();
        self.keep(word.get(..read).unwrap_or_default());
        match word.get(read..).unwrap_or_default() {
            [] => self.end_scalar(sink),
            _ if read < rest.len() => return Err((read, JsonProblem::Unexpected)),
            word => self.state = State::Word(word),
        }
        Ok(read)
    }

    fn begin_scalar(&mut self, byte: u8, state: State) {
        self.keep(&[byte]);
        self.state = state;
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = MAX_SCALAR.saturating_sub(self.scalar.len()).min(bytes.len());
        self.scalar.extend_from_slice(bytes.get(..room).unwrap_or_default());
    }

    fn end_scalar(&mut self, sink: &mut impl Sink) {
        self.end_value();
        sink.scalar(self.scalar_at, &self.scalar);
    }

    fn end_value(&mut self) {
        self.state = if self.stack.is_empty() { State::Done } else { State::Separator };
    }

    fn close(&mut self, at: u64, sink: &mut impl Sink) {
        self.stack.pop();
        self.end_value();
        sink.close(at);
    }
}

impl Default for Tokenizer {
    fn default() -> Tokenizer {
        Tokenizer::new()
    }
}

/// How many bytes of a string stand in front of a quotation mark, a backslash or a control character.
fn literal(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let ends = ends(u64::from_le_bytes(*word));
        if ends != 0 {
            return index * WORD + ends.trailing_zeros() as usize / 8;
        }
    }
    let is_end = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    words.len() * WORD + rest.iter().position(is_end).unwrap_or(rest.len())
}

/// The highest bit of each byte of `word` that ends a literal. Of those behind the first one some may be wrong, because a
/// difference borrows of the next byte (Anderson, Bit Twiddling Hacks, `haszero` and `hasless`).
fn ends(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; WORD]);
    let less = |word: u64, than: u8| word.wrapping_sub(ONES * u64::from(than)) & !word;
    let is = |byte: u8| less(word ^ (ONES * u64::from(byte)), 1);
    (is(b'"') | is(b'\\') | less(word, 0x20)) & (ONES << 7)
}

/// How many bytes were read, or where and why they cannot be.
type Step = Result<usize, (usize, JsonProblem)>;

// === impl Number ===

impl Number {
    fn next(self, byte: u8) -> Option<Number> {
        match (self, byte) {
            (Number::Minus, b'0') => Some(Number::Zero),
            (Number::Minus, b'1'..=b'9') | (Number::Integer, b'0'..=b'9') => Some(Number::Integer),
            (Number::Zero | Number::Integer, b'.') => Some(Number::Point),
            (Number::Point | Number::Fraction, b'0'..=b'9') => Some(Number::Fraction),
            (Number::Zero | Number::Integer | Number::Fraction, b'e' | b'E') => Some(Number::Exponent),
            (Number::Exponent, b'+' | b'-') => Some(Number::ExponentSign),
            (Number::Exponent | Number::ExponentSign | Number::ExponentDigits, b'0'..=b'9') => {
                Some(Number::ExponentDigits)
            }
            _ => None,
        }
    }

    fn may_end(self) -> bool {
        matches!(self, Number::Zero | Number::Integer | Number::Fraction | Number::ExponentDigits)
    }
}

#[cfg(test)]
mod tests;
