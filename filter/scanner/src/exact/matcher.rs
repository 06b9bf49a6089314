//! The values, ready to be found; and the scan of whole texts.

use super::ExactMatch;
use super::error::ExactConfigError;
use super::filter::Filter;
use super::key::{Digest, Digester, ExactKey};
use super::marks::{Mark, Table, marks};
use super::poly::Poly;
use super::progress::{Progress, Text};
use super::record::{Place, Record};
use super::search::{Found, longest};
use crate::TooManyMatches;
use crate::limits::MAX_MATCHES;
use aegis_policy::{CompiledExact, MAX_EXACT_VALUES, MIN_EXACT_BYTES};

/// Finds exact values. Immutable; what changes while scanning belongs to the text.
#[derive(Debug)]
pub struct ExactMatcher {
    values: Vec<Value>,
    filter: Filter,
    table: Table,
    poly: Poly,
    digester: Digester,
}

#[derive(Debug)]
struct Value {
    list: u16,
    len: u16,
    place: Place,
    parent: Option<u16>,
    digest: Digest,
}

/// What is next in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Match(ExactMatch),
    /// Nothing; no value begins before this offset.
    Settled(u64),
}

// === impl ExactMatcher ===

impl ExactMatcher {
    /// The matcher of values that were compiled with the same key.
    pub fn new(compiled: &CompiledExact, key: &ExactKey) -> Result<ExactMatcher, ExactConfigError> {
        let subkeys = key.subkeys();
        let count = compiled.values.len();
        if count > MAX_EXACT_VALUES {
            return Err(ExactConfigError::TooMany(count));
        }
        let proof = subkeys.proof(compiled.values.iter().map(|value| (value.0, value.1, value.2.as_str())));
        if count > 0 && proof != compiled.proof {
            return Err(ExactConfigError::Proof);
        }
        let mut records = Vec::with_capacity(count);
        for (index, sealed) in compiled.values.iter().enumerate() {
            records.push(Record::open(sealed, &subkeys).ok_or(ExactConfigError::Record(index))?);
        }
        let longest = records.iter().map(|record| usize::from(record.len)).max().unwrap_or(0);
        let values: Vec<Value> = records.iter().map(Value::from).collect();
        if let Some(index) = values.iter().position(|value| !value.fits_behind_its_parent(&values)) {
            return Err(ExactConfigError::Record(index));
        }
        Ok(ExactMatcher {
            filter: Filter::new(subkeys.factor, records.iter().map(|record| record.start)),
            table: table(&records, &values),
            poly: Poly::new(subkeys.base, longest),
            digester: subkeys.digester(),
            values,
        })
    }

    /// Whether there is nothing to find.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Bytes of memory that the values take.
    pub fn memory(&self) -> usize {
        self.values.len() * size_of::<Value>()
            + self.filter.memory()
            + self.table.memory()
            + self.poly.memory()
    }

    /// Scans a whole text and appends its matches, in text order, to `found`.
    ///
    /// They are the same as those of an [`ExactStream`](super::ExactStream), however the text was cut there.
    pub fn scan(&self, text: &[u8], found: &mut Vec<ExactMatch>) -> Result<(), TooManyMatches> {
        let mut progress = Progress::new();
        self.scan_with(&mut progress, text, found)
    }

    pub(super) fn scan_with(
        &self,
        progress: &mut Progress,
        text: &[u8],
        found: &mut Vec<ExactMatch>,
    ) -> Result<(), TooManyMatches> {
        let text = Text { base: 0, bytes: text, complete: true };
        let mut at = 0;
        while let Next::Match(next) = self.next(progress, text, at) {
            if found.len() >= MAX_MATCHES {
                return Err(TooManyMatches);
            }
            found.push(next);
            at = next.end;
        }
        Ok(())
    }

    /// The first match at or behind offset `at` of `text`.
    pub(super) fn next(&self, progress: &mut Progress, text: Text<'_>, at: u64) -> Next {
        if self.is_empty() {
            return Next::Settled(text.end());
        }
        let mut index = usize::try_from(at.saturating_sub(text.base)).unwrap_or(usize::MAX);
        while let Some(start) = self.filter.next(text.bytes, index) {
            match self.at(progress, text, start) {
                Found::Nothing => index = start + 1,
                Found::Open => return Next::Settled(text.base + start as u64),
                Found::Value(value) => {
                    let Some(Value { list, len, .. }) = self.values.get(usize::from(value)) else { continue };
                    let start = text.base + start as u64;
                    let end = start + u64::from(*len);
                    return Next::Match(ExactMatch { index: value, list: *list, start, end });
                }
            }
        }
        let short = index.max(text.bytes.len().saturating_sub(MIN_EXACT_BYTES - 1));
        let leads = |start: &usize| text.bytes.get(*start..).is_some_and(|lead| self.filter.may_lead(lead));
        let open = if text.complete { None } else { (short..text.bytes.len()).find(leads) };
        Next::Settled(open.map_or(text.end(), |start| text.base + start as u64))
    }

    /// What stands at `start`, where the filter says that a value may begin.
    fn at(&self, progress: &mut Progress, text: Text<'_>, start: usize) -> Found {
        let mut value = match longest((&self.poly, &self.table), progress, text, start) {
            Found::Value(value) => value,
            other => return other,
        };
        // Values without a place to stand are short, so there are few of them in one another.
        loop {
            let Some(known) = self.values.get(usize::from(value)) else { return Found::Nothing };
            let end = start + usize::from(known.len);
            let Some(bytes) = text.bytes.get(start..end) else { return Found::Nothing };
            let free = known.place == Place::Anywhere
                || !known.place.is_taken(progress.behind(text.bytes.get(..start).unwrap_or_default()));
            match text.bytes.get(end) {
                _ if !free => {}
                None if !text.complete && known.place != Place::Anywhere => return Found::Open,
                Some(byte) if known.place.holds(*byte) => {}
                _ if self.digester.digest(bytes) == known.digest => return Found::Value(value),
                _ => {}
            }
            let Some(parent) = known.parent else { return Found::Nothing };
            value = parent;
        }
    }
}

// === impl Value ===

impl Value {
    /// Every parent is shorter, so that going from parent to parent ends.
    fn fits_behind_its_parent(&self, values: &[Value]) -> bool {
        self.parent
            .is_none_or(|parent| values.get(usize::from(parent)).is_some_and(|other| other.len < self.len))
    }
}

impl From<&Record> for Value {
    fn from(record: &Record) -> Value {
        let Record { list, len, digest, place, parent, .. } = record;
        Value { list: *list, len: *len, place: *place, parent: *parent, digest: *digest }
    }
}

/// The marks of all values.
fn table(records: &[Record], values: &[Value]) -> Table {
    let mut table = Table::new(records.iter().map(|record| record.hashes.len()).sum());
    for (record, index) in records.iter().zip(0..) {
        let longest = usize::from(record.len);
        let mut value = Some(index);
        // From the longest mark to the shortest, so that every parent is passed once.
        for (len, hash) in marks(longest).into_iter().zip(&record.hashes).rev() {
            while let Some(known) = value.and_then(|value: u16| values.get(usize::from(value))) {
                if usize::from(known.len) <= len {
                    break;
                }
                value = known.parent;
            }
            table.insert(*hash, Mark { longest, value });
        }
    }
    table
}
