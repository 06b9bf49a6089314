//! Every limit of exact values that the policy crate does not have, with its reason.

/// Letters alone or digits alone up to this many bytes count as whole words and numbers only. There are fewer than
/// 10^10 such numbers, and 9 letters are a word; longer ones are rarely part of something else.
pub(super) const MAX_WORD_BYTES: usize = 9;

/// Bits of the largest bitmap of the values' first 6 bytes: 128 KiB, which 10,000 values fill to 1 %.
pub(super) const MAX_START_BITS: u32 = 20;

/// Bits of the smallest.
pub(super) const MIN_START_BITS: u32 = 12;

/// Bits of the bitmap per value: one of 64 places of ordinary text needs a second look.
pub(super) const START_BITS_PER_VALUE: usize = 64;

/// Bits of the hash of a beginning of 1 to 5 bytes, which decides what a stream holds.
pub(super) const LEAD_BITS: u32 = 16;

/// Hashes of the text behind the current position that are kept before they are dropped together. Their number bounds
/// a text's memory: 8 KiB, and eight times the longest value.
pub(super) const MAX_PASSED: usize = 1024;
