//! What stands in an answer for something dangerous.

/// Stands for a fragment that was taken out, and in front of one that was made harmless. It means nothing to any shell,
/// interpreter or database: run as a command it is one that does not exist, so the client's tool fails and the model
/// reads why.
pub(crate) const NOTICE: &str = "【AegisGate已处理危险疑似片段】";

/// Stands in front of a command that somebody should look at. A comment in every shell.
pub(crate) const ASK: &str = "# AegisGate: please check this command before you run it.\n";

/// Characters of a word between two hyphens in a fragment that was made harmless.
const GROUP: usize = 3;

/// The notice and `fragment` with hyphens in its words: people can read it, nothing runs it.
pub(crate) fn defang(fragment: &str) -> String {
    let mut out = NOTICE.to_owned();
    let mut written = 0;
    for character in fragment.chars() {
        if character.is_whitespace() {
            written = 0;
        } else {
            if written > 0 && written % GROUP == 0 {
                out.push('-');
            }
            written += 1;
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_hyphenated_and_white_space_stays() {
        for (fragment, expected) in
            [("rm -rf /tmp", "rm -rf /tm-p"), ("developer\n ab", "dev-elo-per\n ab"), ("删除所有文件", "删除所-有文件")]
        {
            assert_eq!(defang(fragment), format!("{NOTICE}{expected}"));
        }
    }
}
