//! When the upstream sent each delta, for the clients of the same process to subtract.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Streams at the same time.
pub(crate) const SLOTS: usize = 1_000;
/// Deltas of one stream. Those behind are not noted.
pub(crate) const DELTAS: usize = 64;

static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
static SENT: [AtomicU64; SLOTS * DELTAS] = [const { AtomicU64::new(0) }; SLOTS * DELTAS];

/// Nanoseconds on the clock that all stamps share.
pub(crate) fn now() -> u64 {
    u64::try_from(BEGIN.elapsed().as_nanos()).expect("less than 500 years")
}

/// Notes that a delta of the stream in `slot` is sent now.
pub(crate) fn send(slot: usize, delta: usize) {
    if delta < DELTAS {
        SENT[slot * DELTAS + delta].store(now(), Ordering::Release);
    }
}

/// When a delta of the stream in `slot` was sent last.
pub(crate) fn sent(slot: usize, delta: usize) -> u64 {
    SENT[slot * DELTAS + delta].load(Ordering::Acquire)
}
