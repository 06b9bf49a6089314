//! What validators may cost.

use crate::limits::{VALIDATED_FREELY, VALIDATED_PER_BYTE, VALIDATION_OVERHEAD};

/// Bytes that validators have read in the texts of one request, or in one stream.
///
/// A rejected candidate is looked at again at every length, from every start; a text can be made so that this is the
/// square of its size. So each byte of text pays for a fixed number of bytes of validation. What is a candidate beyond
/// that counts as a match: too much is redacted, never too little, and never too slowly. What is spent is a function of
/// the text read so far, so cuts do not matter.
#[derive(Debug, Clone, Default)]
pub struct Budget {
    validated: u64,
    /// Bytes of the texts before this one.
    before: u64,
}

// === impl Budget ===

impl Budget {
    /// Takes what looking at a candidate of `len` bytes that ends at offset `end` costs; `false` if there is no more.
    pub(crate) fn spend(&mut self, len: u64, end: u64) -> bool {
        if self.validated > VALIDATED_FREELY + VALIDATED_PER_BYTE * (self.before + end) {
            return false;
        }
        self.validated += VALIDATION_OVERHEAD + len;
        true
    }

    /// A text of `len` bytes is over.
    pub(crate) fn end_text(&mut self, len: u64) {
        self.before += len;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_text_pays_for_some_validation() {
        let mut budget = Budget::default();
        assert!(budget.spend(VALIDATED_FREELY, 0));
        assert!(!budget.spend(1, 0));
        assert!(budget.spend(1, 10));
        budget.end_text(100);
        assert!(budget.spend(1, 0));
    }
}
