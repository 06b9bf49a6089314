//! Turns between plain Envoy and the gateway, so that whatever else the machine does hits both.

use crate::side::{Side, Sides};

/// The usual number of rounds: odd, so that there is one in the middle.
pub(crate) const ROUNDS: usize = 7;

/// What each side gave, round by round.
#[derive(Debug)]
pub(crate) struct Rounds<T> {
    pub(crate) plain: Vec<T>,
    pub(crate) gateway: Vec<T>,
}

/// One round each that does not count (connections, caches), then the rounds that do.
pub(crate) fn alternate<T>(
    sides: &Sides,
    count: usize,
    mut measure: impl FnMut(&Side, Kind) -> T,
) -> Rounds<T> {
    let mut rounds = Rounds { plain: Vec::new(), gateway: Vec::new() };
    for round in 0..=count {
        let plain = measure(&sides.plain, Kind::Plain);
        let gateway = measure(&sides.gateway, Kind::Gateway);
        if round > 0 {
            rounds.plain.push(plain);
            rounds.gateway.push(gateway);
        }
    }
    rounds
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Gateway,
}
