//! `make bench`: plain Envoy beside the gateway with every rule on, in one run.
//!
//! Both have one worker and the same upstream, whose answers were built before. The two take turns in short rounds, and
//! what counts is the median of the rounds' ratios: on a busy machine, numbers of one side alone mean nothing.
//! A wrong answer ends the run: a benchmark of errors is worthless.

mod case;
mod engine;
mod hostile;
mod latency;
mod load;
mod memory;
mod plain;
mod registration;
mod rounds;
mod side;
mod stamps;
mod statistics;
mod table;
mod texts;
mod throughput;
mod upstream;
mod usage;
mod wire;

use aegis_tests::Gateway;
use aegis_tests::gateway::chat_path;
use case::Case;
use plain::Plain;
use side::{Side, Sides};
use std::time::Instant;
use upstream::Upstream;

/// Bytes of the longest prompts.
const PROMPT: usize = 400_000;

/// Bytes of texts that are made to be slow.
const HOSTILE: usize = 1_000_000;

fn main() {
    let started = Instant::now();
    let upstream = Upstream::start();
    let gateway = Gateway::start();
    let plain = Plain::start(upstream.port());
    let token = gateway.register(&upstream.base("/v1"));
    let sides = Sides {
        plain: Side::new(plain.port, "/v1/chat/completions".to_owned(), plain.pid()),
        gateway: Side::new(
            gateway.port,
            chat_path(&token),
            gateway.envoy_pid().expect("Envoy is a child of the gateway"),
        ),
    };

    table::heading("Memory");
    memory::report(&sides, &upstream);

    table::heading("Throughput");
    let redacted = Case::redacted(&sides.gateway, &upstream);
    throughput::report("2 KB chat, redaction both ways", &redacted, &sides, &upstream, Some(0.80));
    throughput::report("2 KB chat, nothing to find", &Case::clean(2_000), &sides, &upstream, None);
    throughput::report(
        "100 KB prompt, nothing to find",
        &Case::clean(100_000),
        &sides,
        &upstream,
        Some(0.40),
    );
    let stream = Case::stream(&sides.gateway, &upstream);
    throughput::report("64-delta stream, redaction both ways", &stream, &sides, &upstream, None);

    table::heading(
        "What the filter adds, in V8: prompts of 400 KB in which there is nothing to find, ms of CPU time",
    );
    for (name, text) in texts::all(PROMPT) {
        throughput::cost(name, PROMPT, &Case::of(&text), &sides, &upstream, 4.0);
    }

    let worst = engine::hostile(HOSTILE);
    table::heading("The worst of them in V8, ms of CPU time");
    for (name, text) in worst.iter().take(3) {
        throughput::cost(name, HOSTILE, &Case::of(text), &sides, &upstream, 250.0);
    }

    table::heading("Added latency: 64-delta stream, redaction both ways, one delta every 2 ms");
    latency::report(&stream, &sides, &upstream);

    table::heading("Delivery");
    registration::report(&gateway, &upstream);

    engine::report();
    println!("\n{:.0} s in all", started.elapsed().as_secs_f64());
}
