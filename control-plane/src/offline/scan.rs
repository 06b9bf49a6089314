//! `aegisgate scan`: JSON lines in, findings out, in constant memory.

mod lines;
mod report;

use super::{Workbench, WorkbenchArgs};
use aegis_policy::{Direction, Slot};
use anyhow::{Context as _, bail};
use clap::Args;
use lines::{Line, Lines};
use report::Input;
use std::collections::BTreeMap;
use std::io::{BufRead, BufWriter, IsTerminal as _, Write};

/// How often a progress line is written to a terminal, in lines.
const PROGRESS_EVERY: u64 = 1000;

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// Which way the texts travel: request or response.
    #[arg(long, default_value = "request", value_parser = parse_name::<Direction>)]
    direction: Direction,
    /// Where in a conversation they stand: system, developer, user, assistant, `tool_call_arguments`, `tool_result`,
    /// document or `tool_definition`.
    #[arg(long, default_value = "user", value_parser = parse_name::<Slot>)]
    slot: Slot,
    /// Add to each line what carries its score of prompt injection: techniques, and relations between concepts with their
    /// weights.
    #[arg(long)]
    explain: bool,
    /// Print a table of kinds to standard error at the end.
    #[arg(long)]
    summary: bool,
    #[command(flatten)]
    workbench: WorkbenchArgs,
}

/// What a run has seen.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    texts: u64,
    /// Texts in which something was found.
    hits: u64,
    /// Lines that could not be scanned.
    bad: u64,
    kinds: BTreeMap<String, u64>,
}

/// Reads JSON lines from standard input and writes one line of findings for each.
///
/// A line that cannot be scanned is reported with its number, and the others are scanned all the same; the command
/// fails at the end.
pub(crate) fn scan(args: &ScanArgs) -> anyhow::Result<()> {
    let mut bench = Workbench::new(&args.workbench)?;
    let input = std::io::stdin().lock();
    let out = BufWriter::new(std::io::stdout().lock());
    let mut log = std::io::stderr().lock();
    let progress = log.is_terminal();
    let totals = scan_lines(&mut bench, args, input, out, &mut log, progress)?;
    if args.summary {
        totals.write(&mut log)?;
    }
    if totals.bad > 0 {
        bail!("{} of {} lines were not scanned", totals.bad, totals.bad + totals.texts);
    }
    Ok(())
}

fn scan_lines(
    bench: &mut Workbench,
    args: &ScanArgs,
    input: impl BufRead,
    mut out: impl Write,
    log: &mut impl Write,
    progress: bool,
) -> anyhow::Result<Totals> {
    let mut totals = Totals::default();
    let mut lines = Lines::new(input);
    while let Some((number, line)) = lines.next().context("standard input")? {
        if progress && number.is_multiple_of(PROGRESS_EVERY) {
            write!(log, "\r{number} lines, {} with findings", totals.hits)?;
        }
        let scanned = match line {
            Line::Empty => continue,
            Line::TooLong => Err(format!("longer than {} bytes", lines::MAX_LINE)),
            Line::Text(line) => Input::parse(line)
                .and_then(|input| report::scan(bench, args.direction, args.slot, args.explain, input)),
        };
        match scanned {
            Ok(report) => {
                totals.texts += 1;
                totals.hits += u64::from(!report.findings.is_empty());
                for finding in &report.findings {
                    *totals.kinds.entry(finding.kind.to_owned()).or_default() += 1;
                }
                serde_json::to_writer(&mut out, &report)?;
                out.write_all(b"\n")?;
            }
            Err(reason) => {
                totals.bad += 1;
                let clear = if progress { "\r\x1b[K" } else { "" };
                writeln!(log, "{clear}line {number}: {reason}")?;
            }
        }
    }
    if progress {
        write!(log, "\r\x1b[K")?;
    }
    out.flush()?;
    Ok(totals)
}

// === impl Totals ===

impl Totals {
    fn write(&self, log: &mut impl Write) -> std::io::Result<()> {
        writeln!(log, "{} texts, {} with findings", self.texts, self.hits)?;
        self.kinds.iter().try_for_each(|(kind, count)| writeln!(log, "{count:>8}  {kind}"))
    }
}

/// Reads an enumeration by its name in documents.
fn parse_name<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::from(name)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
