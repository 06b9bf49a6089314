//! Shannon entropy.

/// Entropy of the byte distribution of `text`, in bits per byte: 0 for one repeated byte, 8 at most.
pub(super) fn bits_per_byte(text: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for &byte in text {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let total = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| {
            let share = f64::from(count) / total;
            -share * share.log2()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_less_than_keys() {
        assert!(bits_per_byte(b"aaaaaaaaaaaa") < 0.1);
        assert!(bits_per_byte(b"your-key-your-key") < 3.0);
        assert!(bits_per_byte(b"q8Zt2LmX9vRb4KpWc7Ny") > 4.0);
    }
}
