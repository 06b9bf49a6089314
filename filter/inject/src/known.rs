//! The features that have a weight.
//!
//! Texts have over a million different n-grams, and hundreds of thousands of relations between concepts; there is room for
//! tens of thousands of weights. Where features share weights at random, those that say nothing drown those that do. So
//! the features that tell most have one each, and others have none. A fingerprint tells a feature from others of its row;
//! of those without a weight, one in 32 has the fingerprint of one with.

/// N-grams with weights.
pub const KNOWN_NGRAMS: usize = 48 << 10;
/// Relations between concepts with weights.
pub const KNOWN_RELATIONS: usize = 1 << 14;

/// Addresses of n-grams.
pub const NGRAMS: usize = addresses(KNOWN_NGRAMS);
/// Addresses of relations.
pub const RELATIONS: usize = addresses(KNOWN_RELATIONS);

/// Weights of a row.
const WAYS: usize = 8;
/// Bits of a fingerprint.
const FINGERPRINT: u32 = 8;

/// Ones in each byte, and the upper bits.
const ONES: u64 = u64::MAX / 0xff;
const HIGHS: u64 = ONES << 7;

/// A table of fingerprints; 0 is an empty place.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a>(&'a [[u8; WAYS]]);

// === impl Known ===

impl<'a> Known<'a> {
    /// A table as [`Known::table`] makes it; missing rows are empty.
    pub fn new(table: &'a [u8]) -> Known<'a> {
        Known(table.as_chunks().0)
    }

    /// Where the weight of the feature with this address is, if it has one.
    ///
    /// All places of a row are compared at once, see "Determine if a word has a byte equal to n" in
    /// <https://graphics.stanford.edu/~seander/bithacks.html>; the lowest place found is a true one.
    #[inline]
    pub fn place(self, address: u32) -> Option<u32> {
        let row = address >> FINGERPRINT;
        let places = u64::from_le_bytes(*self.0.get(row as usize)?);
        let differences = places ^ (ONES * u64::from(fingerprint(address)));
        let equal = differences.wrapping_sub(ONES) & !differences & HIGHS;
        (equal != 0).then(|| (row << WAYS.ilog2()) + equal.trailing_zeros() / 8)
    }

    /// A table with so many places, of the features with these addresses. One that finds its row full has no place in it.
    pub fn table(places: usize, addresses: impl Iterator<Item = u32>) -> Vec<u8> {
        let mut table = vec![0; places];
        let (rows, _) = table.as_chunks_mut::<WAYS>();
        for address in addresses {
            let row = rows.get_mut((address >> FINGERPRINT) as usize).into_iter().flatten();
            if let Some(place) = row.into_iter().find(|place| **place == 0 || **place == fingerprint(address))
            {
                *place = fingerprint(address);
            }
        }
        table
    }
}

/// Addresses of features of which so many have weights: a row, and a fingerprint.
const fn addresses(known: usize) -> usize {
    (known / WAYS) << FINGERPRINT
}

/// Multiplies a hash; the upper bits are used.
pub(crate) const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// The address of a feature with this hash, one of so many: the upper half of the hash is a fraction of them, see
/// <https://arxiv.org/abs/1805.10941>.
#[inline]
pub(crate) fn address(hash: u64, addresses: usize) -> u32 {
    let mixed = (hash ^ hash >> 32).wrapping_mul(MIX);
    u32::try_from(((mixed >> 32) * addresses as u64) >> 32).unwrap_or_default()
}

/// Never 0.
fn fingerprint(address: u32) -> u8 {
    let [lowest, ..] = address.to_le_bytes();
    lowest.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_found_a_place_is_known_there_and_nothing_else_is() {
        let row = |row: u32, fingerprint: u32| row << FINGERPRINT | fingerprint;
        let in_full_row = (10..20).map(|fingerprint| row(7, fingerprint));
        let table = Known::table(KNOWN_NGRAMS, in_full_row.chain([row(0, 200), row(6143, 255), row(0, 200)]));
        let known = Known::new(&table);
        let places = |of: u32| (0..=255).filter_map(move |one| Some((one, known.place(row(of, one))?)));
        let expected: Vec<(u32, u32)> = (10..18).map(|one| (one, 7 * 8 + one - 10)).collect();
        assert_eq!(places(7).collect::<Vec<_>>(), expected);
        assert_eq!(places(0).collect::<Vec<_>>(), [(200, 0)]);
        assert_eq!(places(6143).collect::<Vec<_>>(), [(255, 6143 * 8)]);
        assert_eq!(places(1).count(), 0, "no fingerprint is that of an empty place");
        assert_eq!(known.place(u32::MAX), None);
    }
}
