//! `make soak`: many long streams at the same time, and whether the gateway's memory grows under them.

use crate::case::Case;
use crate::rounds::Kind;
use crate::side::{Side, begin, read_head};
use crate::stamps::{DELTAS, SLOTS};
use crate::statistics::quantile;
use crate::table::{self, Budget};
use crate::upstream::Upstream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(250);

/// All streams begin within this time, and end within it.
const RAMP: Duration = Duration::from_secs(10);

const SAMPLE: Duration = Duration::from_secs(1);

/// How much more memory the last quarter may take than the first, for what the proxy's allocator does meanwhile. A leak
/// of one event per delta would be hundreds.
const GROWTH_MIB: f64 = 2.0;

/// Runs streams of `duration` and prints what became of them; returns whether all was well.
pub(crate) fn run(gateway: &Side, upstream: &Upstream, duration: Duration) -> bool {
    let times = duration.div_duration_f64(PAUSE * u32::try_from(DELTAS).expect("few")).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let case = Case::long_stream(gateway, upstream, times as usize);
    let expected = case.recorded(gateway, Kind::Gateway, upstream);
    upstream.play(case.paced(PAUSE));
    let before = memory(gateway);
    let deltas = case.immediate.len();
    println!("{SLOTS} streams of {deltas} deltas, one every {} ms", PAUSE.as_millis());

    let (running, failed) = (AtomicUsize::new(SLOTS), AtomicUsize::new(0));
    let mut samples = Vec::new();
    let (began, used) = (Instant::now(), gateway.processor_time());
    std::thread::scope(|scope| {
        for slot in 0..SLOTS {
            let (case, expected, running, failed) = (&case, &expected, &running, &failed);
            scope.spawn(move || {
                std::thread::sleep(
                    RAMP * u32::try_from(slot).expect("few") / u32::try_from(SLOTS).expect("few"),
                );
                let stream = std::panic::AssertUnwindSafe(|| is_right(gateway, case, expected, slot));
                if !std::panic::catch_unwind(stream).unwrap_or(false) {
                    failed.fetch_add(1, Ordering::Relaxed);
                }
                running.fetch_sub(1, Ordering::Relaxed);
            });
        }
        std::thread::sleep(RAMP);
        loop {
            samples.push(memory(gateway));
            std::thread::sleep(SAMPLE);
            if running.load(Ordering::Relaxed) < SLOTS {
                break;
            }
        }
    });
    let busy = gateway.processor_time().saturating_sub(used).as_secs_f64() / began.elapsed().as_secs_f64();
    let quarter = samples.len().div_ceil(4);
    let first = quantile(&samples[..quarter], 0.5);
    let last = quantile(&samples[samples.len() - quarter..], 0.5);
    let failed = failed.into_inner();

    table::heading("Soak");
    let row = |what: &str, value: f64, budget| {
        table::compare(what, &"", &format!("{value:.1}"), &"", value, budget);
    };
    #[expect(clippy::cast_precision_loss)]
    row("failed streams", failed as f64, Budget::AtMost(0.0));
    #[expect(clippy::cast_precision_loss)]
    row("seconds with all of them open", samples.len() as f64 * SAMPLE.as_secs_f64(), Budget::None);
    row("Envoy's share of one core, %", busy * 100.0, Budget::None);
    row("resident before, MiB", before, Budget::None);
    row("in the first quarter", first, Budget::None);
    row("in the last quarter", last, Budget::None);
    row("growth", last - first, Budget::AtMost(GROWTH_MIB));
    row("resident behind the last stream", memory(gateway), Budget::None);
    failed == 0 && last - first <= GROWTH_MIB
}

/// Reads one stream and compares it with what it must be.
fn is_right(gateway: &Side, case: &Case, expected: &[u8], slot: usize) -> bool {
    let mut wire = gateway.connect();
    begin(&mut wire, &gateway.request_to(case.path, &case.request, slot));
    let framing = read_head(&mut wire);
    let (mut at, mut is_equal) = (0, true);
    let whole = wire.body(framing, |part| {
        is_equal &= expected.get(at..at + part.len()) == Some(part);
        at += part.len();
    });
    whole.is_ok() && is_equal && at == expected.len()
}

#[expect(clippy::cast_precision_loss)]
fn memory(side: &Side) -> f64 {
    side.memory() as f64 / (1024.0 * 1024.0)
}
