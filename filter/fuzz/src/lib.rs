//! What the fuzz targets share. `make fuzz` runs them; what they find becomes a case of the crate concerned.

/// The bytes of an input behind its first two, and ways to cut them: whole, byte by byte, and as those two bytes say.
pub fn cuts(input: &[u8]) -> Option<(&[u8], Vec<Vec<&[u8]>>)> {
    let (head, text) = input.split_at_checked(2)?;
    let seed = u64::from(head[0]) << 8 | u64::from(head[1]);
    Some((text, vec![vec![text], text.chunks(1).collect(), random_cuts(seed, text)]))
}

/// Cuts `text` at random: pieces of 0 to `reach` bytes, where a seed decides on both.
fn random_cuts(seed: u64, text: &[u8]) -> Vec<&[u8]> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let reach = 2 + (seed & 15) * (seed & 15);
    let mut rest = text;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let (piece, behind) = rest.split_at((state % reach) as usize % (rest.len() + 1));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// `text` with each byte that is in `snippets` replaced by its snippet.
pub fn expand(text: &[u8], snippets: &[(u8, &str)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match snippets.iter().find(|(of, _)| of == byte) {
            Some((_, snippet)) => out.extend_from_slice(snippet.as_bytes()),
            None => out.push(*byte),
        }
    }
    out
}
