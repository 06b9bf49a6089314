//! Features that were met.
//!
//! They are present or not; how often does not matter, or long texts would be nothing but their most common words.

/// Which features were met, by their numbers.
#[derive(Debug)]
pub(crate) struct Distinct {
    bits: Vec<u64>,
    /// They, with room behind them.
    met: Vec<u32>,
    count: usize,
}

// === impl Distinct ===

impl Distinct {
    /// For this many features.
    pub(crate) fn new(features: usize) -> Distinct {
        Distinct { bits: vec![0; features.div_ceil(64)], met: Vec::new(), count: 0 }
    }

    /// Forgets what was met.
    pub(crate) fn clear(&mut self) {
        for feature in self.met.iter().take(self.count) {
            if let Some(word) = self.bits.get_mut(*feature as usize / 64) {
                *word = 0;
            }
        }
        self.count = 0;
    }

    /// Meets a feature. Whether it is a new one is as good as random, so nothing branches on it.
    #[inline]
    pub(crate) fn meet(&mut self, feature: u32) {
        let Some(word) = self.bits.get_mut(feature as usize / 64) else { return };
        let bit = feature % 64;
        let new = usize::from(*word >> bit & 1 == 0);
        *word |= 1 << bit;
        if self.count == self.met.len() {
            self.met.resize(2 * self.count + 64, 0);
        }
        if let Some(place) = self.met.get_mut(self.count) {
            *place = feature;
        }
        self.count += new;
    }

    /// Bytes that it takes.
    pub(crate) fn size(&self) -> usize {
        8 * self.bits.capacity() + 4 * self.met.capacity()
    }

    /// Those that were met, in order of the first time.
    pub(crate) fn met(&self) -> &[u32] {
        self.met.get(..self.count).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_met_is_forgotten() {
        let mut distinct = Distinct::new(64);
        distinct.meet(3);
        distinct.meet(3);
        assert_eq!(distinct.met(), [3]);
        distinct.clear();
        distinct.meet(3);
        assert_eq!(distinct.met(), [3]);
    }
}
