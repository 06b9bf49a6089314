//! Every limit of the detector, with its reason.

/// Bytes of text that are read at a time. It bounds what a worker keeps: the text as it reads and its map.
pub const SEGMENT: usize = 16 << 10;

/// Bytes that two segments share, so that an attack on the border is whole in one of them.
pub const SEGMENT_OVERLAP: usize = 1 << 10;

/// Characters of a window, and of one in a script without spaces. Of 80 to 600, 160 finds most of what
/// is hidden in English documents; in Chinese, where one character says more, 96 finds what 160 does not.
pub const WINDOW: [usize; 2] = [160, 96];

/// Of a window, the part that has passed before a word that the next one is looked at for: one half.
pub const STRIDES: usize = 2;

/// Of a window, the part in front of the word that it is looked at for: a quarter.
pub const LEADS: usize = 4;

/// Bytes of a text that are judged as a whole: the longest role play that is pasted into one message. Of a longer message
/// the first and the last are, where people say what they want; what is pasted between is judged by windows.
pub const WHOLE: usize = 8 << 10;

/// Bytes of a text that is judged for one word; longer ones need words of [`SUSPICIOUS`] pull together.
pub const SHORT: usize = 1 << 10;
/// See [`SHORT`].
pub const SUSPICIOUS: u8 = 6;

/// Concepts that are kept at a time. English text has one for every twelve bytes at most; what stands behind more of them is
/// read by itself.
pub const MAX_EVENTS: usize = 4096;

/// Quotations of one segment that are told apart; English prose has no more than one for every sixty bytes.
pub const MAX_QUOTATIONS: usize = 512;

/// Concepts behind one that it makes pairs with.
pub const MAX_PAIRED: usize = 8;

/// Bytes between two concepts that are near each other, and that have to do with each other at all.
pub const NEAR: u32 = 60;
/// See [`NEAR`].
pub const FAR: u32 = 200;

/// Views of one text that are read.
pub const MAX_VIEWS: usize = 64;
/// How often all bytes of a segment, of a whole one if it is short, are read in views, and again in views inside these. Each
/// time costs as much as the text itself.
pub const VIEWS: usize = 4;

/// Bytes between two words that are written in an odd way, at most, for them to be worth another reading.
pub const TOGETHER: usize = 200;

/// Bytes on each side of such words that are read with them: more than a window.
pub const REACH: usize = 400;

/// Letters from which on a word may be several: English has none, and most of what is that long are names in code.
pub const LONG_WORD: usize = 24;

/// Encodings inside each other: base64 of a text that is spaced out.
pub const MAX_DEPTH: usize = 2;

/// Places of one text that are reported.
pub const MAX_HITS: usize = 64;

/// Bytes of the embedded lexicon and techniques.
pub const MAX_KNOWLEDGE: usize = 1 << 20;

/// Words of one phrase of the lexicon, in bytes.
pub const MAX_PHRASE: usize = 64;

/// Concepts, so that a number fits into a byte.
pub const MAX_CONCEPTS: usize = 255;
