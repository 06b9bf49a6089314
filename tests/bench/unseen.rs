//! What texts cost that nobody has seen before, and what the same texts cost in the next turn.

use crate::case::Case;
use crate::case::text_of;
use crate::rounds::{Kind, ROUNDS};
use crate::side::{Side, Sides, exchange};
use crate::statistics::Spread;
use crate::table::{self, Budget};
use crate::texts;
use crate::upstream::Upstream;

/// Texts of one round, and their bytes.
const TEXTS: u64 = 8;
const BYTES: usize = 100_000;

type Kinds = [(&'static str, fn(usize, u64) -> String); 4];

/// Kinds of texts.
const KINDS: Kinds = [
    ("English prose", texts::prose),
    ("English documents", texts::documents),
    ("source code", texts::code),
    ("Chinese", texts::chinese),
];

/// Microseconds of processor time for one request of a round.
struct Round {
    plain: f64,
    unseen: f64,
    seen: f64,
}

/// Measures and prints.
pub(crate) fn report(sides: &Sides, upstream: &Upstream) {
    for (kind, (name, make)) in (1u64..).zip(KINDS) {
        let rounds: Vec<Round> = (0..ROUNDS as u64)
            .map(|round| {
                let seed = |text| (kind * 1_000 + round) * 1_000 + text;
                let cases: Vec<Case> = (0..TEXTS).map(|text| Case::of(&make(BYTES, seed(text)))).collect();
                upstream.play(cases[0].script());
                Round {
                    plain: spent(&sides.plain, Kind::Plain, &cases),
                    unseen: spent(&sides.gateway, Kind::Gateway, &cases),
                    seen: spent(&sides.gateway, Kind::Gateway, &cases),
                }
            })
            .collect();
        let millis = |value: fn(&Round) -> f64| Spread::of(rounds.iter().map(|round| value(round) / 1e3));
        let plain = millis(|round| round.plain);
        #[expect(clippy::cast_precision_loss)]
        let each = Spread::of(rounds.iter().map(|round| (round.unseen - round.seen) / (BYTES as f64 / 1e3)));
        let (unseen, seen) = (millis(|round| round.unseen), millis(|round| round.seen));
        table::compare(
            &format!("{name}, never seen"),
            &format!("{plain:.2}"),
            &format!("{unseen:.2}"),
            &format!("+{each:.1} µs/KB to the next"),
            each.median,
            Budget::None,
        );
        let added = Spread::of(rounds.iter().map(|round| (round.seen - round.plain) / 1e3));
        table::compare(
            "  in the next turn",
            &format!("{plain:.2}"),
            &format!("{seen:.2}"),
            &format!("+{added:.2} ms"),
            added.median,
            Budget::None,
        );
    }
}

/// Sends the requests, one after another, and returns what each cost the proxy.
fn spent(side: &Side, kind: Kind, cases: &[Case]) -> f64 {
    let mut wire = side.connect();
    let requests: Vec<Vec<u8>> = cases.iter().map(|case| side.request(&case.request, 0)).collect();
    let mut body = Vec::new();
    let before = side.processor_time();
    for (request, case) in requests.iter().zip(cases) {
        exchange(&mut wire, request, &mut body);
        assert_eq!(text_of(&body), case.text(kind), "the text of the answer");
    }
    let used = side.processor_time().saturating_sub(before);
    #[expect(clippy::cast_precision_loss)]
    let count = cases.len() as f64;
    used.as_secs_f64() * 1e6 / count
}
