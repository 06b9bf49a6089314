//! What a placeholder looks like when it comes back from a model.

use super::seal;
use aegis_scanner::{Pattern, RuleError, Scanner};

/// Models change the case, put spaces inside the braces, escape underscores and braces for Markdown, and write braces
/// and underscores as HTML entities. In tool-call arguments a Markdown backslash is itself escaped, so two may stand.
/// Braces are escaped both or not at all: a single backslash in front belongs to the text.
const HEAD: &str = concat!(
    r"(?:\{\{|(?:\\{1,2}\{){2}|(?:&#123;|&lcub;|&lbrace;){2})[ ]{0,2}",
    r"[Aa][Gg](?:\\{0,2}_|&#95;|&lowbar;)",
    r"[A-Za-z2-7]{8}(?:\\{0,2}_|&#95;|&lowbar;)",
    r"(?:[A-Za-z0-9]|\\{0,2}_|&#95;|&lowbar;)+(?:\\{0,2}_|&#95;|&lowbar;)",
);
const END: &str = r"[ ]{0,2}(?:\}\}|(?:\\{1,2}\}){2}|(?:&#125;|&rcub;|&rbrace;){2})";

/// What stands between them: a number …
const NUMBER: &str = "[0-9]{1,4}";
/// … or the rest of a sealed value, which the cap limits.
const NUMBER_OR_SEALED: &str = "(?:[0-9]{1,4}|[A-Za-z2-7]{16,})";

/// The longest spelling: a kind of 48 characters with every underscore as `&lowbar;` has under 200.
const CAP: u32 = 200;
/// The same with the rest of the longest sealed value.
#[expect(clippy::cast_possible_truncation, reason = "under 300")]
const SEALED_CAP: u32 = CAP + seal::MAX_REST as u32;

/// Finds everything that may be a placeholder, also a sealed one if there may be any. The vault decides what is one.
pub(crate) fn scanner(sealed: bool) -> Result<Scanner, RuleError> {
    let (middle, cap) = if sealed { (NUMBER_OR_SEALED, SEALED_CAP) } else { (NUMBER, CAP) };
    let regex = [HEAD, middle, END].concat();
    Scanner::new(&[Pattern { id: "placeholder".into(), regex, label: None, behind: None, cap }])
}

/// The canonical name `AG_<TAG>_<KIND>_<n>` of what was found.
pub(super) fn canonical(found: &[u8]) -> String {
    let mut name = String::with_capacity(found.len());
    let mut rest = found;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'_' => name.push('_'),
            b'&' => {
                let end = memchr::memchr(b';', rest).map_or(rest.len(), |end| end + 1);
                let (entity, behind) = rest.split_at(end);
                if matches!(entity, b"#95;" | b"lowbar;") {
                    name.push('_');
                }
                rest = behind;
            }
            _ if byte.is_ascii_alphanumeric() => name.push(char::from(byte.to_ascii_uppercase())),
            _ => {}
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_scanner::{AcceptAll, Budget};

    #[test]
    fn reads_what_models_write() {
        let scanner = scanner(true).unwrap();
        for text in [
            "{{AG_ABCDEFG2_AWS_ACCESS_KEY_1}}",
            "{{ag_abcdefg2_aws_access_key_1}}",
            "{{ AG_ABCDEFG2_AWS_ACCESS_KEY_1 }}",
            r"{{AG\_ABCDEFG2\_AWS\_ACCESS\_KEY\_1}}",
            r"\{\{AG\\_ABCDEFG2\\_AWS_ACCESS_KEY_1\}\}",
            "&#123;&#123;AG&#95;ABCDEFG2_AWS&lowbar;ACCESS_KEY_1&rbrace;&rbrace;",
        ] {
            let mut found = vec![];
            scanner
                .scan(
                    &mut scanner.cache(),
                    format!("a {text}.").as_bytes(),
                    &AcceptAll,
                    &mut Budget::default(),
                    &mut found,
                )
                .unwrap();
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!((found[0].start, found[0].end), (2, 2 + text.len() as u64), "{text}");
            assert_eq!(canonical(text.as_bytes()), "AG_ABCDEFG2_AWS_ACCESS_KEY_1");
        }
    }

    #[test]
    fn the_longest_sealed_one_fits_in_its_longest_spelling() {
        let kind = "AWS_A_B_C_D_E_F_G_H_I_SECRETSECRETSECRETSECRET_1";
        let rest = "A".repeat(seal::MAX_REST);
        let longest = format!("{{{{ AG_ABCDEFG2_{kind}_{rest} }}}}")
            .replace('{', "&lbrace;")
            .replace('}', "&rbrace;")
            .replace('_', "&lowbar;");
        for (sealed, count) in [(true, 1), (false, 0)] {
            let scanner = scanner(sealed).unwrap();
            let mut found = vec![];
            let text = longest.as_bytes();
            scanner.scan(&mut scanner.cache(), text, &AcceptAll, &mut Budget::default(), &mut found).unwrap();
            assert_eq!(found.len(), count);
        }
    }

    #[test]
    fn a_backslash_beside_a_placeholder_is_text() {
        let scanner = scanner(true).unwrap();
        let mut found = vec![];
        let text = br"C:\{{AG_ABCDEFG2_EMAIL_1}}\ \{{AG_ABCDEFG2_EMAIL_1}}";
        scanner.scan(&mut scanner.cache(), text, &AcceptAll, &mut Budget::default(), &mut found).unwrap();
        let spans: Vec<(u64, u64)> = found.iter().map(|one| (one.start, one.end)).collect();
        assert_eq!(spans, [(3, 26), (29, 52)]);
    }

    #[test]
    fn other_braces_are_no_placeholders() {
        let scanner = scanner(true).unwrap();
        let mut found = vec![];
        let text = b"{{AG_}} {{ user.name }} ${{ secrets.TOKEN }} {{AG_ABCDEFG2_1}} {AG_ABCDEFG2_EMAIL_1}";
        scanner.scan(&mut scanner.cache(), text, &AcceptAll, &mut Budget::default(), &mut found).unwrap();
        assert_eq!(found, []);
    }
}
