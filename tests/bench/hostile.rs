//! Texts made to be slow to scan.

use crate::texts::Random;

/// Fragments of labels, prefixes and values, each of which begins something for a rule.
const FRAGMENTS: [&str; 32] = [
    "sk-",
    "AKIA",
    "ghp_",
    "eyJ",
    "xoxb-",
    "-----BEGIN ",
    "password",
    "token",
    "secret_",
    "api_key",
    "=",
    ": \"",
    "@",
    "mail.",
    "https://",
    "user:",
    "Authorization: Bearer ",
    "ssn ",
    "iban DE",
    "4111 ",
    "+49 ",
    "10.2.",
    "::1",
    "0x",
    "name: ",
    "身份证",
    "密码：",
    "_",
    "-",
    "a1B2",
    "99",
    "\n",
];

/// A text of about `bytes` of each kind.
pub(crate) fn all(bytes: usize) -> Vec<(&'static str, String)> {
    let mut random = Random::new(11);
    let mut of = |alphabet: &[&str]| {
        let mut text = String::with_capacity(bytes + 32);
        while text.len() < bytes {
            text.push_str(alphabet[random.below(alphabet.len())]);
        }
        text
    };
    let digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let separated: Vec<&str> = digits.iter().copied().chain([" ", "-", ".", ":", "/"]).collect();
    let letters: Vec<String> =
        ('a'..='z').chain('A'..='Z').chain('0'..='9').chain(['+', '/']).map(String::from).collect();
    let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
    vec![
        ("one letter", of(&["a"])),
        ("one digit", of(&["4"])),
        ("a.a.a.", of(&["a."])),
        ("digits", of(&digits)),
        ("digits and separators", of(&separated)),
        ("random base64", of(&letters)),
        ("sk-sk-sk-", of(&["sk-"])),
        ("eyJ.eyJ.", of(&["eyJ."])),
        ("password=password=", of(&["password="])),
        ("a@a.aa ", of(&["a@a.aa "])),
        ("-----BEGIN A ", of(&["-----BEGIN A "])),
        ("../../..", of(&["../"])),
        ("spaces", of(&[" "])),
        ("%41%41", of(&["%41"])),
        ("&#65;&#65;", of(&["&#65;"])),
        ("backslashes", of(&["\\"])),
        ("a row of marks", of(&["-"])),
        ("a dump of digits", of(&["27"])),
        ("a</a>a</a>", of(&["a</a>"])),
        ("ig-nore ig-nore", of(&["ig-nore "])),
        ("zero width", of(&["a\u{200b}"])),
        ("full width", of(&["ａ"])),
        // These and one letter alone take seconds in gateways that backtrack.
        ("show show", of(&["show "])),
        ("ignore ignore", of(&["ignore "])),
        ("curl a@b.cc", of(&["curl a@b.cc "])),
        ("02 04 06", of(&["02 ", "04 ", "06 "])),
        ("fragments", of(&FRAGMENTS)),
    ]
}
