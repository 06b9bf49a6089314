//! How much later the tokens of a stream arrive.
//!
//! Upstream and clients are threads of this process and share a clock: a token's delay is the time at which a client
//! has it less the time at which the upstream sent it. Tokens inside an open placeholder are left out, because they
//! wait for its end by design.

use crate::case::{self, Case, DELTAS};
use crate::rounds::{Kind, alternate};
use crate::side::{Side, Sides, begin, read_head};
use crate::stamps;
use crate::statistics::quantile;
use crate::table::{self, Budget};
use crate::upstream::Upstream;
use std::time::{Duration, Instant};

const ROUND: Duration = Duration::from_millis(900);
const PAUSE: Duration = Duration::from_millis(2);
/// Streams at the same time: few, so that what is measured is not a queue.
const STREAMS: usize = 4;

/// Delays in microseconds.
#[derive(Debug, Default)]
struct Delays {
    /// From the request to the first token.
    first: Vec<f64>,
    /// From the upstream to the client, for each later token.
    token: Vec<f64>,
}

/// Measures and prints.
pub(crate) fn report(case: &Case, sides: &Sides, upstream: &Upstream) {
    upstream.play(case.paced(PAUSE));
    let rounds = alternate(sides, |side, kind| {
        let text = if kind == Kind::Plain { &case.plain_text } else { &case.gateway_text };
        let used = side.processor_time();
        let delays = round(side, case, text);
        #[expect(clippy::cast_precision_loss)]
        let streams = delays.first.len() as f64;
        let used = side.processor_time().saturating_sub(used);
        (delays, used.as_secs_f64() * 1e6 / streams)
    });
    let joined = |samples: &[(Delays, f64)], choose: fn(&Delays) -> &Vec<f64>| -> Vec<f64> {
        samples.iter().flat_map(|(delays, _)| choose(delays).iter().copied()).collect()
    };
    let line = |what: &str, choose: fn(&Delays) -> &Vec<f64>, share: f64, budget: Budget| {
        let [plain, gateway] =
            [&rounds.plain, &rounds.gateway].map(|samples| quantile(&joined(samples, choose), share));
        let added = gateway - plain;
        let budget = match budget {
            Budget::AtMost(limit) if share > 0.9 && plain > limit => Budget::Unknown(limit),
            budget => budget,
        };
        table::compare(
            what,
            &format!("{plain:.0}"),
            &format!("{gateway:.0}"),
            &format!("{added:+.0}"),
            added,
            budget,
        );
    };
    let first = joined(&rounds.gateway, |delays| &delays.first).len();
    table::group(&format!(
        "{first} streams a side, {STREAMS} at a time; a prompt of {} bytes",
        case.request.len()
    ));
    line("first token, p50, µs", |delays| &delays.first, 0.50, Budget::None);
    line("first token, p99, µs", |delays| &delays.first, 0.99, Budget::AtMost(1_000.0));
    line("later tokens, p50, µs", |delays| &delays.token, 0.50, Budget::AtMost(10.0));
    line("later tokens, p99, µs", |delays| &delays.token, 0.99, Budget::None);
    let [plain, gateway] = [&rounds.plain, &rounds.gateway]
        .map(|samples| quantile(&samples.iter().map(|(_, cost)| *cost).collect::<Vec<_>>(), 0.5));
    table::compare(
        "Envoy's CPU time per stream, µs",
        &format!("{plain:.0}"),
        &format!("{gateway:.0}"),
        &format!("{:.2}", plain / gateway),
        0.0,
        Budget::None,
    );
}

fn round(side: &Side, case: &Case, text: &str) -> Delays {
    let mut all = Delays::default();
    std::thread::scope(|scope| {
        let clients: Vec<_> =
            (0..STREAMS).map(|slot| scope.spawn(move || client(side, case, text, slot))).collect();
        for client in clients {
            let delays = client.join().expect("every stream is right");
            all.first.extend(delays.first);
            all.token.extend(delays.token);
        }
    });
    all
}

fn client(side: &Side, case: &Case, text: &str, slot: usize) -> Delays {
    let mut delays = Delays::default();
    let mut wire = side.connect();
    let request = side.request(&case.request, slot);
    let began = Instant::now();
    let mut body = Vec::new();
    while began.elapsed() < ROUND {
        let sent = stamps::now();
        begin(&mut wire, &request);
        let framing = read_head(&mut wire);
        let (mut event, mut seen) = (0, 0);
        body.clear();
        wire.body(framing, |part| {
            let now = stamps::now();
            body.extend_from_slice(part);
            while let Some(end) = body[seen..].windows(2).position(|two| two == b"\n\n") {
                seen += end + 2;
                let since = |then: u64| Duration::from_nanos(now - then).as_secs_f64() * 1e6;
                match event {
                    1 => delays.first.push(since(sent)),
                    2..=DELTAS if case.immediate[event] => {
                        delays.token.push(since(stamps::sent(slot, event)));
                    }
                    _ => {}
                }
                event += 1;
            }
        })
        .expect("the rest of the stream");
        // The role, the deltas, the end of the choice, and `[DONE]`.
        assert_eq!(event, DELTAS + 3, "events in the stream");
        assert_eq!(case::text_of(&body), text, "the text of the stream");
    }
    delays
}
