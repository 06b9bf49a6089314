//! `make soak`: many long streams at the same time, through plain Envoy and the gateway, and whether memory grows under
//! them.

use crate::case::Case;
use crate::rounds::Kind;
use crate::side::{Side, Sides, begin, read_head};
use crate::stamps::{DELTAS, SLOTS};
use crate::statistics::quantile;
use crate::table::{self, Budget};
use crate::upstream::Upstream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Streams through each side.
const STREAMS: usize = SLOTS;

const PAUSE: Duration = Duration::from_millis(500);

/// All streams begin within this time, and end within it.
const RAMP: Duration = Duration::from_secs(10);

const SAMPLE: Duration = Duration::from_secs(1);

const PARTS: usize = 4;

/// How much more the gateway's memory may grow from the first quarter to the last than plain Envoy's. A leak of one event
/// per delta would be hundreds.
const GROWTH_MIB: f64 = 2.0;

/// A side under load.
struct Soaked<'a> {
    side: &'a Side,
    expected: Vec<u8>,
    running: AtomicUsize,
    failed: AtomicUsize,
    before: f64,
    /// Resident memory in MiB while all streams are open.
    samples: Vec<f64>,
}

/// Runs streams of `duration` and prints what became of them; returns whether all was well.
pub(crate) fn run(sides: &Sides, upstream: &Upstream, duration: Duration) -> bool {
    let times = duration.div_duration_f64(PAUSE * u32::try_from(DELTAS).expect("few")).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let case = Case::long_stream(&sides.gateway, upstream, times as usize);
    let mut plain = Soaked::new(&sides.plain, case.recorded(&sides.plain, Kind::Plain, upstream));
    let mut gateway = Soaked::new(&sides.gateway, case.recorded(&sides.gateway, Kind::Gateway, upstream));
    upstream.play(case.paced(PAUSE));
    let began = Instant::now();
    let used = [&plain, &gateway].map(|soaked| soaked.side.processor_time());
    let mut samples = [Vec::new(), Vec::new()];
    std::thread::scope(|scope| {
        for slot in 0..STREAMS {
            for soaked in [&plain, &gateway] {
                let case = &case;
                scope.spawn(move || soaked.client(case, slot));
            }
        }
        std::thread::sleep(RAMP);
        loop {
            samples[0].push(memory(plain.side));
            samples[1].push(memory(gateway.side));
            std::thread::sleep(SAMPLE);
            if plain.running.load(Ordering::Relaxed) + gateway.running.load(Ordering::Relaxed) < 2 * STREAMS {
                break;
            }
        }
    });
    let elapsed = began.elapsed().as_secs_f64();
    let busy = [(&plain, used[0]), (&gateway, used[1])]
        .map(|(soaked, used)| soaked.side.processor_time().saturating_sub(used).as_secs_f64() / elapsed);
    [plain.samples, gateway.samples] = samples;

    table::heading(&format!(
        "{STREAMS} streams a side, all open for {} s: {} deltas each, one every {} ms",
        gateway.samples.len(),
        case.immediate.len(),
        PAUSE.as_millis()
    ));
    let failed = [&plain, &gateway].map(Soaked::failed);
    row("failed streams", failed, Budget::AtMost(0.0));
    row("Envoy's share of one core, %", busy.map(|busy| busy * 100.0), Budget::None);
    row("resident before, MiB", [plain.before, gateway.before], Budget::None);
    for part in 0..PARTS {
        let resident = [&plain, &gateway].map(|soaked| soaked.part(part));
        row(&format!("resident in quarter {}", part + 1), resident, Budget::None);
    }
    let growth = [&plain, &gateway].map(|soaked| soaked.part(PARTS - 1) - soaked.part(0));
    row("growth from first to last", growth, Budget::AtMost(GROWTH_MIB));
    failed == [0.0, 0.0] && growth[1] - growth[0] <= GROWTH_MIB
}

// === impl Soaked ===

impl<'a> Soaked<'a> {
    fn new(side: &'a Side, expected: Vec<u8>) -> Soaked<'a> {
        let (running, failed) = (AtomicUsize::new(STREAMS), AtomicUsize::new(0));
        Soaked { side, expected, running, failed, before: memory(side), samples: Vec::new() }
    }

    /// Reads one stream, some time after the start, and notes whether it was what it must be.
    fn client(&self, case: &Case, slot: usize) {
        std::thread::sleep(RAMP * u32::try_from(slot).expect("few") / u32::try_from(STREAMS).expect("few"));
        if !catch_unwind(AssertUnwindSafe(|| self.is_right(case, slot))).unwrap_or(false) {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        self.running.fetch_sub(1, Ordering::Relaxed);
    }

    fn is_right(&self, case: &Case, slot: usize) -> bool {
        let mut wire = self.side.connect();
        begin(&mut wire, &self.side.request_to(case.path, &case.request, slot));
        let framing = read_head(&mut wire);
        let (mut at, mut is_equal) = (0, true);
        let whole = wire.body(framing, |part| {
            is_equal &= self.expected.get(at..at + part.len()) == Some(part);
            at += part.len();
        });
        whole.is_ok() && is_equal && at == self.expected.len()
    }

    #[expect(clippy::cast_precision_loss)]
    fn failed(&self) -> f64 {
        self.failed.load(Ordering::Relaxed) as f64
    }

    /// The median of one of the parts of the time.
    fn part(&self, part: usize) -> f64 {
        let count = self.samples.len();
        let (from, to) = (count * part / PARTS, count * (part + 1) / PARTS);
        quantile(&self.samples[from..to.max(from + 1)], 0.5)
    }
}

/// Prints both sides; what the gateway has more counts for the budget.
fn row(what: &str, [plain, gateway]: [f64; 2], budget: Budget) {
    let added = gateway - plain;
    table::compare(
        what,
        &format!("{plain:.1}"),
        &format!("{gateway:.1}"),
        &format!("{added:+.1}"),
        added,
        budget,
    );
}

#[expect(clippy::cast_precision_loss)]
fn memory(side: &Side) -> f64 {
    side.memory() as f64 / (1024.0 * 1024.0)
}
