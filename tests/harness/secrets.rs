//! Things that look like secrets and personal data, made up from a template and a seed.
//!
//! No such value stands in the source, so that neither a secret scanner nor a reader has to wonder whether it is real.

use data_encoding::BASE64URL_NOPAD;

/// Fills in `{class:count}` with characters of a class, as [`aegis_policy::example`] describes.
#[track_caller]
pub fn lookalike(template: &str, seed: u64) -> String {
    let value = aegis_policy::example::expand(template, &seed.to_string());
    assert!(!value.contains('{'), "{template} has a field that is no template");
    value
}

/// A payment card number that passes the Luhn check, in the range of a large issuer.
pub fn payment_card(seed: u64) -> String {
    let payload = lookalike("4{digit:14}", seed);
    let sum: u32 = payload.chars().rev().enumerate().map(|(index, digit)| luhn_share(index, digit)).sum();
    format!("{payload}{}", (10 - sum % 10) % 10)
}

/// A JSON Web Token with a random signature.
pub fn jwt(seed: u64) -> String {
    let header = BASE64URL_NOPAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = format!(r#"{{"sub":"{}","iat":1700000000}}"#, lookalike("{digit:10}", seed));
    format!("{header}.{}.{}", BASE64URL_NOPAD.encode(claims.as_bytes()), lookalike("{alnum:43}", seed))
}

/// A private key in PEM with `lines` lines of random base64.
pub fn private_key(lines: usize, seed: u64) -> String {
    let fence = |word: &str| ["-----", word, " RSA PRIVATE ", "KEY-----"].concat();
    let body: Vec<String> = (0..lines).map(|line| lookalike("{base64:64}", seed + line as u64)).collect();
    format!("{}\n{}\n{}", fence("BEGIN"), body.join("\n"), fence("END"))
}

/// One of each kind that the first rule set finds; the label says which.
pub fn one_of_each(seed: u64) -> Vec<(&'static str, String)> {
    let github = concat!("git", "hub_pat_{alnum:22}_{alnum:59}");
    vec![
        ("e-mail", lookalike("{lower:6}.{lower:8}@{lower:9}.org", seed)),
        ("phone", lookalike("+4930{nonzero:8}", seed)),
        ("card", payment_card(seed)),
        ("IPv4", lookalike("8{nonzero:1}.1{digit:2}.{nonzero:2}.{nonzero:2}", seed)),
        ("OpenAI key", lookalike(concat!("sk-", "proj-{alnum:74}T3Blbk", "FJ{alnum:74}"), seed)),
        ("Anthropic key", lookalike(concat!("sk-", "ant-api03-{alnum:93}AA"), seed)),
        ("GitHub token", lookalike(concat!("gh", "p_{alnum:36}"), seed)),
        ("GitHub fine-grained token", lookalike(github, seed)),
        ("AWS key", lookalike(concat!("AK", "IA{base32:16}"), seed)),
        ("JWT", jwt(seed)),
        ("private key", private_key(6, seed)),
    ]
}

/// All kinds of secrets, with what JSON has to escape and what is more than one byte right next to them.
pub fn prompt(kinds: &[(&str, String)]) -> String {
    let mut prompt = String::from("Übersicht \"A\\B\" für 张伟 🦀\u{1F468}\u{200D}\u{1F469}:\r\n");
    for (index, (kind, secret)) in kinds.iter().enumerate() {
        let line = match index % 4 {
            0 => format!("{kind}是：{secret}，谢谢。"),
            1 => format!("\t{kind} = \"{secret}\"; path C:\\temp\\new\\u0041"),
            2 => format!("🔑{secret}🔑 ({kind}) {{not: \"json\"}}"),
            _ => format!("{kind}: {secret}\\n not a line break </script> \u{2028}"),
        };
        prompt.push_str(&line);
        prompt.push_str("\n---\n");
    }
    prompt + "Ende, \u{0001}\u{007f} done"
}

/// A policy that refuses requests with a number like `FB-12345678`, and blocks answers with one like `CU-12345678`.
pub const BLOCKING_POLICY: &str = r"
version: 1
name: blocking
rules:
  - {rule: forbidden, directions: [request], action: block}
  - {rule: forbidden, directions: [response], action: allow}
  - {rule: customer, directions: [request], action: allow}
  - {rule: customer, directions: [response], action: block}
custom_rules:
  - id: forbidden
    kind: FORBIDDEN
    description: Numbers that must not get out.
    source: made up for the tests
    pattern: '\bFB-[0-9]{8}\b'
    cap: 11
    severity: high
    match: ['FB-{digit:8}', 'it is FB-{digit:8}.']
    no_match: ['FB-{digit:7}', 'XFB-{digit:8}']
  - id: customer
    kind: CUSTOMER_NO
    description: Numbers that must not get in.
    source: made up for the tests
    pattern: '\bCU-[0-9]{8}\b'
    cap: 11
    severity: high
    match: ['CU-{digit:8}', 'it is CU-{digit:8}.']
    no_match: ['CU-{digit:7}', 'XCU-{digit:8}']
";

/// [`BLOCKING_POLICY`] that answers in the model's place.
pub fn answering_policy() -> String {
    format!("{BLOCKING_POLICY}block_status: 200\n")
}

/// What a client of [`answering_policy`] is told.
pub const REFUSAL: &str =
    "[AegisGate] request_blocked: The request contains something that this gateway's policy refuses.";

/// A text that [`BLOCKING_POLICY`] lets a user say and a model not: the text, a part of it that the client gets all the
/// same if it is streamed, with a value in it that is redacted, and what the client must not get.
pub fn answer_to_block(seed: u64) -> (String, String, String) {
    let mail = lookalike("{lower:7}@{lower:8}.org", seed);
    let forbidden = lookalike("CU-{digit:8}", seed);
    let until = format!("Dear {mail}, you asked for the customers of this week.");
    let text = format!("{until} They are, as far as we know: {forbidden} and nobody else. Goodbye {mail}!");
    (text, until, forbidden)
}

/// The parts of a secret that must not be seen either: a private key's lines, or the whole.
pub fn fragments(secret: &str) -> Vec<&str> {
    secret.lines().filter(|line| !line.starts_with("-----")).collect()
}

/// What a digit adds to the Luhn sum, `index` places left of the check digit.
fn luhn_share(index: usize, digit: char) -> u32 {
    let digit = digit.to_digit(10).expect("a digit");
    match (index % 2, digit) {
        (0, 5..) => digit * 2 - 9,
        (0, _) => digit * 2,
        _ => digit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_value() {
        assert_eq!(lookalike("x{alnum:30}", 1), lookalike("x{alnum:30}", 1));
        assert_ne!(lookalike("x{alnum:30}", 1), lookalike("x{alnum:30}", 2));
        assert_eq!(lookalike("a{hex:4}b{digit:2}", 3).len(), 8);
    }

    #[test]
    fn the_luhn_share_is_that_of_iso_7812() {
        // The example of the standard's annex: 7992739871 has the check digit 3.
        let sum: u32 =
            "7992739871".chars().rev().enumerate().map(|(index, digit)| luhn_share(index, digit)).sum();
        assert_eq!((10 - sum % 10) % 10, 3);
    }

    #[test]
    fn ten_kinds_and_no_two_alike() {
        let kinds = one_of_each(7);
        assert!(kinds.len() >= 10);
        assert!(kinds.iter().enumerate().all(|(index, kind)| !kinds[..index].contains(kind)));
    }
}
