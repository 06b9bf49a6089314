//! Values → what can be shown to anybody.

use super::error::ExactValueError;
use super::filter::Start;
use super::key::{ExactKey, Subkeys};
use super::limits::MAX_WORD_BYTES;
use super::marks::marks;
use super::poly::Poly;
use super::record::{Place, Record};
use aegis_policy::{CompiledExact, MAX_EXACT_BYTES, MAX_EXACT_VALUES, MIN_EXACT_BYTES};
use std::fmt;

/// A value and the list that it is from. Its `Debug` shows no text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ExactValue<'a> {
    /// Number of the list, as findings report it.
    pub list: u16,
    /// The value.
    pub text: &'a str,
}

/// Compiles `values`. Of equal ones the first counts.
pub fn compile(values: &[ExactValue<'_>], key: &ExactKey) -> Result<CompiledExact, ExactValueError> {
    check(values)?;
    if values.is_empty() {
        return Ok(CompiledExact::default());
    }
    let subkeys = key.subkeys();
    let poly = Poly::new(subkeys.base, 0);
    let mut records: Vec<(Record, &str)> =
        values.iter().map(|value| (record(value, &subkeys, &poly), value.text)).collect();
    // Stable, so that of equal values the first stays.
    records.sort_by_key(|(record, _)| record.digest);
    records.dedup_by_key(|(record, _)| record.digest);
    let texts: Vec<&str> = records.iter().map(|(_, text)| *text).collect();
    for ((record, _), parent) in records.iter_mut().zip(parents(&texts)) {
        record.parent = parent;
    }
    let values: Vec<_> = records.iter().map(|(record, _)| record.seal(&subkeys)).collect();
    let proof = subkeys.proof(values.iter().map(|value| (value.0, value.1, value.2.as_str())));
    Ok(CompiledExact { values, proof })
}

fn check(values: &[ExactValue<'_>]) -> Result<(), ExactValueError> {
    if values.len() > MAX_EXACT_VALUES {
        return Err(ExactValueError::TooMany(values.len()));
    }
    for (index, value) in values.iter().enumerate() {
        let len = value.text.len();
        if len < MIN_EXACT_BYTES {
            return Err(ExactValueError::TooShort { index, len });
        }
        if len > MAX_EXACT_BYTES {
            return Err(ExactValueError::TooLong { index, len });
        }
    }
    Ok(())
}

fn record(value: &ExactValue<'_>, subkeys: &Subkeys, poly: &Poly) -> Record {
    let text = value.text.as_bytes();
    let mut marks = marks(text.len()).into_iter().peekable();
    let (mut sum, mut hashes) = (0, Vec::new());
    for (byte, len) in text.iter().zip(1..) {
        sum = poly.push(sum, *byte);
        if marks.next_if_eq(&len).is_some() {
            hashes.push(sum);
        }
    }
    Record {
        list: value.list,
        len: u16::try_from(text.len()).unwrap_or(u16::MAX),
        digest: subkeys.digester().digest(text),
        place: place(text),
        parent: None,
        start: Start::of(text, subkeys.factor),
        hashes,
    }
}

fn place(text: &[u8]) -> Place {
    if text.len() > MAX_WORD_BYTES {
        Place::Anywhere
    } else if text.iter().all(u8::is_ascii_alphabetic) {
        Place::Word
    } else if text.iter().all(u8::is_ascii_digit) {
        Place::Number
    } else {
        Place::Anywhere
    }
}

/// For each text the longest other one that is a beginning of it.
fn parents(texts: &[&str]) -> Vec<Option<u16>> {
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|index| texts.get(*index));
    let mut parents = vec![None; texts.len()];
    // Those of the texts so far that are a beginning of the next one, shortest first.
    let mut open: Vec<(usize, &str)> = Vec::new();
    for index in order {
        let Some(text) = texts.get(index) else { continue };
        while open.pop_if(|(_, beginning)| !text.starts_with(*beginning)).is_some() {}
        if let Some(parent) = parents.get_mut(index) {
            *parent = open.last().and_then(|(parent, _)| u16::try_from(*parent).ok());
        }
        open.push((index, text));
    }
    parents
}

impl fmt::Debug for ExactValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExactValue").field("list", &self.list).finish_non_exhaustive()
    }
}
