//! Addresses and public keys of cryptocurrencies.

use super::keccak;
use sha2::{Digest, Sha256};

/// Bitcoin's alphabet for base 58, shared by TRON and Solana.
const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The alphabet of BIP-173.
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// The bytes that `text` stands for in base 58.
fn base58(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for byte in text {
        let mut carry = BASE58.iter().position(|known| known == byte)?;
        for place in bytes.iter_mut().rev() {
            carry += usize::from(*place) * 58;
            *place = u8::try_from(carry & 0xff).unwrap_or(0);
            carry >>= 8;
        }
        while carry > 0 {
            bytes.insert(0, u8::try_from(carry & 0xff).unwrap_or(0));
            carry >>= 8;
        }
    }
    let zeros = text.iter().take_while(|&&byte| byte == b'1').count();
    bytes.splice(0..0, std::iter::repeat_n(0, zeros));
    Some(bytes)
}

/// The payload of `text` in base58check: the last four bytes begin the double SHA-256 of the others.
fn base58check(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = base58(text)?;
    let check = bytes.split_off(bytes.len().checked_sub(4)?);
    Sha256::digest(Sha256::digest(&bytes)).starts_with(&check).then_some(bytes)
}

/// Whether `text` is a Bitcoin address: base58check with the version of a key or script hash, or a `SegWit` address
/// (BIP-173, BIP-350); main net or test net.
pub(super) fn is_bitcoin(text: &[u8]) -> bool {
    is_segwit(text)
        || base58check(text).is_some_and(|bytes| {
            bytes.len() == 21 && matches!(bytes.first(), Some(0x00 | 0x05 | 0x6f | 0xc4))
        })
}

/// Whether `text` is a `SegWit` address: bech32 for version 0, bech32m for later ones.
fn is_segwit(text: &[u8]) -> bool {
    let text =
        if text.iter().any(u8::is_ascii_lowercase) { text.to_vec() } else { text.to_ascii_lowercase() };
    let Some(separator) = text.iter().rposition(|&byte| byte == b'1') else { return false };
    let (name, data) = text.split_at(separator);
    if !matches!(name, b"bc" | b"tb" | b"bcrt") {
        return false;
    }
    let value =
        |byte: &u8| BECH32.iter().position(|known| known == byte).and_then(|at| u32::try_from(at).ok());
    let Some(data) = data.iter().skip(1).map(value).collect::<Option<Vec<u32>>>() else { return false };
    let high = name.iter().map(|byte| u32::from(byte >> 5));
    let low = name.iter().map(|byte| u32::from(byte & 31));
    let check = high.chain([0]).chain(low).chain(data.iter().copied()).fold(1, polymod);
    match data.first() {
        Some(0) => check == 1,
        Some(1..=16) => check == 0x2bc8_30a3,
        _ => false,
    }
}

/// One step of BIP-173's checksum.
fn polymod(check: u32, value: u32) -> u32 {
    const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let top = check >> 25;
    let next = (check & 0x01ff_ffff) << 5 ^ value;
    GENERATORS.iter().enumerate().fold(
        next,
        |next, (bit, generator)| {
            if top >> bit & 1 == 1 { next ^ generator } else { next }
        },
    )
}

/// Whether `text` is a TRON address: base58check with version 0x41.
pub(super) fn is_tron(text: &[u8]) -> bool {
    base58check(text).is_some_and(|bytes| bytes.len() == 21 && bytes.first() == Some(&0x41))
}

/// Whether `text` is a Solana address: 32 bytes in base 58.
pub(super) fn is_solana(text: &[u8]) -> bool {
    base58(text).is_some_and(|bytes| bytes.len() == 32)
}

/// Whether `text` is a private key in wallet import format: a version, 32 bytes, and 1 if the public key is compressed.
pub(super) fn is_wallet_import_key(text: &[u8]) -> bool {
    base58check(text).is_some_and(|bytes| {
        matches!(bytes.first(), Some(0x80 | 0xef))
            && (bytes.len() == 33 || bytes.len() == 34 && bytes.last() == Some(&1))
    })
}

/// Whether `text` is an extended key, public or private: base58check of 78 bytes (BIP-32 "Serialization format").
pub(super) fn is_extended_key(text: &[u8]) -> bool {
    base58check(text).is_some_and(|bytes| bytes.len() == 78)
}

/// Whether `text` is an Ethereum address: in mixed case the case is the checksum (EIP-55). The zero address and its
/// like, such as precompiled contracts, belong to nobody.
pub(super) fn is_ethereum(text: &[u8]) -> bool {
    let Some(address) = text.get(2..42) else { return false };
    let lower = address.to_ascii_lowercase();
    let mixed = address.iter().any(u8::is_ascii_lowercase) && address.iter().any(u8::is_ascii_uppercase);
    let nibbles = keccak::keccak256(&lower).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let distinct = lower.iter().fold(0u128, |seen, byte| seen | 1 << (byte & 127)).count_ones();
    let right =
        |(byte, nibble): (&u8, u8)| byte.is_ascii_digit() || byte.is_ascii_uppercase() == (nibble >= 8);
    distinct >= 5 && (!mixed || address.iter().zip(nibbles).all(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitcoin_addresses_of_the_bips() {
        for good in [
            "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        ] {
            assert!(is_bitcoin(good.as_bytes()), "{good}");
        }
        for bad in [
            "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
            "bc1",
            "1111111111111111111111",
        ] {
            assert!(!is_bitcoin(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn ethereum_addresses_of_eip_55() {
        for good in
            ["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"]
        {
            assert!(is_ethereum(good.as_bytes()), "{good}");
        }
        for bad in
            ["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed", "0x0000000000000000000000000000000000000001"]
        {
            assert!(!is_ethereum(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn other_chains() {
        assert!(
            is_tron(b"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t") && !is_tron(b"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u")
        );
        assert!(is_solana(b"TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA") && !is_solana(b"Tokenkeg"));
        assert!(is_wallet_import_key(b"5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"));
        assert!(!is_wallet_import_key(b"5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTK"));
        // Test vector 1 of BIP-32, chain m.
        let key = "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6\
                   W1EGMcet8";
        assert!(is_extended_key(key.as_bytes()) && !is_extended_key(key.replace("cet8", "cet9").as_bytes()));
    }
}
