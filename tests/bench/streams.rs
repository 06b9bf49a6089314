//! How much later the tokens of streams arrive, with one stream and with many at the same time.
//!
//! Upstream and clients are threads of this process and share a clock: a token's delay is the time at which a client
//! has it less the time at which the upstream sent it. Tokens inside an open placeholder are left out, because they
//! wait for its end by design. The upstream keeps a pace at which no side is ever saturated: a queue would multiply
//! whatever a side adds.

use crate::case::Case;
use crate::rounds::{Kind, Rounds, alternate};
use crate::side::{Side, Sides, begin, read_head};
use crate::stamps::{self, DELTAS};
use crate::statistics::{Spread, quantile};
use crate::table::{self, Budget};
use crate::upstream::Upstream;
use crate::usage;
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// So many streams at the same time.
#[derive(Debug, Clone, Copy)]
struct Lane {
    streams: usize,
    /// The time between two deltas of one stream.
    pause: Duration,
    /// Clients begin no stream after this time.
    round: Duration,
    rounds: usize,
}

/// Together, the streams of a lane send 1,000 to 10,000 deltas a second.
const LANES: [Lane; 3] = [
    Lane { streams: 1, pause: Duration::from_millis(1), round: Duration::from_secs(3), rounds: 7 },
    Lane { streams: 100, pause: Duration::from_millis(20), round: Duration::from_millis(1_500), rounds: 5 },
    Lane { streams: stamps::SLOTS, pause: Duration::from_millis(100), round: Duration::ZERO, rounds: 3 },
];

/// The streams of a lane begin one after the other in the time of so many deltas.
const RAMP: u32 = 16;

/// Multiples of it, without their integer part, are spread evenly however many there are: no two streams keep step.
const GOLDEN: f64 = 0.618_033_988_749_895;

/// What one round gave.
#[derive(Debug)]
struct Sample {
    delays: Delays,
    /// Shares of one core.
    envoy: f64,
    load: f64,
    /// Envoy's processor time per delta, with its share of the request.
    cost: f64,
}

/// Delays in microseconds.
#[derive(Debug, Default)]
struct Delays {
    /// From the request to the first token.
    first: Vec<f64>,
    /// From the upstream to the client, for each later token.
    token: Vec<f64>,
}

/// Measures and prints one kind of stream.
pub(crate) fn report(title: &str, case: &Case, sides: &Sides, upstream: &Upstream) {
    table::group(&format!("{title}, a prompt of {} bytes", case.request.len()));
    let plain = case.recorded(&sides.plain, Kind::Plain, upstream);
    let gateway = case.recorded(&sides.gateway, Kind::Gateway, upstream);
    for lane in LANES {
        upstream.play(case.paced(lane.pause));
        let rounds = alternate(sides, lane.rounds, |side, kind| {
            lane.round(side, case, if kind == Kind::Plain { &plain } else { &gateway })
        });
        lane.print(&rounds);
    }
}

// === impl Lane ===

