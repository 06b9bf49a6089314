//! The engine by itself: in Envoy's V8, and beside it natively, in this process.

mod native;

use crate::probe::Probe;
use crate::statistics::Spread;
use crate::table::{self, Budget};
use crate::{hostile, texts};
use aegis_tests::chat;
use native::Native;

/// Bytes of the texts that are searched.
const TEXT: usize = 400_000;

/// Bytes of texts that are made to be slow.
const HOSTILE: usize = 1_000_000;

/// Bytes of texts that are judged.
const JUDGED: usize = 100_000;

/// Bytes of a piece of an answer, as in `tests/probe`.
const PIECE: usize = 5;

/// Events of a stream, and bytes of text in each.
const EVENTS: usize = 64;
const DELTA: usize = 6;

/// Measures and prints.
pub(crate) fn report() {
    let (probe, mut native) = (Probe::start(), Native::new());
    println!("\nThe catalogue: {}", native.catalogue());
    search(&probe, &mut native);
    judge(&probe, &mut native);
    turns(&probe);
    streams(&probe);
    worst(&probe, &mut native);
}

fn search(probe: &Probe, native: &mut Native) {
    table::columns(
        "Search, nothing to find, MB/s",
        ["copy of memory, native", "regex crate, native", "in V8"],
    );
    for (name, text) in texts::all(TEXT) {
        let least = if text.is_ascii() { 200.0 } else { 150.0 };
        let measured = probe.measure("/scan", &text).expect("an ordinary text");
        assert_eq!(measured.found, 0, "there is nothing to find in {name}");
        let time = measured.settled();
        let speed = rate(&text, time.median);
        let (copy, library) = (Native::copy(&text), native.library(&text));
        let (copy, library) = (format!("{copy:.0}"), format!("{library:.3}"));
        table::compare(name, &copy, &library, &format!("{speed:.0}"), speed, Budget::AtLeast(least));
        let own = native.scan(&text);
        let first = format!("native {:.0} MB/s", own.median);
        let (of, time_text) = (format!("first {:.1}", measured.first()), format!("{time:.2} ms"));
        table::compare("  400 KB of it", &first, &of, &time_text, time.median, Budget::AtMost(4.0));
    }
}

fn judge(probe: &Probe, native: &mut Native) {
    let columns = ["native", "in V8", "in V8 per KB"];
    table::columns("Prompt injection in 100 KB that nobody has seen before, µs", columns);
    let documents = ("English documents", texts::documents(JUDGED, 1));
    for (name, text) in texts::all(JUDGED).into_iter().chain([documents]) {
        let most = if text.is_ascii() { 20.0 } else { 10.0 };
        let by_part = [
            ("user's words", "/judge-user", most),
            ("a tool's", "/judge-tool", most),
            ("the last turn's", "/judge-again", 1.0),
        ];
        for (part, path, most) in by_part {
            let measured = probe.measure(path, &text).expect("it is looked for");
            let time = measured.settled();
            #[expect(clippy::cast_precision_loss)]
            let per_kb = time.median * 1e6 / text.len() as f64;
            let own = if path == "/judge-again" {
                String::new()
            } else {
                format!("{:.0}", native.judge(&text, path == "/judge-user").median)
            };
            let what = format!("{name}, {part}");
            let micros = format!("{:.0}", time.median * 1e3);
            table::compare(&what, &own, &micros, &format!("{per_kb:.2}"), per_kb, Budget::AtMost(most));
        }
    }
    let kib = native.judging_bytes() / 1024;
    #[expect(clippy::cast_precision_loss)]
    table::compare("memory of a worker, KiB", &"", &"", &kib, kib as f64, Budget::AtMost(1024.0));
}

fn turns(probe: &Probe) {
    table::columns("Requests of 100 KB that the last turn had, in V8, ns", ["", "", "each"]);
    for (name, text) in texts::all(JUDGED) {
        let measured =
            probe.measure("/request", &chat::request(&text).to_string()).expect("an ordinary text");
        assert_eq!(measured.found, 0, "there is nothing to find in {name}");
        each(name, measured.settled(), 1, Budget::None);
    }
}

fn streams(probe: &Probe) {
    table::columns("Answers, nothing to find, in V8, ns", ["", "", "each"]);
    let text = texts::prose(TEXT / 10, 5);
    let measured = probe.measure("/pieces", &text).expect("an ordinary text");
    assert_eq!(measured.found, 0, "there is nothing to find");
    each("a piece of 5 bytes searched", measured.settled(), text.len() / PIECE, Budget::AtMost(1_000.0));
    let events = chat::stream(&texts::prose(EVENTS * DELTA, 5), DELTA);
    let measured = probe.measure("/stream", &events.concat()).expect("a stream");
    assert_eq!(measured.found, events.concat().len(), "there is nothing to restore");
    each("a whole event with a delta", measured.settled(), events.len(), Budget::None);
}

fn each(what: &str, time: Spread, count: usize, budget: Budget) {
    #[expect(clippy::cast_precision_loss)]
    let each = time.median * 1e6 / count as f64;
    table::compare(what, &"", &"", &format!("{each:.0}"), each, budget);
}

/// Each with new caches: what is hostile is also what builds states.
fn worst(probe: &Probe, native: &mut Native) {
    let columns = ["native, ms", "steps per byte", "in V8, ms"];
    table::columns("Hostile texts of 1 MB", columns);
    for (name, text) in hostile::all(HOSTILE) {
        let (time, steps) = native.hostile(&text);
        let (time, steps) = (format!("{time:.0}"), format!("{steps:.1}"));
        match probe.measure("/scan-fresh", &text) {
            Some(measured) => {
                let all = measured.all();
                table::compare(name, &time, &steps, &format!("{all:.0}"), all.median, Budget::AtMost(250.0));
            }
            None => table::compare(name, &time, &steps, &"refused", 0.0, Budget::None),
        }
    }
}

/// Megabytes per second.
fn rate(text: &str, milliseconds: f64) -> f64 {
    #[expect(clippy::cast_precision_loss)]
    let bytes = text.len() as f64;
    bytes / 1e3 / milliseconds
}
