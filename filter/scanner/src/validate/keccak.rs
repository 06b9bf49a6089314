//! Keccak-256 as Ethereum uses it: the sponge of FIPS 202 with the padding of the original submission.

/// Bytes per block: 1600 bits of state less twice the 256 bits of output.
const RATE: usize = 136;

/// Rotation of each lane on the walk of ρ and π (FIPS 202 §3.2.2, §3.2.3).
const ROTATIONS: [u32; 24] =
    [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44];

/// The walk itself: where each lane goes.
const LANES: [usize; 24] =
    [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];

/// The hash of `text`.
pub(super) fn keccak256(text: &[u8]) -> [u8; 32] {
    let mut padded = text.to_vec();
    padded.push(1);
    padded.resize(padded.len().next_multiple_of(RATE), 0);
    if let Some(last) = padded.last_mut() {
        *last |= 0x80;
    }
    let mut state = [0u64; 25];
    for block in padded.chunks_exact(RATE) {
        for (lane, bytes) in state.iter_mut().zip(block.as_chunks::<8>().0) {
            *lane ^= u64::from_le_bytes(*bytes);
        }
        permute(&mut state);
    }
    let mut out = [0; 32];
    for (bytes, lane) in out.as_chunks_mut::<8>().0.iter_mut().zip(state) {
        *bytes = lane.to_le_bytes();
    }
    out
}

/// Keccak-f\[1600\]: 24 rounds (FIPS 202 §3.3).
#[allow(clippy::indexing_slicing, reason = "every index is a constant or below the length of a fixed array")]
fn permute(state: &mut [u64; 25]) {
    let mut constants = 1u8;
    for _ in 0..24 {
        let parity: [u64; 5] = std::array::from_fn(|x| (0..5).fold(0, |parity, y| parity ^ state[x + 5 * y]));
        for (index, lane) in state.iter_mut().enumerate() {
            *lane ^= parity[(index + 4) % 5] ^ parity[(index + 1) % 5].rotate_left(1);
        }
        let mut carried = state[1];
        for (lane, rotation) in LANES.into_iter().zip(ROTATIONS) {
            carried = std::mem::replace(&mut state[lane], carried.rotate_left(rotation));
        }
        for row in state.as_chunks_mut::<5>().0 {
            let before = *row;
            for x in 0..5 {
                row[x] ^= !before[(x + 1) % 5] & before[(x + 2) % 5];
            }
        }
        state[0] ^= round_constant(&mut constants);
    }
}

/// The next round constant, from the shift register of FIPS 202 §3.2.5.
fn round_constant(register: &mut u8) -> u64 {
    (0..7).fold(0, |constant, bit| {
        let on = *register & 1 == 1;
        *register = *register << 1 ^ if *register & 0x80 == 0 { 0 } else { 0x71 };
        if on { constant | 1 << ((1u32 << bit) - 1) } else { constant }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes() {
        let hex = |text: &[u8]| data_encoding::HEXLOWER.encode(&keccak256(text));
        assert_eq!(hex(b""), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
        assert_eq!(hex(b"abc"), "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
        assert_eq!(keccak256(&[7; 136]).len(), 32);
    }
}