impl Lane {
    fn round(self, side: &Side, case: &Case, expected: &[u8]) -> Sample {
        let start = Barrier::new(self.streams + 1);
        let mut delays = Delays::default();
        let (mut began, mut envoy, mut load) = (Instant::now(), Duration::ZERO, Duration::ZERO);
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..self.streams)
                .map(|slot| {
                    let start = &start;
                    scope.spawn(move || self.client(side, case, expected, slot, start))
                })
                .collect();
            start.wait();
            (began, envoy, load) = (Instant::now(), side.processor_time(), usage::own_processor_time());
            for client in clients {
                let one = client.join().expect("every stream is right");
                delays.first.extend(one.first);
                delays.token.extend(one.token);
            }
        });
        let elapsed = began.elapsed().as_secs_f64();
        let envoy = side.processor_time().saturating_sub(envoy).as_secs_f64();
        let load = usage::own_processor_time().saturating_sub(load).as_secs_f64();
        #[expect(clippy::cast_precision_loss)]
        let deltas = (delays.first.len() * DELTAS) as f64;
        Sample { delays, envoy: envoy / elapsed, load: load / elapsed, cost: envoy * 1e6 / deltas }
    }

    fn client(self, side: &Side, case: &Case, expected: &[u8], slot: usize, start: &Barrier) -> Delays {
        let mut delays = Delays::default();
        let mut wire = side.connect();
        let request = side.request_to(case.path, &case.request, slot);
        let mut body = Vec::with_capacity(expected.len());
        start.wait();
        #[expect(clippy::cast_precision_loss)]
        std::thread::sleep((self.pause * RAMP).mul_f64((slot as f64 * GOLDEN).fract()));
        let began = Instant::now();
        loop {
            let sent = stamps::now();
            begin(&mut wire, &request);
            let framing = read_head(&mut wire);
            let (mut event, mut seen) = (0_usize, 0);
            body.clear();
            wire.body(framing, |part| {
                let now = stamps::now();
                body.extend_from_slice(part);
                while let Some(end) = body[seen..].windows(2).position(|two| two == b"\n\n") {
                    seen += end + 2;
                    let since = |then: u64| Duration::from_nanos(now - then).as_secs_f64() * 1e6;
                    match event.checked_sub(case.lead) {
                        Some(0) => delays.first.push(since(sent)),
                        Some(delta @ 1..DELTAS) if case.immediate[delta] => {
                            delays.token.push(since(stamps::sent(slot, delta)));
                        }
                        _ => {}
                    }
                    event += 1;
                }
            })
            .expect("the rest of the stream");
            assert!(body == expected, "a stream differs from the first");
            if began.elapsed() >= self.round {
                return delays;
            }
        }
    }

    fn print(self, rounds: &Rounds<Sample>) {
        let share = |samples: &[Sample], choose: fn(&Sample) -> f64| {
            Spread::of(samples.iter().map(choose)).median * 100.0
        };
        let count = rounds.gateway.iter().map(|sample| sample.delays.first.len()).sum::<usize>();
        table::group(&format!(
            "  {} at a time, a delta every {} ms, {count} streams a side in {} rounds; of one core, Envoy took {:.0} % and \
             {:.0} %, clients and upstream {:.0} % and {:.0} %",
            self.streams,
            self.pause.as_millis(),
            self.rounds,
            share(&rounds.plain, |sample| sample.envoy),
            share(&rounds.gateway, |sample| sample.envoy),
            share(&rounds.plain, |sample| sample.load),
            share(&rounds.gateway, |sample| sample.load),
        ));
        line("first token, p50, µs", rounds, |sample| quantile(&sample.delays.first, 0.50), None);
        line("first token, p99, µs", rounds, |sample| quantile(&sample.delays.first, 0.99), Some(1_000.0));
        line("later tokens, p50, µs", rounds, |sample| quantile(&sample.delays.token, 0.50), Some(10.0));
        line("later tokens, p99, µs", rounds, |sample| quantile(&sample.delays.token, 0.99), None);
        line("Envoy's CPU time per delta, µs", rounds, |sample| sample.cost, None);
    }
}

/// Prints one number of each round, and what the gateway adds to it, round by round.
fn line(what: &str, rounds: &Rounds<Sample>, value: fn(&Sample) -> f64, budget: Option<f64>) {
    let of = |samples: &[Sample]| -> Vec<f64> { samples.iter().map(value).collect() };
    let (plain, gateway) = (of(&rounds.plain), of(&rounds.gateway));
    let added = Spread::of(plain.iter().zip(&gateway).map(|(plain, gateway)| gateway - plain));
    let (plain, gateway) = (Spread::of(plain), Spread::of(gateway));
    let budget = match budget {
        None => Budget::None,
        // One half of the rounds would say yes and the other no.
        Some(limit) if added.min <= limit && limit < added.max => Budget::Unknown(limit),
        Some(limit) => Budget::AtMost(limit),
    };
    table::compare(
        what,
        &format!("{plain:.0}"),
        &format!("{gateway:.0}"),
        &format!("{added:+.1}"),
        added.median,
        budget,
    );
}
