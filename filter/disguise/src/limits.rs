//! Every limit of the views, with its reason.

/// Bytes on each side of a disguised character that are read with it: what every rule but the longest can match.
pub const VIEW_REACH: usize = 512;

/// Bytes of text that one view shows. It bounds the offset map, which costs 32 bytes for each change at worst.
pub const VIEW_WINDOW: usize = 64 << 10;

/// Bytes that views of a longer stretch share, so that what lies on the border is whole in one of them: a private key
/// with a disguise for every other byte.
pub const VIEW_OVERLAP: usize = 16 << 10;

/// Characters of the shortest encoded run that is decoded: eighteen bytes in base64, a short key or address. Words that are as
/// long are rare, so looking for runs costs little.
pub const MIN_ENCODED: usize = 24;
