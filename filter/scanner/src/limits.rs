//! Every limit of the scanner, with its reason.

/// Rules in one scanner: rule indices are 16 bits, and a catalogue of all public secret scanners has under 1,500.
pub const MAX_RULES: usize = 4096;

/// The longest match that a rule may declare, in bytes. It bounds what one stream can hold back; an 8,192-bit RSA key
/// in PEM, with escaped line breaks, has about 6,600.
pub const MAX_CAP: u32 = 8192;

/// NFA memory in bytes. The first 52-rule catalogue takes 84 KB.
pub(crate) const MAX_NFA_BYTES: usize = 8 << 20;

/// Bytes of DFA states kept before the cache starts anew. Ordinary text touches some hundred states; adversarial text
/// a few thousand.
pub(crate) const MAX_CACHE_BYTES: usize = 8 << 20;

/// Bytes of the fast pass's states before it starts anew. Ordinary text touches some thousand.
pub(crate) const FORWARD_CACHE_BYTES: usize = 4 << 20;

/// Bytes behind a factor that are compared with what must follow it, and of the states that this takes.
pub(crate) const REST_REACH: usize = 64;
pub(crate) const REST_CACHE_BYTES: usize = 1 << 20;

/// Bytes behind factors that may be read before the exact machine runs, beyond one for each byte of text.
pub(crate) const LOOKED_FREELY: usize = 256;

/// Counted repetitions with a larger bound are compiled as open loops; the rule's cap takes over as their limit.
/// Unrolled, `[a-z]{20,200}` would cost 200 NFA states and as many threads.
pub(crate) const MAX_UNROLLED_REPEAT: u32 = 16;

/// The longest match of a rule that has a gap, which is a long repetition of nearly anything: what stands in a gap waits
/// until it is over.
pub(crate) const MAX_GAP_CAP: u32 = 512;

/// Of the 95 printable characters of ASCII, so many and white space make a class nearly anything.
pub(crate) const GAP_CHARACTERS: usize = 85;

/// A repetition of up to so many rounds tells a format by its length; one of more is open, and its limit is only there to
/// bound what is held back.
pub(crate) const OPEN_REPEAT: u32 = 64;

/// Bytes in front of a match that say whether it continues a row of numbers: a group of six digits, what separates it
/// and what stands in front of it.
pub(crate) const ROW_REACH: usize = 8;

/// The exact machine begins this many bytes or less in front of the end of a factor.
pub(crate) const MAX_FACTOR_DISTANCE: usize = 512;

/// Bytes that validators may read per byte of text, and what every request may spend beyond that. Ordinary text stays under
/// 1; a text in which every position starts a candidate that is rejected at every length would need its square.
pub(crate) const VALIDATED_PER_BYTE: u64 = 16;
pub(crate) const VALIDATED_FREELY: u64 = 1 << 20;

/// What one call of a validator costs besides the bytes that it reads.
pub(crate) const VALIDATION_OVERHEAD: u64 = 16;

/// Matches in one whole text. What has more is no text, and its edits would not fit a worker's memory.
pub(crate) const MAX_MATCHES: usize = 100_000;

/// How many different word bytes a rule may begin with inside a word. More means that every position of every word
/// starts a thread: such a rule needs `\b` on its left.
pub(crate) const MAX_UNBOUNDED_START_BYTES: usize = 16;
