//! Every limit of the engine, with its reason.

/// Nesting of arrays and objects in one JSON document. Provider schemas stay under 20; JSON Schemas of tools reach 40.
pub const MAX_DEPTH: usize = 200;

/// Bytes of an object key that are compared with a schema. The longest key of any provider has 40.
pub(crate) const MAX_KEY: usize = 256;

/// Bytes of a number or literal that are kept: indices and `null` are all that anybody asks for.
pub(crate) const MAX_SCALAR: usize = 32;

/// Bytes of one event, and of a JSON answer that the policy may refuse. Snapshot events repeat the whole answer; 128 K tokens are about 600 KB of text.
pub const MAX_EVENT: usize = 8 << 20;

/// Texts of one answer that are followed at the same time (choices × kinds × tool calls). Providers give 128 choices at
/// most; each text costs a few kilobytes.
pub(crate) const MAX_CHANNELS: usize = 1024;

/// Bytes of complete events that wait for one open text, and of a JSON answer that waits for one argument. A choice that
/// pauses inside a placeholder while others send more than this gets it back unrestored; an argument of a tool call is
/// judged in parts of this size. Providers wrap three letters of an argument in 200 bytes of event, so this is a command
/// of 30 KB; it bounds what a stream can make a worker keep.
pub(crate) const MAX_HELD: u64 = 2 << 20;

/// JSON documents inside each other's strings that are followed in an answer. Arguments are one, a request body in a
/// tool's argument a second, a message in its queue a third.
pub(crate) const MAX_NESTED_DOCUMENTS: usize = 4;

/// Values of an answer's own fields that are kept for the events that end it. Identifiers and model names are shorter.
pub(crate) const MAX_FACT: usize = 256;

/// Characters of a request's identifier that an answer in the model's place is named after. A UUID has 36.
pub(crate) const MAX_REFUSAL_ID: usize = 64;

/// Findings of one answer that are reported.
pub(crate) const MAX_REPORTED: usize = 1000;

/// Bytes of the authority of a URL that are kept: a host has 255 (RFC 1035 §2.3.4), and a user and password stand in
/// front of it.
pub(crate) const MAX_AUTHORITY: usize = 512;

/// Hosts of one word of a text that are kept. A redirector's URL has two.
pub(crate) const MAX_LINKED_HOSTS: usize = 8;

/// Hosts that one request may name and thereby trust.
pub(crate) const MAX_TRUSTED_HOSTS: usize = 4096;

/// Strings of one request. Each costs 48 bytes while the request is read; a conversation of 10,000 messages has 50,000.
pub(crate) const MAX_TEXTS: usize = 500_000;

/// Messages of one request. The longest sessions of agents reach thousands.
pub const MAX_MESSAGES: usize = 10_000;

/// Parts of one multipart body. Forms have ten, uploads of many files a few hundred.
pub const MAX_PARTS: usize = 1000;

/// Values taken out of one request. Each costs a few hundred bytes until the answer is over.
pub(crate) const MAX_FINDINGS: usize = 100_000;

/// Bytes of a value that its placeholder carries. With what sealing adds they are 128, and 205 characters that a model has to
/// repeat without an error; behind the placeholder's kind stand fewer than the rule `encoded-long-run` takes for a payload. Keys
/// of providers have up to 110; JSON web tokens and PEM get ordinary placeholders.
pub const MAX_SEALED_VALUE: usize = 112;

/// Parts of longer texts in one event that are followed into the next. Providers send one, or one per choice.
pub(crate) const MAX_DELTAS: usize = 256;

/// Scans of one text in which allowed findings come to light, each behind those of the scan before. Real texts have one.
pub(crate) const MAX_ALLOW_ROUNDS: usize = 4;

/// Bytes of the automaton of a policy's allowed patterns.
pub(crate) const MAX_ALLOW_NFA_BYTES: usize = 1 << 20;

/// How many encodings may lie inside each other. Base64 of a URL with escapes takes two, its disguise a third; what is
/// wrapped deeper was wrapped to be hidden from people as well.
pub(crate) const MAX_VIEW_DEPTH: usize = 3;

/// Bytes of views that are read for each byte of a text, and for every text beyond that. A view is at most about as long
/// as what it shows, so three layers of a text that is nothing but encodings stay under 4.
pub(crate) const VIEWED_PER_BYTE: usize = 4;
pub(crate) const VIEWED_FREELY: usize = 64 << 10;

/// Bytes of letters and digits of a request's system prompt that its answer is compared with. The longest prompts of
/// agents have 100 KB.
pub(crate) const MAX_PRINT: usize = 256 << 10;

/// Places of a prompt that an answer is compared with at the same time. More say the same 64 letters in a row only where
/// a prompt repeats itself over and over.
pub(crate) const MAX_RUNS: usize = 8;

/// Texts without prompt injection that a worker remembers, twice: those of some hundred conversations. As many as a hash
/// table of 8,192 places takes before it grows, at 9 bytes a place.
pub(crate) const MAX_KNOWN_TEXTS: usize = 7168;

/// Texts with prompt injection, or what looks like it, that a worker remembers, twice, and places of each: a page that an
/// agent has read comes again with every turn.
pub(crate) const MAX_KNOWN_SUSPECTS: usize = 224;
/// See [`MAX_KNOWN_SUSPECTS`].
pub(crate) const MAX_KNOWN_PLACES: usize = 8;

/// Texts with something else to find that a worker remembers, twice, and findings of each. Their places are kept and
/// nothing of what stands there.
pub(crate) const MAX_KNOWN_FINDS: usize = 896;
/// See [`MAX_KNOWN_FINDS`].
pub(crate) const MAX_KNOWN_FOUND: usize = 32;

/// Bytes of the shortest text that is remembered: shorter ones are judged as fast.
pub(crate) const MIN_KNOWN: usize = 64;

/// Bytes of two messages, on each side, that are read as one: what a user splits is still one order.
pub(crate) const SPLIT_REACH: usize = 240;

/// Bytes of a string of a JSON document that may hold an order. Keys and values that are shorter stay, so that the
/// document does.
pub(crate) const MIN_ORDER: usize = 16;

/// Relations that explain a place: the author of a rule looks at the first few.
pub(crate) const MAX_EXPLAINED: usize = 24;

/// Parts of one message that an agent added to its user's words. Each costs a look at all behind it.
pub(crate) const MAX_SCAFFOLDING: usize = 64;

/// Bytes of the decompressed catalogue; `build.rs` writes a sixth of it.
pub(crate) const MAX_CATALOGUE: usize = 2 << 20;
