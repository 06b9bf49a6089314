//! `aegisgate scan`: JSON lines in, findings out, in constant memory.

use super::Workbench;
use aegis_policy::{Confidence, Direction, Slot};
use aegis_scanner::{Budget, Match};
use anyhow::Context as _;
use clap::Args;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufWriter, IsTerminal as _, Write as _};

/// How often a progress line is written to a terminal, in texts.
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
    /// Print a table of kinds to standard error at the end.
    #[arg(long)]
    summary: bool,
    /// Key of the placeholders in `output`, 64 hexadecimal digits.
    #[arg(long, env = "AEGIS_PLACEHOLDER_KEY", hide_env_values = true)]
    placeholder_key: Option<String>,
}

#[derive(Deserialize)]
struct Input {
    id: serde_json::Value,
    text: String,
}

/// One line of output.
#[derive(Serialize)]
struct Report<'a> {
    id: serde_json::Value,
    findings: Vec<Finding<'a>>,
    /// By name of the classifier. None is built in yet.
    scores: BTreeMap<&'static str, f32>,
    action: &'static str,
    output: String,
}

/// Offsets are UTF-8 bytes of the input text.
#[derive(Serialize)]
struct Finding<'a> {
    rule: &'a str,
    kind: &'a str,
    start: u64,
    end: u64,
    score: f32,
}

/// Reads JSON lines from standard input and writes one line of findings for each.
pub(crate) fn scan(args: &ScanArgs) -> anyhow::Result<()> {
    let mut bench = Workbench::new(args.placeholder_key.as_deref())?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    let (mut texts, mut hits) = (0u64, 0u64);
    for line in std::io::stdin().lock().lines() {
        let line = line.context("standard input")?;
        texts += 1;
        if line.trim().is_empty() {
            continue;
        }
        let input: Input = serde_json::from_str(&line)
            .with_context(|| format!("line {texts}: expected a JSON object with `id` and `text`"))?;
        let output = scan_text(&mut bench, args, input)?;
        hits += u64::from(!output.findings.is_empty());
        for finding in &output.findings {
            *kinds.entry(finding.kind.to_owned()).or_default() += 1;
        }
        serde_json::to_writer(&mut out, &output)?;
        out.write_all(b"\n")?;
        if std::io::stderr().is_terminal() && texts.is_multiple_of(PROGRESS_EVERY) {
            eprint!("\r{texts} texts, {hits} with findings");
        }
    }
    out.flush()?;
    if args.summary {
        eprintln!("\n{texts} texts, {hits} with findings");
        for (kind, count) in kinds {
            eprintln!("{count:>8}  {kind}");
        }
    }
    Ok(())
}

fn scan_text<'a>(bench: &'a mut Workbench, args: &ScanArgs, input: Input) -> anyhow::Result<Report<'a>> {
    let mut found: Vec<Match> = Vec::new();
    let text = input.text.as_bytes();
    bench
        .engine
        .detect(&mut bench.caches, args.direction, args.slot, text, &mut Budget::default(), &mut found)
        .with_context(|| format!("text {}", input.id))?;
    let mut vault = bench.vault();
    let mut findings = Vec::with_capacity(found.len());
    let mut output = String::with_capacity(input.text.len());
    let mut rest = 0;
    for next in &found {
        let (Ok(start), Ok(end)) = (usize::try_from(next.value), usize::try_from(next.end)) else { continue };
        let (Some(before), Some(value), Some(rule)) =
            (input.text.get(rest..start), input.text.get(start..end), bench.engine.rule(next.rule))
        else {
            continue;
        };
        output.push_str(before);
        output.push_str(&vault.placeholder(&rule.kind, value.as_bytes()));
        rest = end;
        let score = match rule.confidence {
            Confidence::High => 0.95,
            Confidence::Medium => 0.75,
            Confidence::Low => 0.4,
        };
        findings.push(Finding { rule: &rule.id, kind: &rule.kind, start: next.value, end: next.end, score });
    }
    output.push_str(input.text.get(rest..).unwrap_or_default());
    let action = if findings.is_empty() { "allow" } else { "redact" };
    Ok(Report { id: input.id, findings, scores: BTreeMap::new(), action, output })
}

/// Reads an enumeration by its name in documents.
fn parse_name<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::from(name)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_bytes_and_the_output_holds_placeholders() {
        let mut bench = Workbench::new(None).unwrap();
        let args = ScanArgs {
            direction: Direction::Request,
            slot: Slot::User,
            summary: false,
            placeholder_key: None,
        };
        let text = "邮箱 joe.doe@corp.example。".to_owned();
        let output = scan_text(&mut bench, &args, Input { id: 7.into(), text: text.clone() }).unwrap();
        assert_eq!(output.findings.len(), 1);
        let finding = &output.findings[0];
        assert_eq!((finding.rule, finding.kind), ("email", "EMAIL"));
        assert_eq!(&text.as_bytes()[7..27], b"joe.doe@corp.example");
        assert_eq!((finding.start, finding.end), (7, 27));
        assert!(output.output.starts_with("邮箱 {{AG_") && output.output.ends_with("_EMAIL_1}}。"));
    }
}
