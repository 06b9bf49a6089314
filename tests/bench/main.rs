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
mod unseen;
mod upstream;
mod usage;
mod wire;

use aegis_tests::gateway::chat_path;
use aegis_tests::{Gateway, workspace};
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

/// The default but that nothing is refused: words and letters at random are no text that anybody writes, and one in a
/// hundred messages of 100 KB of them is taken for an attack.
const POLICY: &str = "{version: 1, name: bench, injection: {actions: {user: mark}}}";

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
    let gateway = Gateway::with_policy(POLICY);
    let plain = plain(&upstream, "");
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

/// Plain Envoy, with `filters` in front of its router.
fn plain(upstream: &Upstream, filters: &str) -> Bare {
    let port = upstream.port().to_string();
    let values =
        [("FILTERS", filters), ("UPSTREAM_PORT", port.as_str()), ("BUFFER_LIMIT_BYTES", BUFFER_LIMIT_BYTES)];
    Bare::start("envoy/plain.yaml", &values)
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
    let turn = |title: &str, case: &Case, budget| throughput::report(title, case, sides, upstream, budget);
    turn("2 KB chat, redaction both ways, never seen", &redacted.clone().never_seen(), Some(0.80));
    turn("2 KB chat, redaction both ways, in the next turn", &redacted, Some(0.80));
    turn("2 KB chat, nothing to find", &Case::clean(2_000), None);
    turn("100 KB prompt, nothing to find", &Case::clean(100_000), Some(0.40));
    let stream = Case::stream(&sides.gateway, upstream);
    turn("64-delta stream, redaction both ways, never seen", &stream.never_seen(), None);
    reading(sides, upstream);

    table::heading(
        "What the filter adds, in V8: prompts of 400 KB in which there is nothing to find, ms of CPU time",
    );
    for (name, text) in texts::all(PROMPT) {
        throughput::cost(name, PROMPT, &Case::of(&text), sides, upstream, 4.0);
    }

    table::heading(
        "Prompts of 100 KB that nobody has seen before, everything that is looked for, ms of CPU time",
    );
    unseen::report(sides, upstream);
}

/// A filter that only reads, in place of the gateway: what is left of the budgets for one that does something.
fn reading(sides: &Sides, upstream: &Upstream) {
    let file = workspace::root().join("tests/probe/reading.yaml");
    let filter = std::fs::read_to_string(file).expect("it is there");
    let envoy = plain(upstream, &filter.replace("${MODULE}", &workspace::probe().to_string_lossy()));
    let reading = Side::new(envoy.port, "/v1".to_owned(), envoy.pid());
    let sides = Sides { plain: sides.plain.clone(), gateway: reading };
    for (size, bytes) in [("2 KB", 2_000), ("100 KB", 100_000)] {
        let title = format!("{size}, a filter that only reads in place of the gateway");
        throughput::report(&title, &Case::clean(bytes), &sides, upstream, None);
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
