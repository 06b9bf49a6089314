//! Values behind a label such as `password` or `api_key`: is it the secret itself, or a word, a placeholder or code?
//!
//! A match may end wherever its pattern can, so what is rejected must be rejected in its beginnings as well: these
//! checks look at the first characters before they look at the whole.

use super::entropy::bits_per_byte;
use super::stand_in::{contains, is_name, is_stand_in};

/// Beginnings of credentials that have a rule of their own, which names them better and knows where they end. What begins
/// like one and is malformed is found by the rule `vendor-token`, whose pattern lists the same beginnings.
pub const OWN_RULE: &str = "sk- rk- pk- sk_live_ sk_test_ rk_live_ rk_test_ ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- xoxa- \
    xoxb- xoxe- xoxp- xoxr- xoxs- xapp- AKIA ASIA AIza hf_ npm_ pypi- SG. hvs. hvb. pplx- gsk_ xai-";

/// Beginnings of what a rule of another kind finds whole: an armoured key, the header of a JSON Web Token.
const OWN_FORMAT: &str =
    "-----BEGIN AGE-SECRET-KEY- eyJhbGciOi eyJ0eXAiOi eyJraWQiOi eyJ4NXQiOi eyJlbmMiOi eyJjdHkiOi";

/// What a value consists of.
struct Shape {
    letters: usize,
    digits: usize,
    /// Neither ASCII letters, digits, white space nor `_`, `-`, `.`, `/`, `:`.
    symbols: usize,
    /// Changes between letters and digits, other characters left out: words with a number have one or two.
    switches: usize,
    /// Changes between small letters, capitals and digits: random letters change at more than every second one,
    /// words in camel case at every third.
    changes: usize,
    spaces: bool,
}

impl Shape {
    fn of(value: &[u8]) -> Shape {
        let mut shape = Shape { letters: 0, digits: 0, symbols: 0, switches: 0, changes: 0, spaces: false };
        let mut before: Option<u8> = None;
        for byte in value {
            match byte {
                b'0'..=b'9' => shape.digits += 1,
                b'A'..=b'Z' | b'a'..=b'z' => shape.letters += 1,
                b'_' | b'-' | b'.' | b'/' | b':' | 0x80.. => continue,
                b' ' | b'\t' | b'\n' | b'\r' => shape.spaces = true,
                _ => shape.symbols += 1,
            }
            if byte.is_ascii_alphanumeric() {
                let class = |byte: u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase());
                if let Some(before) = before {
                    shape.switches += usize::from(class(before).0 != class(*byte).0);
                    shape.changes += usize::from(class(before) != class(*byte));
                }
                before = Some(*byte);
            }
        }
        shape
    }
}

/// Whether `value` is a random token: letters and digits in no order that words, names and versions have.
pub(super) fn is_token(value: &[u8]) -> bool {
    !has_own_rule(value) && is_random(value)
}

/// As [`is_token`], whatever it begins with.
pub(super) fn is_random(value: &[u8]) -> bool {
    if is_stand_in(value) {
        return false;
    }
    let shape = Shape::of(value);
    if shape.spaces || value.len() < 8 {
        return false;
    }
    let mixed = shape.letters >= 3 && shape.digits >= 2 && shape.switches >= 3
        || shape.changes >= 6 && shape.changes * 20 > value.len() * if shape.digits > 0 { 7 } else { 9 };
    let number = shape.letters == 0 && shape.symbols == 0 && shape.digits >= 15;
    let symbols = shape.symbols >= 4 && shape.letters >= 4 && value.len() >= 12;
    (mixed || number || symbols) && bits_per_byte(value) >= 2.5
}

/// Like [`is_token`], for labels that stand in front of other things as well: long, of high entropy, and no UUID.
pub(super) fn is_long_token(value: &[u8]) -> bool {
    // The beginning decides: a match may end at each hyphen.
    let uuid = [8, 13].iter().all(|&at| value.get(at) == Some(&b'-'))
        && value.get(..8).is_some_and(|first| first.iter().all(u8::is_ascii_hexdigit));
    let hex = value.iter().all(u8::is_ascii_hexdigit);
    value.len() >= 20
        && !uuid
        && Shape::of(value).changes >= 6
        && bits_per_byte(value) >= if hex { 3.0 } else { 3.5 }
        && is_token(value)
}

/// Whether a quoted `value` is a password. A word of eight small letters may be one.
pub(super) fn is_password(value: &[u8]) -> bool {
    is_bare_password(value)
        || (value.len() >= 8
            && value.iter().all(u8::is_ascii_lowercase)
            && !is_stand_in(value)
            && !is_name(value))
}

/// Whether `value`, which no quotes set off from code and prose, is a password: not letters alone.
pub(super) fn is_bare_password(value: &[u8]) -> bool {
    if is_stand_in(value) || has_own_rule(value) {
        return false;
    }
    let shape = Shape::of(value);
    let mixed = shape.letters > 0 && shape.digits + shape.symbols > 0;
    let number = shape.letters + shape.symbols == 0 && shape.digits >= 6;
    !shape.spaces && value.len() >= 5 && (mixed || number) && bits_per_byte(value) >= 1.5
}

/// Whether `value` may be the password in `scheme://user:value@host`, and no port.
pub(super) fn is_url_password(value: &[u8]) -> bool {
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let port =
        (1..=5).contains(&digits) && value.get(digits).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    !port
        && !is_stand_in(value)
        && !is_name(value)
        && !["pass", "pwd", "pw", "port"].iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
        && value.iter().any(u8::is_ascii_alphanumeric)
}

