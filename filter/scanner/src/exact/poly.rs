//! Polynomial hashes modulo 2^61-1 with a secret base: the hash of any substring from those of two beginnings.

use super::limits::MAX_PASSED;

/// A Mersenne prime: the rest of a division is a shift and an addition.
const P: u64 = (1 << 61) - 1;

/// Bases below this are not used: with them hashes of short texts would not wrap around.
const SMALLEST_BASE: u64 = 1 << 32;

/// The base and its powers.
#[derive(Clone)]
pub(super) struct Poly {
    base: u64,
    /// Up to that of the longest value.
    powers: Vec<u64>,
}

/// Hashes of beginnings of the text behind `from`: entry `n` is that of `n` bytes. Moves on with the scan.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    from: u64,
    hashes: Vec<u64>,
    /// Bytes hashed so far.
    #[cfg(test)]
    pub(super) hashed: u64,
}

// === impl Poly ===

impl Poly {
    /// A base from 64 random bits.
    pub(super) fn base(random: u64) -> u64 {
        SMALLEST_BASE + random % (P - SMALLEST_BASE)
    }

    /// For hashes of up to `longest` bytes.
    pub(super) fn new(base: u64, longest: usize) -> Poly {
        let powers = std::iter::successors(Some(1), |power| Some(multiply(*power, base)));
        Poly { base, powers: powers.take(longest + 1).collect() }
    }

    /// The hash of a text whose beginning has the hash `sum` and whose last byte is `byte`. Zero bytes count.
    pub(super) fn push(&self, sum: u64, byte: u8) -> u64 {
        add(multiply(sum, self.base), u64::from(byte) + 1)
    }

    /// Whether this can be a hash.
    pub(super) fn is_hash(number: u64) -> bool {
        number < P
    }

    pub(super) fn memory(&self) -> usize {
        self.powers.len() * size_of::<u64>()
    }
}

// === impl Sums ===

impl Sums {
    /// Goes on to `start`, which never goes back, and returns its place among the hashes.
    pub(super) fn go_to(&mut self, start: u64) -> usize {
        let passed = usize::try_from(start.saturating_sub(self.from)).unwrap_or(usize::MAX);
        if passed >= self.hashes.len() {
            self.hashes.clear();
            self.hashes.push(0);
        } else if passed > MAX_PASSED {
            self.hashes.drain(..passed);
        } else {
            return passed;
        }
        self.from = start;
        0
    }

    /// The hash of the `len` bytes behind `place`. `text` begins at offset `base`, not behind `place`.
    pub(super) fn hash(
        &mut self,
        poly: &Poly,
        (base, text): (u64, &[u8]),
        place: usize,
        len: usize,
    ) -> Option<u64> {
        let end = place + len;
        if end >= self.hashes.len() {
            let offset = |place: usize| usize::try_from((self.from + place as u64).checked_sub(base)?).ok();
            self.extend(poly, text.get(offset(self.hashes.len() - 1)?..offset(end)?)?);
        }
        let (before, all) = (self.hashes.get(place)?, self.hashes.get(end)?);
        Some(subtract(*all, multiply(*before, *poly.powers.get(len)?)))
    }

    /// Frees the memory.
    pub(super) fn forget(&mut self) {
        self.hashes = Vec::new();
    }

    fn extend(&mut self, poly: &Poly, more: &[u8]) {
        let mut sum = self.hashes.last().copied().unwrap_or(0);
        #[cfg(test)]
        {
            self.hashed += more.len() as u64;
        }
        self.hashes.extend(more.iter().map(|byte| {
            sum = poly.push(sum, *byte);
            sum
        }));
    }
}

fn multiply(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let low = u64::try_from(product & u128::from(P)).unwrap_or(0);
    let high = u64::try_from(product >> 61).unwrap_or(0);
    add(low, high)
}

/// The sum of two numbers of which at most one is `P`.
fn add(a: u64, b: u64) -> u64 {
    let sum = a + b;
    if sum >= P { sum - P } else { sum }
}

fn subtract(a: u64, b: u64) -> u64 {
    if a >= b { a - b } else { a + P - b }
}

impl std::fmt::Debug for Poly {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Poly(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_substring_has_the_hash_of_its_bytes_alone() {
        let poly = Poly::new(Poly::base(0x1234_5678_9abc_def0), 40);
        let text: Vec<u8> = (0..60u8).map(|byte| byte.wrapping_mul(97)).collect();
        let mut sums = Sums::default();
        for start in [0, 3, 4, 17, 40] {
            let place = sums.go_to(start as u64);
            for len in 0..=20 {
                let alone = text[start..start + len].iter().fold(0, |sum, byte| poly.push(sum, *byte));
                assert_eq!(sums.hash(&poly, (0, &text), place, len), Some(alone));
            }
        }
        assert_eq!(sums.hashed, 37 + 20, "each byte once, and none in between");
        let place = sums.go_to(41);
        let alone = text[41..50].iter().fold(0, |sum, byte| poly.push(sum, *byte));
        assert_eq!(
            sums.hash(&poly, (30, &text[30..]), place, 9),
            Some(alone),
            "the text may be kept in part"
        );
        assert_eq!(sums.hash(&poly, (0, &text), place, 20), None, "there is no text");
    }

    #[test]
    fn arithmetic_wraps_at_the_prime() {
        assert_eq!(multiply(P - 1, P - 1), 1);
        assert_eq!(multiply(1 << 60, 4), 2);
        assert_eq!(subtract(0, P - 1), 1);
        assert_eq!(add(P - 1, 1), 0);
    }
}
