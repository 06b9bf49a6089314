//! What the compiled form says of one value, and how it is covered.

use super::filter::{LEADS, Start};
use super::key::{DIGEST_BYTES, Digest, Subkeys};
use super::marks::marks;
use super::poly::Poly;
use aegis_policy::{CompiledValue, MAX_EXACT_BYTES, MIN_EXACT_BYTES};

/// Where a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Everywhere.
    Anywhere = 0,
    /// Where no ASCII letter touches it.
    Word = 1,
    /// Where no digit touches it.
    Number = 2,
}

/// Everything that is known of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) list: u16,
    pub(super) len: u16,
    pub(super) digest: Digest,
    pub(super) place: Place,
    /// The longest other value that is a beginning of this one.
    pub(super) parent: Option<u16>,
    pub(super) start: Start,
    /// Hashes of its beginnings, one for each of [`marks`].
    pub(super) hashes: Vec<u64>,
}

const NO_PARENT: u16 = u16::MAX;

// === impl Place ===

impl Place {
    fn of(code: u8) -> Option<Place> {
        [Place::Anywhere, Place::Word, Place::Number].into_iter().find(|place| *place as u8 == code)
    }
}

// === impl Record ===

impl Record {
    /// As it is shown: the digest, and behind it what the pad covers.
    pub(super) fn seal(&self, subkeys: &Subkeys) -> CompiledValue {
        let mut open = vec![self.place as u8];
        open.extend_from_slice(&self.parent.unwrap_or(NO_PARENT).to_le_bytes());
        open.extend_from_slice(&self.start.first.to_le_bytes());
        self.start.leads.iter().for_each(|lead| open.extend_from_slice(&lead.to_le_bytes()));
        self.hashes.iter().for_each(|hash| open.extend_from_slice(&hash.to_le_bytes()));
        subkeys.pad(&self.digest, &mut open);
        let bytes = [&self.digest[..], &open].concat();
        CompiledValue(self.list, self.len, data_encoding::BASE64URL_NOPAD.encode(&bytes))
    }

    /// Reads what [`seal`](Record::seal) wrote; `None` if it is something else.
    pub(super) fn open(sealed: &CompiledValue, subkeys: &Subkeys) -> Option<Record> {
        let CompiledValue(list, len, text) = sealed;
        if !(MIN_EXACT_BYTES..=MAX_EXACT_BYTES).contains(&usize::from(*len)) {
            return None;
        }
        let mut bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (digest, record) = bytes.split_first_chunk_mut::<DIGEST_BYTES>()?;
        subkeys.pad(digest, record);
        let mut reader = Reader(record);
        let place = Place::of(u8::from_le_bytes(reader.take()?))?;
        let parent = Some(u16::from_le_bytes(reader.take()?)).filter(|parent| *parent != NO_PARENT);
        let mut start = Start { first: u32::from_le_bytes(reader.take()?), leads: [0; LEADS] };
        for lead in &mut start.leads {
            *lead = u16::from_le_bytes(reader.take()?);
        }
        let mut hashes = Vec::new();
        for _ in marks(usize::from(*len)) {
            hashes.push(Some(u64::from_le_bytes(reader.take()?)).filter(|hash| Poly::is_hash(*hash))?);
        }
        let complete = reader.0.is_empty();
        complete.then_some(Record { list: *list, len: *len, digest: *digest, place, parent, start, hashes })
    }
}

/// The rest of a record.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}
