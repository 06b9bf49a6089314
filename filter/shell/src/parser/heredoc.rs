//! Here-documents: their bodies stand behind the line.

use super::{Open, Parser};
use crate::limits::MAX_VALUE;

/// A here-document whose body is yet to come.
#[derive(Debug)]
pub(super) struct Heredoc {
    delimiter: Vec<u8>,
    /// `<<-`: tabs in front of its lines do not count.
    strips_tabs: bool,
    /// The command that reads it, by its place in the pipeline.
    command: usize,
}

impl Parser<'_, '_> {
    /// A here-document with this delimiter begins behind the line.
    pub(super) fn expect_heredoc(open: &mut Open, delimiter: Vec<u8>, strips_tabs: bool) {
        open.heredocs.push(Heredoc { delimiter, strips_tabs, command: open.pipeline.len() });
    }

    /// Reads the bodies that begin here.
    pub(super) fn read_heredocs(&mut self, open: &mut Open) {
        if open.heredocs.is_empty() {
            return;
        }
        self.end_command(open);
        for heredoc in std::mem::take(&mut open.heredocs) {
            let body = self.heredoc_body(&heredoc);
            if let Some(command) = open.pipeline.get_mut(heredoc.command) {
                command.here = Some(body);
            }
        }
    }

    fn heredoc_body(&mut self, heredoc: &Heredoc) -> Vec<u8> {
        let mut body = Vec::new();
        while self.at < self.text.len() {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let mut line = rest.get(..end).unwrap_or_default();
            self.at += (end + 1).min(rest.len());
            if heredoc.strips_tabs {
                let tabs = line.iter().take_while(|byte| **byte == b'\t').count();
                line = line.get(tabs..).unwrap_or_default();
            }
            if line.strip_suffix(b"\r").unwrap_or(line) == heredoc.delimiter {
                break;
            }
            if body.len() + line.len() < MAX_VALUE {
                body.extend_from_slice(line);
                body.push(b'\n');
            }
        }
        body
    }
}
