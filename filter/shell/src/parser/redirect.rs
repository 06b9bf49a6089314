//! Redirections.

use super::{End, Open, Parser};
use crate::command::Redirect;

/// The operators, the longer ones first.
const OPERATORS: [&str; 12] = ["&>>", "<<<", "<<-", "&>", ">>", ">&", ">|", "<<", "<&", "<>", ">", "<"];

impl Parser<'_, '_> {
    /// Reads a redirection, if one begins here.
    pub(super) fn redirection(&mut self, open: &mut Open, end: End) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let digits = rest.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
        let behind = rest.get(digits..).unwrap_or_default();
        let Some(operator) = OPERATORS.into_iter().find(|one| behind.starts_with(one.as_bytes())) else {
            return false;
        };
        // `<(…)` is a word.
        let is_process = matches!(behind, [b'<' | b'>', b'(', ..]);
        if is_process || (digits > 0 && operator.starts_with('&')) {
            return false;
        }
        self.at += digits + operator.len();
        while matches!(self.peek(0), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let mut target = Open::default();
        self.word(&mut target, end);
        open.command.inner.append(&mut target.command.inner);
        let mut words = target.command.words.into_iter();
        let Some(word) = words.next() else { return true };
        match operator {
            "<<" | "<<-" => Self::expect_heredoc(open, word.text, operator == "<<-"),
            "<<<" => open.command.here = Some(word.text),
            _ => open.command.redirects.push(Redirect { operator, target: word.text }),
        }
        true
    }
}
