//! Gzip (RFC 1952) without compression, which is all that a test needs.

/// The longest stored block of DEFLATE (RFC 1951 §3.2.4).
const LONGEST_BLOCK: usize = 0xffff;

/// `data` as a gzip member of stored blocks.
pub fn stored(data: &[u8]) -> Vec<u8> {
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
        let member = stored(b"abc");
        assert_eq!(member[10..18], [1, 3, 0, 0xfc, 0xff, b'a', b'b', b'c']);
        assert_eq!(member[22..], [3, 0, 0, 0]);
        assert_eq!(stored(&vec![7; LONGEST_BLOCK + 1]).len(), 10 + 2 * 5 + LONGEST_BLOCK + 1 + 8);
    }
}
