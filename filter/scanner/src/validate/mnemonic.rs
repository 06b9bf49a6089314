//! Seed phrases of wallets (BIP-39).

/// The English word list of BIP-39, sorted: from bitcoin/bips, bip-0039/english.txt.
const WORDS: &str = include_str!("bip39.txt");

/// Whether `text` is a seed phrase: 12, 15, 18, 21 or 24 words, all of the English list. The checksum does not count: a
/// phrase with one wrong word gives its owner away as well.
pub(super) fn is_seed_phrase(text: &[u8]) -> bool {
    let words = text.split(|byte| !byte.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    let count = words.clone().count();
    (12..=24).contains(&count) && count.is_multiple_of(3) && words.clone().all(is_word)
}

/// Whether `word` is on the list, in any case.
fn is_word(word: &[u8]) -> bool {
    let word = word.to_ascii_lowercase();
    WORDS.lines().any(|known| known.as_bytes() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        assert_eq!(WORDS.lines().count(), 2048);
        assert!(WORDS.lines().is_sorted());
        let phrase = "abandon ".repeat(11) + "about";
        assert!(
            is_seed_phrase(phrase.as_bytes())
                && !is_seed_phrase(phrase.replace("about", "somewhere").as_bytes())
        );
        assert!(!is_seed_phrase(b"abandon about"));
    }
}
