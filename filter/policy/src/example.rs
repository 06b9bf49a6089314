//! Example texts with made-up secrets.
//!
//! No text that looks like a secret is committed: examples hold templates such as `ghp_{alnum:36}`, which expand to the
//! same look-alike every time.

/// Expands the templates in `text`: `{class:count}` becomes `count` characters of `class`. The same `text` and `seed`
/// always give the same result. Braces that are no template stay as they are.
///
/// Classes: `digit`, `nonzero`, `lower`, `upper`, `alpha`, `alnum`, `upnum` (upper case and digits), `hex`, `base32`,
/// `base58`, `base64` and `base64url` (without padding).
pub fn expand(text: &str, seed: &str) -> String {
    let mut random = Random::new(text, seed);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((literal, behind)) = rest.split_once('{') {
        out.push_str(literal);
        if let Some((alphabet, count, behind)) = template(behind) {
            out.extend((0..count).filter_map(|_| random.pick(alphabet)));
            rest = behind;
        } else {
            out.push('{');
            rest = behind;
        }
    }
    out.push_str(rest);
    out
}

/// The longest expansion of one template.
const MAX_COUNT: usize = 10_000;

/// Reads `class:count}` and returns the alphabet, the count and what stands behind.
fn template(text: &str) -> Option<(&'static [u8], usize, &str)> {
    let (inside, behind) = text.split_once('}')?;
    let (class, count) = inside.split_once(':')?;
    let alphabet: &[u8] = match class {
        "digit" => b"0123456789",
        "nonzero" => b"123456789",
        "lower" => b"abcdefghijklmnopqrstuvwxyz",
        "upper" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "alpha" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "alnum" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "upnum" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "hex" => b"0123456789abcdef",
        "base32" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "base58" => b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
        "base64" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        "base64url" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        _ => return None,
    };
    let count = count.parse().ok().filter(|count| *count <= MAX_COUNT)?;
    Some((alphabet, count, behind))
}

/// `SplitMix64` (Steele, Lea, Flood 2014): small, and the same on every platform.
struct Random(u64);

impl Random {
    fn new(text: &str, seed: &str) -> Random {
        // FNV-1a.
        let hash = |state: u64, byte: &u8| (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Random(seed.as_bytes().iter().chain(text.as_bytes()).fold(0xcbf2_9ce4_8422_2325, hash))
    }

    fn pick(&mut self, alphabet: &[u8]) -> Option<char> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let index = (mixed ^ (mixed >> 31)) % alphabet.len() as u64;
        alphabet.get(usize::try_from(index).ok()?).copied().map(char::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_the_same_way_every_time() {
        let first = expand("key {upper:4}{digit:16}!", "a");
        assert_eq!(first, expand("key {upper:4}{digit:16}!", "a"));
        assert_ne!(first, expand("key {upper:4}{digit:16}!", "b"));
        assert_eq!(first.len(), 4 + 4 + 16 + 1);
        assert!(first.bytes().skip(8).take(16).all(|byte| byte.is_ascii_digit()));
    }

    #[test]
    fn leaves_other_braces_alone() {
        for text in [r#"{"a": {"b": 1}}"#, "{{AG_X}}", "{nope:3}", "{alnum:x}", "{", "}{"] {
            assert_eq!(expand(text, ""), text);
        }
    }
}
