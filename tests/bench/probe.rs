//! The engine in Envoy's V8, without anything around it: `tests/probe`.

use crate::bare::Bare;
use crate::statistics::Spread;
use aegis_tests::{Request, workspace};

/// An Envoy that measures what the engine does with a text.
#[derive(Debug)]
pub(crate) struct Probe(Bare);

/// What a probe said of one text.
#[derive(Debug)]
pub(crate) struct Measured {
    /// Of each run.
    pub(crate) milliseconds: Vec<f64>,
    /// Findings, bytes or a score, the same in each run.
    pub(crate) found: usize,
}

// === impl Probe ===

impl Probe {
    /// Starts one.
    pub(crate) fn start() -> Probe {
        let module = workspace::probe();
        Probe(Bare::start("tests/probe/envoy.yaml", &[("MODULE", &module.to_string_lossy())]))
    }

    /// Does `what` with `body`, see `tests/probe/src/measure.rs`. `None` if the engine refuses it.
    pub(crate) fn measure(&self, what: &str, body: &str) -> Option<Measured> {
        let answer = Request::post(what, body).send(self.0.port);
        if answer.status == 500 {
            return None;
        }
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        let runs: Vec<(f64, usize)> = answer.text().lines().map(run).collect();
        let found = runs.last().expect("there are runs").1;
        // What was judged before may be known by the second time.
        assert!(runs[1..].iter().all(|run| run.1 == found), "{what}: not the same each time");
        Some(Measured { milliseconds: runs.into_iter().map(|run| run.0).collect(), found })
    }
}

fn run(line: &str) -> (f64, usize) {
    let (nanoseconds, found) = line.split_once(' ').expect("two numbers");
    let nanoseconds: f64 = nanoseconds.parse().expect("nanoseconds");
    (nanoseconds / 1e6, found.parse().expect("a number"))
}

// === impl Measured ===

impl Measured {
    /// Median and range of the second half of the runs: the first ones are those of code that is not optimised yet.
    pub(crate) fn settled(&self) -> Spread {
        Spread::of(self.milliseconds[self.milliseconds.len() / 2..].iter().copied())
    }

    /// Median and range of all runs.
    pub(crate) fn all(&self) -> Spread {
        Spread::of(self.milliseconds.iter().copied())
    }

    /// Of the first run.
    pub(crate) fn first(&self) -> f64 {
        self.milliseconds[0]
    }
}
