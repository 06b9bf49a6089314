//! One automaton at several places of a text at once.
//!
//! A step can only be looked up when the one before it is known, and most of its time is the wait for that. So what follows
//! is read as several lanes, side by side. Each begins as if no factor were open in front of it; if one was, its automaton
//! is run on from the lane before until both are in the same state, which is soon.

use super::automaton::{Automaton, Rows, States, Step};
use crate::escaped::Position;
use crate::limits::LOOKED_FREELY;
use std::array;

/// How many: four states, four places and the table are what a machine has registers for.
pub(super) const LANES: usize = 4;

/// What was read at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) text: &'a [u8],
    pub(super) from: usize,
    /// Bytes of each lane. All of them are in the text.
    pub(super) len: usize,
}

/// The first lanes of a block in which no factor ends that can belong to a match.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clean {
    /// The state behind each.
    states: [Step; LANES],
    pub(super) count: usize,
}

// === impl Clean ===

impl Clean {
    /// The state behind the first `count` lanes.
    pub(super) fn behind(&self, count: usize) -> Option<Step> {
        count.checked_sub(1).and_then(|last| self.states.get(last)).copied()
    }
}

// === impl Block ===

impl<'a> Block<'a> {
    /// Where a lane begins.
    fn place(self, lane: usize) -> usize {
        self.from + lane * self.len
    }

    /// What is left of a lane behind its first `read` bytes.
    fn rest(self, lane: usize, read: usize) -> &'a [u8] {
        self.text.get(self.place(lane) + read..self.place(lane + 1)).unwrap_or_default()
    }

    /// Reads the block, in front of which the automaton is in state `first`.
    pub(super) fn read(self, automaton: &Automaton, states: &mut States, first: Step) -> Clean {
        let mut position = Position { at: self.from, before: states.before(first) };
        let begun: [Step; LANES] = array::from_fn(|lane| {
            position = position.go_to(self.text, self.place(lane));
            if lane == 0 { first } else { states.start(position.before) }
        });
        let (mut now, mut read, mut looked, mut count) = (begun, 0, 0, LANES);
        while count > 0 {
            // In place of lanes that are of no use any more the first is read.
            let used = |lane: usize| if lane < count { lane } else { 0 };
            now = array::from_fn(|lane| now.get(used(lane)).copied().unwrap_or(first));
            let (skipped, next) =
                skip(states.rows(), now, array::from_fn(|lane| self.rest(used(lane), read)));
            (read, now) = (read + skipped, next);
            if read >= self.len {
                break;
            }
            for (lane, state) in now.iter_mut().enumerate().take(count) {
                let next = self.step(automaton, states, *state, self.place(lane) + read, &mut looked);
                let Some(next) = next else {
                    count = lane;
                    break;
                };
                *state = next;
            }
            read += 1;
        }
        self.join(automaton, states, begun, Clean { states: now, count })
    }

    /// Corrects the states behind `lanes`, whose later ones were `begun` without what was open in front of them.
    fn join(self, automaton: &Automaton, states: &mut States, begun: [Step; LANES], lanes: Clean) -> Clean {
        let mut joined = Clean { count: lanes.count.min(1), ..lanes };
        let mut looked = 0;
        for (lane, fresh) in begun.into_iter().enumerate().take(lanes.count).skip(1) {
            let (Some(mut real), mut fresh) = (joined.behind(lane), fresh) else { break };
            for at in self.place(lane)..self.place(lane + 1) {
                if real == fresh {
                    break;
                }
                let next = self.step(automaton, states, real, at, &mut looked);
                let (Some(next), Some(&byte)) = (next, self.text.get(at)) else { return joined };
                real = next;
                fresh = states.step(automaton, fresh, byte).plain();
            }
            if real != fresh
                && let Some(state) = joined.states.get_mut(lane)
            {
                *state = real;
            }
            joined.count += 1;
        }
        joined
    }

    /// The state behind the byte at `at`; `None` if a factor ends there that can belong to a match, or no state can be
    /// built without forgetting those of other lanes.
    fn step(
        self,
        automaton: &Automaton,
        states: &mut States,
        state: Step,
        at: usize,
        looked: &mut usize,
    ) -> Option<Step> {
        let (&byte, behind) = self.text.get(at..)?.split_first()?;
        if states.is_full() {
            return None;
        }
        let next = states.step(automaton, state, byte);
        let free = LOOKED_FREELY + self.len;
        (!states.goes_on(automaton, next, behind, free, looked)).then(|| next.plain())
    }
}

/// Reads lanes of the same length up to the first byte on which the state of one has to be looked at; returns how far that
/// was, and the states in front of it.
fn skip(rows: Rows<'_>, states: [Step; LANES], lanes: [&[u8]; LANES]) -> (usize, [Step; LANES]) {
    let ([a, b, c, d], mut states) = (lanes, states);
    for (at, (((a, b), c), d)) in a.iter().zip(b).zip(c).zip(d).enumerate() {
        let [here_a, here_b, here_c, here_d] = states;
        let next =
            [rows.step(here_a, *a), rows.step(here_b, *b), rows.step(here_c, *c), rows.step(here_d, *d)];
        if Step::is_any_special(next) {
            return (at, states);
        }
        states = next;
    }
    (a.len(), states)
}

#[cfg(test)]
mod tests {
    use crate::{AcceptAll, Budget, Pattern, Scanner};

    #[test]
    fn what_crosses_lanes_is_found() {
        let rule = |regex: &str| Pattern {
            id: regex.into(),
            regex: regex.into(),
            label: None,
            behind: None,
            cap: 80,
        };
        let rules = [
            rule(r"\btoken-[0-9]{8}\b"),
            rule(r"\b[a-z0-9.]{1,40}@[a-z]{2,9}\.com\b"),
            rule("9+[-a-z]{30}!"),
        ];
        let scanner = Scanner::new(&rules).unwrap();
        let mut cache = scanner.cache();
        let filler = "a token, an @ and the 9th of 2024-09-19 in words ".repeat(60);
        for value in ["token-12345678", "joe.b@corp.com", "9-abcdefghijklmnopqrstuvwxyzabc!"] {
            for at in 0..filler.len() {
                let (before, after) = filler.split_at(at);
                let text = format!("{before} {value} {after}");
                let mut found = Vec::new();
                let mut budget = Budget::default();
                scanner.scan(&mut cache, text.as_bytes(), &AcceptAll, &mut budget, &mut found).unwrap();
                let found: Vec<_> = found.iter().map(|one| (one.start, one.end)).collect();
                assert_eq!(found, [(at as u64 + 1, (at + 1 + value.len()) as u64)], "{value} at {at}");
            }
        }
    }
}
