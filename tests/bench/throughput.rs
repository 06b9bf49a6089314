//! Requests per second, and what they cost.

use crate::case::Case;
use crate::load::{self, Sample};
use crate::rounds::{ROUNDS, Rounds, alternate};
use crate::side::Sides;
use crate::statistics::Spread;
use crate::table::{self, Budget};
use crate::upstream::Upstream;
use std::time::Duration;

const ROUND: Duration = Duration::from_millis(700);

/// Measures and prints one case; `budget` is the least ratio of requests per second.
pub(crate) fn report(title: &str, case: &Case, sides: &Sides, upstream: &Upstream, budget: Option<f64>) {
    upstream.play(case.script());
    let rounds = alternate(sides, ROUNDS, |side, kind| load::run(side, case, case.text(kind), ROUND));
    let busy = |samples: &[Sample]| Spread::of(samples.iter().map(|sample| sample.busy)).median * 100.0;
    table::group(&format!(
        "{title} ({} bytes; the workers were busy for {:.0} % and {:.0} % of the time)",
        case.request.len(),
        busy(&rounds.plain),
        busy(&rounds.gateway)
    ));
    let budget = budget.map_or(Budget::None, Budget::AtLeast);
    line("answers per second", &rounds, |sample| sample.per_second, |plain, gateway| gateway / plain, budget);
    let cost = |sample: &Sample| sample.processor;
    line("Envoy's CPU time per answer, µs", &rounds, cost, |plain, gateway| plain / gateway, Budget::None);
}

/// Measures and prints what the filter adds for one prompt of `bytes` of text: milliseconds of processor time, at most
/// `budget` of them.
pub(crate) fn cost(title: &str, bytes: usize, case: &Case, sides: &Sides, upstream: &Upstream, budget: f64) {
    upstream.play(case.script());
    let rounds = alternate(sides, ROUNDS, |side, kind| load::run(side, case, case.text(kind), ROUND));
    let millis = |samples: &[Sample]| Spread::of(samples.iter().map(|sample| sample.processor / 1e3));
    let (plain, gateway) = (millis(&rounds.plain), millis(&rounds.gateway));
    let pairs = rounds.plain.iter().zip(&rounds.gateway);
    let added = Spread::of(pairs.map(|(plain, gateway)| (gateway.processor - plain.processor) / 1e3));
    #[expect(clippy::cast_precision_loss)]
    let speed = bytes as f64 / 1e3 / added.median;
    table::compare(
        title,
        &format!("{plain:.2}"),
        &format!("{gateway:.2}"),
        &format!("+{added:.2} = {speed:.0} MB/s"),
        added.median,
        Budget::AtMost(budget),
    );
}

fn line(
    what: &str,
    rounds: &Rounds<Sample>,
    value: impl Fn(&Sample) -> f64,
    ratio: impl Fn(f64, f64) -> f64,
    budget: Budget,
) {
    let (plain, gateway) = (rounds.plain.iter().map(&value), rounds.gateway.iter().map(&value));
    let ratios = Spread::of(plain.clone().zip(gateway.clone()).map(|(plain, gateway)| ratio(plain, gateway)));
    let (plain, gateway) = (Spread::of(plain), Spread::of(gateway));
    table::compare(
        what,
        &format!("{plain:.0}"),
        &format!("{gateway:.0}"),
        &format!("{ratios:.2}"),
        ratios.median,
        budget,
    );
}
