//! `make bench`: plain Envoy beside the gateway with every rule on, in one run.
//!
//! Both have one worker and the same upstream, whose answers were built before. The two take turns in short rounds, and
//! what counts is the median of the rounds' ratios: on a busy machine, numbers of one side alone mean nothing.
//! A wrong answer ends the run: a benchmark of errors is worthless.
//!
//! `bench throughput` and `bench streams` measure these alone, `bench engine` the engine in V8 without a gateway around
//! it, `bench tokens` 100,000 tokens; `bench soak <seconds>` is `make soak`.

mod bare;
mod case;
mod engine;
mod hostile;
mod load;
mod many_tokens;
mod memory;
mod pacer;
mod probe;
mod registration;
mod rounds;
mod side;
mod soak;
mod stamps;
mod statistics;
mod streamed;
mod streams;
mod table;
mod texts;
mod throughput;
mod upstream;
mod usage;
mod wire;

use aegis_tests::Gateway;
use aegis_tests::gateway::chat_path;
use bare::Bare;
use case::Case;
use rustix::process::{Resource, getrlimit, setrlimit};
use side::{CHAT, Side, Sides};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use upstream::Upstream;

/// Bytes of the longest prompts.
const PROMPT: usize = 400_000;

/// The gateway's default limit of request bodies with its headroom.
const BUFFER_LIMIT_BYTES: &str = "13048576";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let started = Instant::now();
    raise_file_limit();
    match arguments.as_slice() {
        ["tokens"] => many_tokens(),
        ["engine"] => engine::report(),
        _ => return with_gateway(&arguments, started),
    }
    ExitCode::SUCCESS
}

fn with_gateway(arguments: &[&str], started: Instant) -> ExitCode {
    let upstream = Upstream::start();
    let gateway = Gateway::start();
    let values = [
        ("UPSTREAM_PORT", upstream.port().to_string()),
        ("BUFFER_LIMIT_BYTES", BUFFER_LIMIT_BYTES.to_owned()),
    ];
    let plain =
        Bare::start("envoy/plain.yaml", &values.each_ref().map(|(name, value)| (*name, value.as_str())));
    let token = gateway.register(&upstream.base("/v1"));
    let base = chat_path(&token).trim_end_matches(CHAT).to_owned();
    let sides = Sides {
        plain: Side::new(plain.port, "/v1".to_owned(), plain.pid()),
        gateway: Side::new(gateway.port, base, gateway.envoy_pid().expect("Envoy is a child of the gateway")),
    };
    match arguments {
        [] => tables(&gateway, &sides, &upstream),
        ["throughput"] => throughput_tables(&sides, &upstream),
        ["streams"] => stream_tables(&sides, &upstream),
        ["soak", seconds] => {
            let duration = Duration::from_secs(seconds.parse().expect("a number of seconds"));
            if !soak::run(&sides, &upstream, duration) {
                return ExitCode::FAILURE;
            }
        }
        _ => panic!("usage: bench [throughput | streams | engine | tokens | soak <seconds>]"),
    }
    println!("\n{:.0} s in all", started.elapsed().as_secs_f64());
    ExitCode::SUCCESS
}

/// Both ends of 1,000 streams are here, and the proxies inherit the limit.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, ..limit };
    setrlimit(Resource::Nofile, raised).expect("up to the maximum, everybody may");
}

fn tables(gateway: &Gateway, sides: &Sides, upstream: &Upstream) {
    table::heading("Memory");
    memory::report(sides, upstream);

    throughput_tables(sides, upstream);

    stream_tables(sides, upstream);

    table::heading("Delivery");
    registration::report(gateway, upstream);
    many_tokens();

    engine::report();
}

fn throughput_tables(sides: &Sides, upstream: &Upstream) {
    table::heading("Throughput");
    let redacted = Case::redacted(&sides.gateway, upstream);
    throughput::report("2 KB chat, redaction both ways", &redacted, sides, upstream, Some(0.80));
    throughput::report("2 KB chat, nothing to find", &Case::clean(2_000), sides, upstream, None);
    throughput::report("100 KB prompt, nothing to find", &Case::clean(100_000), sides, upstream, Some(0.40));
    let stream = Case::stream(&sides.gateway, upstream);
    throughput::report("64-delta stream, redaction both ways", &stream, sides, upstream, None);

    table::heading(
        "What the filter adds, in V8: prompts of 400 KB in which there is nothing to find, ms of CPU time",
    );
    for (name, text) in texts::all(PROMPT) {
        throughput::cost(name, PROMPT, &Case::of(&text), sides, upstream, 4.0);
    }
}

fn many_tokens() {
    table::heading("100,000 tokens");
    many_tokens::report();
}

fn stream_tables(sides: &Sides, upstream: &Upstream) {
    table::heading("Added latency, streams of 64 deltas");
    streams::report("Chat, nothing to find", &Case::clean_stream(), sides, upstream);
    let chat = Case::stream(&sides.gateway, upstream);
    streams::report("Chat, redaction both ways", &chat, sides, upstream);
    let tool = Case::tool_stream(&sides.gateway, upstream);
    streams::report("Messages, arguments of a tool call, redaction both ways", &tool, sides, upstream);
}
