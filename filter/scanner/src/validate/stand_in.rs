//! What stands in for a secret: filler of documentation, templates, and code that looks the secret up.

/// Parts (in lower case) that documentation writes where the reader should put a secret.
const FILLERS: &str = "xxxx **** .... ____ 0000000000 example your placeholder redacted dummy fake insert replace change_me \
    change-me todo -here _here [a-z [0-9 [^ \\w \\d %s";

/// How templates, look-ups and code begin.
const CODE: &str = "$( ${ {{ {% < %( %{ #{ * [ @{ & !! !ref !sub !secret !vault http: https: file: data: arn: vault: op: \
    secretref: valuefrom env: env( env. process. os. import. base64 b64 sha1 sha256 sha512 md5 bcrypt varchar \
    nvarchar utf8 utf-8 uint int32 int64 oauth2 oauth_ uuid4 get_ set_ function lambda = , ; ) } ] // ./ ../ \
    ~/ --";

/// Words (in lower case) that stand where a password could: types, states, instructions and names of credentials.
const WORDS: &str = "string strings text null none nil true false undefined required optional password passwd passwort \
    passphrase secret token apikey key value input username hidden invalid incorrect missing empty default \
    unknown please enter confirm forgot forgotten should cannot reset repeat retype current field protected \
    encrypted plaintext disabled enabled number object boolean integer email authentication different \
    something somewhere whatever contains requires provided expired accepted credential credentials manager \
    security property variable environment generate generated unchanged minimum maximum postgres localhost \
    contrasena kennwort wachtwoord";

/// Whether `value` stands in for a secret: filler, a template, or code that looks one up.
pub(super) fn is_stand_in(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    if has_filler(&lower) || CODE.split_ascii_whitespace().any(|part| lower.starts_with(part.as_bytes())) {
        return true;
    }
    // `$NAME`, `%NAME%`, `@name`, `:name`, `?name`.
    let variable =
        |rest: &[u8]| rest.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'%'));
    if matches!(value, [b'$' | b'%' | b'@' | b':' | b'?', rest @ ..] if variable(rest)) {
        return true;
    }
    contains(&lower, "->")
        || contains(&lower, "::")
        || contains(&lower, "_password")
        || is_member(value)
        || is_version(value)
        || is_interpolated(value)
}

/// `config.api_key1`, `settings.json`: a short word, a dot, and another word.
fn is_member(value: &[u8]) -> bool {
    let Some(dot) = value.iter().position(|&byte| byte == b'.') else { return false };
    let (first, rest) = value.split_at(dot);
    (1..=16).contains(&first.len())
        && first.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
        && rest.get(1).is_none_or(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'.'))
}

/// `prefix-${name}`, `{name}`.
fn is_interpolated(value: &[u8]) -> bool {
    value.split(|&byte| byte == b'{').skip(1).any(|rest| {
        let name = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        name > 2 && rest.get(name) == Some(&b'}')
    })
}

/// Whether `value` is one of [`WORDS`].
pub(super) fn is_name(value: &[u8]) -> bool {
    WORDS.split_ascii_whitespace().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
}

/// `1.2.3`, `v2.0.1-beta4`.
fn is_version(value: &[u8]) -> bool {
    let number = value.strip_prefix(b"v").unwrap_or(value);
    let major = number.iter().take_while(|byte| byte.is_ascii_digit()).count();
    matches!(number.get(major..), Some([b'.', b'0'..=b'9', ..])) && (1..=4).contains(&major)
}

/// Whether `lower` holds one of the [`FILLERS`].
fn has_filler(lower: &[u8]) -> bool {
    FILLERS.split_ascii_whitespace().any(|part| contains(lower, part))
}

pub(super) fn contains(text: &[u8], part: &str) -> bool {
    memchr::memmem::find(text, part.as_bytes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_templates_and_code_stand_in() {
        for bad in [
            "your-4p1-k3y",
            "xxxxxxxx",
            "${API_KEY}",
            "{{ secret }}",
            "<token>",
            "process.env.KEY",
            "$KEY1",
            "%PASS%",
            "tok->value",
            "Config::KEY",
            "settings.key",
            "prefix-${name}",
            "v1.2.3-beta4",
            "token_{user_id}",
            "caching_sha2_password",
        ] {
            assert!(is_stand_in(bad.as_bytes()), "{bad}");
        }
        for good in ["hunter2", "8ic6avk66td7zf43nb6255amh", "$ecret!", "a{b}c", "dt0c01.u50mpf5oo1x8"] {
            assert!(!is_stand_in(good.as_bytes()), "{good}");
        }
    }
}
