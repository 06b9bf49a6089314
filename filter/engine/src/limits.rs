//! Every limit of the engine, with its reason.

/// Nesting of arrays and objects in one JSON document. Provider schemas stay under 20; JSON Schemas of tools reach 40.
pub const MAX_DEPTH: usize = 200;

/// Bytes of an object key that are compared with a schema. The longest key of any provider has 40.
pub(crate) const MAX_KEY: usize = 256;

/// Bytes of a number or literal that are kept: indices and `null` are all that anybody asks for.
pub(crate) const MAX_SCALAR: usize = 32;

/// Bytes of one server-sent event. Snapshot events repeat the whole answer; 128 K tokens are about 600 KB of text.
pub const MAX_SSE_EVENT: usize = 8 << 20;

/// Texts of one answer that are followed at the same time (choices × kinds × tool calls). A text beyond this passes
/// unrestored.
pub(crate) const MAX_CHANNELS: usize = 1024;

/// Bytes of complete events that wait for one open placeholder. A choice that pauses inside a placeholder while others
/// send more than this gets it back unrestored.
pub(crate) const MAX_HELD_EVENTS: u64 = 1 << 20;

/// Strings of one request. Each costs 48 bytes while the request is read; a conversation of 10,000 messages has 50,000.
pub(crate) const MAX_TEXTS: usize = 500_000;

/// Values taken out of one request. Each costs a few hundred bytes until the answer is over.
pub(crate) const MAX_FINDINGS: usize = 100_000;

/// Parts of longer texts in one event that are followed into the next. Providers send one, or one per choice.
pub(crate) const MAX_DELTAS: usize = 256;

/// Scans of one text in which allowed findings come to light, each behind those of the scan before. Real texts have one.
pub(crate) const MAX_ALLOW_ROUNDS: usize = 4;

/// Bytes of the automaton of a policy's allowed patterns.
pub(crate) const MAX_ALLOW_NFA_BYTES: usize = 1 << 20;