/// Whether `value` is `user:password`, of which the password, or the user if that is empty, is one.
pub(super) fn is_user_password(value: &[u8]) -> bool {
    let mut parts = value.splitn(2, |&byte| byte == b':');
    let (user, password) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    // A template, or the format of `date -u +%H:%M`.
    if user.first().is_some_and(|first| matches!(first, b'$' | b'<' | b'{' | b'%' | b'+')) {
        return false;
    }
    if password.is_empty() {
        return is_bare_password(user) && user.iter().any(u8::is_ascii_alphabetic) && user.len() >= 8;
    }
    let password = password.strip_prefix(b"'").unwrap_or(password);
    let password = password.strip_suffix(b"'").unwrap_or(password);
    let random = password.len() >= 10 && Shape::of(password).changes >= 5 && !is_stand_in(password);
    (is_bare_password(password) || random) && !password.iter().all(u8::is_ascii_digit)
}

/// Whether `value`, which begins as a vendor's credentials do, is one rather than filler in documentation.
pub(super) fn is_credential(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let filler = ["example", "placeholder", "redacted", "xxxxxx"].iter().any(|part| contains(&lower, part));
    // Letters without digits are words if there are small ones and they change their case as seldom as names in camel
    // case do, or never: `sk-loading-indicator-wrapper`. Random ones change it at every second letter.
    let shape = Shape::of(value);
    let small = value.iter().any(u8::is_ascii_lowercase);
    let words = small && shape.digits == 0 && shape.changes * 4 < shape.letters;
    !filler && !words && bits_per_byte(value) >= 3.0
}

fn has_own_rule(value: &[u8]) -> bool {
    let mut prefixes = OWN_RULE.split_ascii_whitespace().chain(OWN_FORMAT.split_ascii_whitespace());
    prefixes.any(|prefix| value.starts_with(prefix.as_bytes())) || super::jwt::is_jwt(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_neither_words_nor_names_nor_versions() {
        for good in
            ["8ic6avk66td7zf43nb6255amh", "743b294a-cd03-11ec-9d64-0242ac120002", "645826706718185937"]
        {
            assert!(is_token(good.as_bytes()), "{good}");
        }
        for bad in [
            "authentication",
            "sha256Hash",
            "user_token_2",
            "v1.2.3-beta4",
            "2024-01-01T00:00:00Z",
            "${API_KEY_1}",
            "process.env.K3Y1",
            "your-4p1-k3y-here",
            "xxxxxxxx1a2b3c",
            "config.t0k3n1.x",
            "$A1B2C3D4",
            "tok->a1b2c3",
        ] {
            assert!(!is_token(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn long_tokens_are_no_uuids() {
        assert!(is_long_token(b"q8Zt2LmX9vRb4KpWc7Ny0aB"));
        assert!(!is_long_token(b"743b294a-cd03-11ec-9d64-0242ac120002"));
        assert!(!is_long_token(b"q8Zt2LmX9v"));
    }

    #[test]
    fn passwords_may_be_short_but_no_stand_ins() {
        for good in ["hunter2", "P@ssw0rd!", "12345678", "a{b}c$1", "changeme1"] {
            assert!(is_bare_password(good.as_bytes()), "{good}");
        }
        for bad in [
            "string",
            "getpass",
            "${DB_PASS1}",
            "<pass1>",
            "{{ pw1 }}",
            "********",
            "%PASS1%",
            "os.environ1",
            "$1",
            "@p1",
            "your-passw0rd",
            "md5_hash1",
            "must be 8 long",
        ] {
            assert!(!is_bare_password(bad.as_bytes()), "{bad}");
        }
        assert!(is_password(b"changeme") && !is_password(b"undefined") && !is_password(b"Please"));
    }

    #[test]
    fn credentials_with_a_rule_of_their_own_are_left_to_it() {
        assert!(!is_token(b"ghp_0a1b2c3d4e5f") && !is_bare_password(b"sk-a1b2c3d4"));
        assert!(is_random(b"ghp_0a1b2c3d4e5f") && !is_random(b"sk-loading-indicator"));
    }

    #[test]
    fn a_port_is_no_password() {
        assert!(is_url_password(b"hunter2") && is_url_password(b"1234567"));
        assert!(
            !is_url_password(b"8080")
                && !is_url_password(b"8080.")
                && !is_url_password(b"password")
                && !is_url_password(b"${PW}")
        );
    }

    #[test]
    fn pairs_need_a_real_password() {
        assert!(is_user_password(b"j.doe:'p4ssw0rd'") && is_user_password(b"me:aBcdEFghIJklMn"));
        assert!(is_user_password(b"me:p4ssw0rd") && is_user_password(b"d2LkV78zLx!t:"));
        assert!(
            !is_user_password(b"user:pass")
                && !is_user_password(b"1000:1000")
                && !is_user_password(b"+%Y-%m-%dT%H:")
                && !is_user_password(b"$U:$P1")
        );
    }

    #[test]
    fn documentation_is_no_credential() {
        assert!(is_credential(b"ghp_wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO"));
        assert!(
            !is_credential(b"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxx") && !is_credential(b"AKIAIOSFODNN7EXAMPLE")
        );
        assert!(!is_credential(b"hf_requiredCharacteristicTypesForDisplay"));
        assert!(is_credential(&[b"AKIA".as_slice(), b"QWERTYUIOPASDFGH"].concat()));
        assert!(is_credential(b"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"));
    }
}
