//! Content codings without compression, which is all that most tests need, and bombs.

/// The longest stored block of DEFLATE (RFC 1951 §3.2.4).
const LONGEST_BLOCK: usize = 0xffff;

/// The longest stretch that one meta-block of Brotli with a length of 16 bits holds.
const LONGEST_META_BLOCK: usize = 1 << 16;

/// The longest block of Zstandard (RFC 8878 §3.1.1.2.4).
const LONGEST_ZSTD_BLOCK: usize = 128 << 10;

/// The name of a coding and how it is written.
pub type Coding = (&'static str, fn(&[u8]) -> Vec<u8>);

/// The codings that a gateway reads.
pub const CODINGS: [Coding; 3] = [("gzip", gzip), ("br", brotli), ("zstd", zstd)];

/// `data` as a gzip member (RFC 1952) of stored blocks.
pub fn gzip(data: &[u8]) -> Vec<u8> {
    let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let count = data.chunks(LONGEST_BLOCK).count();
    for (index, block) in data.chunks(LONGEST_BLOCK).enumerate() {
        let length = u16::try_from(block.len()).expect("a block");
        member.push(u8::from(index + 1 == count));
        member.extend(length.to_le_bytes());
        member.extend((!length).to_le_bytes());
        member.extend(block);
    }
    member.extend(crc32(data).to_le_bytes());
    member.extend(u32::try_from(data.len()).expect("less than 4 GiB").to_le_bytes());
    member
}

/// `data` as a Brotli stream (RFC 7932 §9) of uncompressed meta-blocks.
pub fn brotli(data: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    // The window of 64 KiB is the bit 0 and stands in front of the first meta-block.
    let mut lead = 1;
    for block in data.chunks(LONGEST_META_BLOCK) {
        let length = u32::try_from(block.len() - 1).expect("a block");
        // Not the last, four nibbles of length, the length less one, uncompressed; then to the next byte.
        let header = (length << 3 | 1 << 19) << lead;
        stream.extend(&header.to_le_bytes()[..3]);
        stream.extend(block);
        lead = 0;
    }
    // The last one, and empty.
    stream.push(3 << lead);
    stream
}

/// `data` as a Zstandard frame (RFC 8878 §3.1) of raw blocks.
pub fn zstd(data: &[u8]) -> Vec<u8> {
    let mut frame = zstd_head();
    let count = data.chunks(LONGEST_ZSTD_BLOCK).count();
    for (index, block) in data.chunks(LONGEST_ZSTD_BLOCK).enumerate() {
        frame.extend(zstd_block(index + 1 == count, 0, block.len()));
        frame.extend(block);
    }
    frame
}

/// A Zstandard frame of a few bytes that stands for `blocks` times 128 KiB of the letter x.
pub fn bomb(blocks: usize) -> Vec<u8> {
    let mut frame = zstd_head();
    for index in 0..blocks {
        frame.extend(zstd_block(index + 1 == blocks, 1, LONGEST_ZSTD_BLOCK));
        frame.push(b'x');
    }
    frame
}

/// The magic number, and a header that says nothing but a window of 8 MiB.
fn zstd_head() -> Vec<u8> {
    vec![0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3]
}

fn zstd_block(last: bool, kind: u32, size: usize) -> [u8; 3] {
    let size = u32::try_from(size).expect("a block");
    let [low, middle, high, _] = (size << 3 | kind << 1 | u32::from(last)).to_le_bytes();
    [low, middle, high]
}

fn crc32(data: &[u8]) -> u32 {
    let shift = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !data.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_catalogue() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_member_holds_the_data_and_both_lengths() {
        let member = gzip(b"abc");
        assert_eq!(member[10..18], [1, 3, 0, 0xfc, 0xff, b'a', b'b', b'c']);
        assert_eq!(member[22..], [3, 0, 0, 0]);
        assert_eq!(gzip(&vec![7; LONGEST_BLOCK + 1]).len(), 10 + 2 * 5 + LONGEST_BLOCK + 1 + 8);
    }
}
