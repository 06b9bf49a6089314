//! `aegisgate replay`: bytes in, the bytes that the filter would send out.

use super::{Workbench, WorkbenchArgs};
use aegis_engine::{Framing, Protocol, ResponseStream, redact_request};
use aegis_policy::Direction;
use anyhow::{Context as _, bail};
use clap::Args;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// Wire protocol: chat-completions or generic.
    #[arg(long)]
    protocol: String,
    /// What standard input holds: a request or a response.
    #[arg(long, default_value = "response")]
    direction: String,
    /// Feed a response in pieces of so many bytes.
    #[arg(long, default_value_t = 65536, value_parser = clap::value_parser!(u32).range(1..))]
    chunk: u32,
    /// For a response: the body of its request, whose values come back.
    #[arg(long)]
    request: Option<PathBuf>,
    #[command(flatten)]
    workbench: WorkbenchArgs,
}

/// Reads standard input to its end and writes what the filter would send on.
pub(crate) fn replay(args: &ReplayArgs) -> anyhow::Result<()> {
    let Some(protocol) = Protocol::by_name(&args.protocol) else {
        bail!(
            "unknown protocol `{}`: use one of {}",
            args.protocol,
            Protocol::names().collect::<Vec<_>>().join(", ")
        );
    };
    let direction: Direction = serde_json::from_value(args.direction.as_str().into())
        .with_context(|| format!("unknown direction `{}`: use request or response", args.direction))?;
    let mut input = Vec::new();
    std::io::stdin().lock().read_to_end(&mut input).context("standard input")?;
    let mut bench = Workbench::new(&args.workbench)?;
    let output = match direction {
        Direction::Request => request(&mut bench, protocol, input)?,
        Direction::Response => {
            let sent = args.request.as_ref().map(std::fs::read).transpose().context("the request's body")?;
            response(&mut bench, protocol, &input, sent.as_deref(), args.chunk)?
        }
    };
    let mut out = std::io::stdout().lock();
    out.write_all(&output)?;
    out.flush()?;
    Ok(())
}

fn request(bench: &mut Workbench, protocol: Protocol, body: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let mut vault = bench.vault();
    let redacted = redact_request(&bench.engine, &mut bench.caches, protocol, &body, &mut vault)
        .context("the filter would refuse this request")?;
    Ok(redacted.body.unwrap_or(body))
}

fn response(
    bench: &mut Workbench,
    protocol: Protocol,
    answer: &[u8],
    sent: Option<&[u8]>,
    chunk: u32,
) -> anyhow::Result<Vec<u8>> {
    let mut vault = bench.vault();
    if let Some(sent) = sent {
        redact_request(&bench.engine, &mut bench.caches, protocol, sent, &mut vault)
            .context("the filter would refuse that request")?;
    }
    // The filter looks at the content type, which is not here.
    let json = answer.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'{' | b'['));
    let mut stream = ResponseStream::new(protocol, if json { Framing::Json } else { Framing::Sse });
    let mut out = Vec::with_capacity(answer.len());
    for piece in answer.chunks(usize::try_from(chunk).unwrap_or(usize::MAX)) {
        stream.push(&bench.engine, &mut bench.caches, &vault, piece, &mut out);
    }
    stream.finish(&bench.engine, &mut bench.caches, &vault, &mut out);
    match stream.exceeded() {
        Some(exceeded) => Err(exceeded).context("the filter would end this answer early"),
        None => Ok(out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aegis_policy::{Disposition, Override, Policy};

    #[test]
    fn a_request_and_the_answer_to_it() {
        let mut bench = Workbench::with(&Policy::only(&["email"]));
        let body = br#"{"messages":[{"role":"user","content":"joe@corp.example"}]}"#;
        let sent = String::from_utf8(request(&mut bench, Protocol::ChatCompletions, body.to_vec()).unwrap())
            .unwrap();
        let placeholder =
            format!("{{{{{}}}}}", sent.split(['{', '}']).find(|part| part.starts_with("AG_")).unwrap());
        let answer = format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{placeholder}\"}},\"finish_reason\":\"stop\"}}]}}\n\n"
        );
        for chunk in [1, 1000] {
            let out = response(&mut bench, Protocol::ChatCompletions, answer.as_bytes(), Some(body), chunk)
                .unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), answer.replace(&placeholder, "joe@corp.example"));
        }
        assert!(request(&mut bench, Protocol::ChatCompletions, b"{".to_vec()).is_err());
    }

    #[test]
    fn a_blocked_request_is_an_error() {
        let mut policy = Policy::only(&["email"]);
        policy.rules.push(Override::everywhere(Some("email"), Disposition::Block));
        let body = br#"{"messages":[{"role":"user","content":"joe@corp.example"}]}"#;
        let blocked = request(&mut Workbench::with(&policy), Protocol::ChatCompletions, body.to_vec());
        let error = format!("{:#}", blocked.unwrap_err());
        assert!(error.contains("policy refuses") && !error.contains("joe"), "{error}");
    }
}
