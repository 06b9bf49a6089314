//! From words to a command line.

/// A command line whose words are `words`, as a POSIX shell reads them.
///
/// ```
/// assert_eq!(aegis_shell::quote(["bash", "-lc", "rm -rf /"]), "bash -lc 'rm -rf /'");
/// ```
pub fn quote<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
        if !word.is_empty() && word.bytes().all(is_plain) {
            line.push_str(word);
        } else {
            line.push('\'');
            line.push_str(&word.replace('\'', r"'\''"));
            line.push('\'');
        }
    }
    line
}
