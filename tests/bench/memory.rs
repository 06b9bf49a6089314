//! Memory, and the size of the module.

use crate::case::Case;
use crate::side::{Side, Sides, begin, read_head};
use crate::table::{self, Budget};
use crate::upstream::Upstream;
use crate::wire::Wire;
use aegis_tests::workspace;

const STREAMS: usize = 1_000;

const MIB: f64 = 1024.0 * 1024.0;

/// Measures and prints, at the beginning: later both sides would show what the load left behind.
pub(crate) fn report(sides: &Sides, upstream: &Upstream) {
    let module = std::fs::metadata(workspace::wasm()).unwrap().len();
    #[expect(clippy::cast_precision_loss)]
    let module = module as f64 / 1e6;
    table::compare("module, MB", &"", &format!("{module:.2}"), &"", module, Budget::AtMost(2.5));
    let idle = [&sides.plain, &sides.gateway].map(memory);
    line("resident after the start, MiB", idle, Budget::None);
    let case = Case::stream(&sides.gateway, upstream);
    upstream.play(case.open(case.until_open()));
    let open = [&sides.plain, &sides.gateway].map(|side| {
        let streams = open(side, &case);
        let memory = memory(side);
        drop(streams);
        memory
    });
    line(&format!("resident with {STREAMS} open streams"), open, Budget::None);
    let growth = [open[0] - idle[0], open[1] - idle[1]];
    line("growth for them", growth, Budget::AtMost(64.0));
    #[expect(clippy::cast_precision_loss)]
    line("growth for each, KiB", growth.map(|growth| growth * 1024.0 / STREAMS as f64), Budget::None);
}

fn line(what: &str, [plain, gateway]: [f64; 2], budget: Budget) {
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

fn memory(side: &Side) -> f64 {
    #[expect(clippy::cast_precision_loss)]
    let bytes = side.memory() as f64;
    bytes / MIB
}

/// Begins streams and leaves them in the middle of a placeholder.
fn open(side: &Side, case: &Case) -> Vec<Wire> {
    let request = side.request(&case.request, 0);
    let mut streams: Vec<Wire> = (0..STREAMS).map(|_| side.connect()).collect();
    for wire in &mut streams {
        begin(wire, &request);
        read_head(wire);
    }
    streams
}
