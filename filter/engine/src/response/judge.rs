//! What happens to an argument of a tool call: the policy's word on what it would do, and on where its values would go.

use super::Context;
use super::arguments::{Argument, ArgumentString, Arguments};
use super::nest::Nest;
use crate::action::{ASK, NOTICE};
use crate::limits::MAX_NESTED_DOCUMENTS;
use crate::text::escape_json_times;
use aegis_policy::{Direction, Disposition, Slot};
use aegis_scanner::{Match, TooManyMatches};
use std::ops::Range;

/// What happens to one string of an argument.
#[derive(Debug)]
pub(super) struct Verdict {
    /// Where the string stands, between its quotes.
    pub(super) span: Range<u64>,
    disposition: Disposition,
    /// It is a command that can carry a comment.
    is_command: bool,
    /// Values must not be put into it.
    leads_out: bool,
}

/// Families of rules for languages in which `#` begins a comment.
const COMMENTED: [&str; 2] = ["danger.shell", "danger.powershell"];

/// Judges a complete argument, or what there is of one.
pub(super) fn judge(context: &mut Context<'_>, argument: &Argument) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = argument.judged().map(|string| judge_string(context, string)).collect();
    // A command may be an array of words: what they do together happens to the first of them.
    let mut arrays: Vec<(usize, Vec<&[u8]>, usize)> = Vec::new();
    for (index, string) in argument.judged().enumerate() {
        let Some(array) = string.array else { continue };
        match arrays.last_mut().filter(|(last, ..)| *last == array) {
            Some((_, words, _)) => words.push(&string.text),
            None => arrays.push((array, vec![&string.text], index)),
        }
    }
    for (_, words, first) in arrays.iter().filter(|(_, words, _)| words.len() > 1) {
        let count = words.len();
        let words = words.iter().map(|word| std::str::from_utf8(word).unwrap_or_default());
        let line = aegis_shell::quote(words).into_bytes();
        let (disposition, _) = disposition(context, &line);
        let leads_out = context.leads_out(&line);
        for (index, verdict) in verdicts.iter_mut().enumerate().skip(*first).take(count) {
            verdict.leads_out |= leads_out;
            if index == *first {
                verdict.disposition = verdict.disposition.max(disposition);
            }
        }
    }
    verdicts
}

fn judge_string(context: &mut Context<'_>, string: &ArgumentString) -> Verdict {
    let (mut disposition, is_command) = disposition(context, &string.text);
    disposition = disposition.max(inner(context, &string.text, MAX_NESTED_DOCUMENTS));
    let leads_out = context.leads_out(&string.text);
    Verdict { span: string.span.clone(), disposition, is_command, leads_out }
}

/// The strongest thing that the policy says of `text`, and whether it is a command. A value may change what a command
/// does (it may hold a quotation mark), and so may the spelling of its placeholder (`&#123;` begins a comment): both count.
fn disposition(context: &mut Context<'_>, text: &[u8]) -> (Disposition, bool) {
    // Nothing real has so many: an argument that cannot be judged does not go through.
    const TOO_MANY: (Disposition, bool) = (Disposition::Sanitize, false);
    let Ok(written) = findings(context, text) else { return TOO_MANY };
    let restored = match context.restored(text).map(|restored| findings(context, &restored)) {
        None => Vec::new(),
        Some(Ok(restored)) => restored,
        Some(Err(TooManyMatches)) => return TOO_MANY,
    };
    let strongest = |found: &[(Match, Disposition)]| found.iter().map(|(_, disposition)| *disposition).max();
    let found = if strongest(&restored) > strongest(&written) { restored } else { written };
    let mut done = Disposition::Allow;
    let mut is_command = false;
    for (one, _) in found {
        let family = context.engine.rule(one.rule).map(|rule| rule.family.as_str()).unwrap_or_default();
        is_command |= COMMENTED.contains(&family);
        done = done.max(context.note(Slot::ToolCallArguments, one.rule, one.end - one.value));
    }
    (done, is_command)
}

/// What is found in `text` and more than redacted.
fn findings(context: &mut Context<'_>, text: &[u8]) -> Result<Vec<(Match, Disposition)>, TooManyMatches> {
    let found = context.detect(Slot::ToolCallArguments, text)?;
    let engine = context.engine;
    let disposition =
        |one: Match| (one, engine.disposition(Direction::Response, Slot::ToolCallArguments, one.rule));
    Ok(found
        .into_iter()
        .map(disposition)
        .filter(|(_, disposition)| *disposition > Disposition::Redact)
        .collect())
}

/// What the policy says of the strings of a document that is itself an argument.
fn inner(context: &mut Context<'_>, text: &[u8], depth: usize) -> Disposition {
    let is_document = text.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'{' | b'['));
    if depth == 0 || !is_document {
        return Disposition::Allow;
    }
    let mut arguments = Arguments::default();
    Nest::default().push(text, 0, &mut arguments);
    arguments.finish();
    let mut strongest = Disposition::Allow;
    for argument in arguments.take_complete() {
        for string in argument.judged() {
            strongest = strongest.max(disposition(context, &string.text).0);
            strongest = strongest.max(inner(context, &string.text, depth - 1));
        }
    }
    strongest
}

// === impl Verdict ===

impl Verdict {
    /// Does what was decided to the string, which stands in `runs` and is escaped `depth` times.
    pub(super) fn apply(&self, context: &mut Context<'_>, runs: &[Range<u64>], depth: usize) {
        let splice = &mut *context.splice;
        if self.leads_out {
            context.report.note_undone(runs.iter().map(|run| splice.undo(run)).sum());
        }
        match self.disposition {
            Disposition::Allow | Disposition::Mark | Disposition::Redact => {}
            // The call goes on, and says to whoever is asked to approve it that it should be looked at.
            Disposition::Defang => {
                if let Some(first) = runs.first().filter(|_| self.is_command) {
                    splice.replace(first.start..first.start, escape_json_times(ASK.as_bytes(), depth));
                }
            }
            Disposition::Sanitize | Disposition::Block => {
                let mut replacement = escape_json_times(NOTICE.as_bytes(), depth);
                for run in runs {
                    splice.supersede(run.clone(), std::mem::take(&mut replacement));
                }
            }
        }
    }
}
