//! The bytes at which nothing happens, which is most of them: threads go on, join, begin and end, all over transitions
//! that are built. What is asked of every byte elsewhere cannot be the case here, so it is not asked.

use super::{Context, Thread, Threads};
use crate::automaton::{Cache, StateId};
use crate::escaped::Escaped;
use crate::look::Neighbour;

/// More threads than a text without attack has; with more, every byte is read the long way.
const FEW: usize = 8;

impl Threads {
    /// Reads bytes from `from` on until more happens than that threads go on; stops early, at `idle_from` or behind it,
    /// as soon as no start is alive. Returns how many bytes were read.
    pub(super) fn glide(&mut self, context: &mut Context<'_>, from: u64, to: u64, idle_from: u64) -> u64 {
        if self.overflowing || self.escaped != Escaped::No || !self.are_plain(context.cache) {
            return 0;
        }
        let classes = context.program.nfa.byte_classes();
        let mut at = from;
        for &byte in context.window.slice(from, to) {
            let (class, cache) = (usize::from(classes.get(byte)), &*context.cache);
            let Some(spawned) = cache.known_spawn(self.before, class) else { break };
            if self.live.is_empty() && spawned == StateId::DEAD && !Escaped::begins(byte) {
                self.before = Neighbour::of(byte);
                at += 1;
                if at >= idle_from {
                    break;
                }
                continue;
            }
            let mut next = [StateId::DEAD; FEW];
            if Escaped::begins(byte)
                || !(spawned == StateId::DEAD || cache.facts(spawned).is_plain())
                || !self.look_ahead(cache, byte, class, at, &mut next)
            {
                break;
            }
            context.cache.work += 1 + self.live.len() as u64;
            self.advance(&next);
            if spawned != StateId::DEAD {
                let (count, queue) = (self.live.len(), self.starts.single(at));
                self.place(count, Thread { state: spawned, queue });
            }
            self.before = Neighbour::of(byte);
            at += 1;
            if self.live.is_empty() && at >= idle_from {
                break;
            }
        }
        at - from
    }

    fn are_plain(&self, cache: &Cache) -> bool {
        self.live.len() <= FEW && self.live.iter().all(|thread| cache.facts(thread.state).is_plain())
    }

    /// Puts into `next` where the threads go over the byte at `at`; `false` if more happens there than that they go.
    fn look_ahead(&self, cache: &Cache, byte: u8, class: usize, at: u64, next: &mut [StateId; FEW]) -> bool {
        if self.live.len() > FEW {
            return false;
        }
        for (thread, next) in self.live.iter().zip(next) {
            let mut state = thread.state;
            if cache.facts(state).looking {
                match cache.known_resolve(state, Neighbour::of(byte)) {
                    Some(resolved) if !cache.facts(resolved).matched => state = resolved,
                    _ => return false,
                }
            }
            let Some(to) = cache.known_step(state, class) else { return false };
            let facts = cache.facts(to);
            let is_reached = at + 1 - self.starts.front(thread.queue) <= u64::from(facts.reach);
            if to != StateId::DEAD && !(facts.is_plain() && is_reached) {
                return false;
            }
            *next = to;
        }
        true
    }

    /// Moves the threads to `next`.
    fn advance(&mut self, next: &[StateId; FEW]) {
        let mut kept = 0;
        for index in 0..self.live.len() {
            let (Some(&Thread { queue, .. }), Some(&state)) = (self.live.get(index), next.get(index)) else {
                break;
            };
            if state == StateId::DEAD {
                self.starts.drop_all(queue);
            } else {
                kept = self.place(kept, Thread { state, queue });
            }
        }
        self.live.truncate(kept);
    }
}
