//! The JSON tokenizer: tokens and spans do not depend on cuts, and what is JSON is what serde_json says.
#![no_main]

use aegis_engine::framing::json::{Container, JsonError, JsonProblem, Sink, Tokenizer};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use std::ops::Range;

#[derive(Debug, PartialEq)]
enum Token {
    Open(Container),
    Close,
    Key(Range<u64>, Vec<u8>),
    Begin(u64),
    /// The pieces of one string, joined: how many they are is all that cuts may change.
    Text(u64, Vec<u8>),
    End(u64),
    Scalar(u64, Vec<u8>),
}

#[derive(Default)]
struct Tokens(Vec<Token>);

impl Sink for Tokens {
    fn open(&mut self, container: Container) {
        self.0.push(Token::Open(container));
    }

    fn close(&mut self, _at: u64) {
        self.0.push(Token::Close);
    }

    fn key(&mut self, span: Range<u64>, raw: &[u8]) {
        self.0.push(Token::Key(span, raw.to_vec()));
    }

    fn string_begin(&mut self, at: u64) {
        self.0.push(Token::Begin(at));
    }

    fn string_piece(&mut self, at: u64, raw: &[u8]) {
        match self.0.last_mut() {
            Some(Token::Text(start, text)) => {
                assert_eq!(*start + text.len() as u64, at, "pieces lie behind each other");
                text.extend_from_slice(raw);
            }
            _ => self.0.push(Token::Text(at, raw.to_vec())),
        }
    }

    fn string_end(&mut self, at: u64) {
        self.0.push(Token::End(at));
    }

    fn scalar(&mut self, at: u64, raw: &[u8]) {
        self.0.push(Token::Scalar(at, raw.to_vec()));
    }
}

fn tokens(pieces: &[&[u8]]) -> (Vec<Token>, Result<(), JsonError>) {
    let (mut tokenizer, mut sink) = (Tokenizer::new(), Tokens::default());
    let mut at = 0;
    for piece in pieces {
        if let Err(error) = tokenizer.push(piece, at, &mut sink) {
            return (sink.0, Err(error));
        }
        at += piece.len() as u64;
    }
    let end = tokenizer.finish(at, &mut sink);
    (sink.0, end)
}

fuzz_target!(|input: &[u8]| {
    let Some((text, cuts)) = aegis_fuzz::cuts(input) else { return };
    let whole = tokens(&[text]);
    for pieces in cuts {
        let cut = tokens(&pieces);
        assert_eq!(cut, whole);
    }
    for token in &whole.0 {
        if let Token::Key(Range { start: at, .. }, raw) | Token::Text(at, raw) | Token::Scalar(at, raw) =
            token
        {
            assert!(text[*at as usize..].starts_with(raw), "spans say where tokens stand");
        }
    }
    let too_deep = matches!(whole.1, Err(JsonError { problem: JsonProblem::Depth, .. }));
    if std::str::from_utf8(text).is_ok() && !too_deep {
        assert_eq!(whole.1.is_ok(), serde_json::from_slice::<&RawValue>(text).is_ok());
    }
});
