//! When the upstream sent each event, for the clients of the same process to subtract.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Streams at the same time.
pub(crate) const SLOTS: usize = 16;
pub(crate) const EVENTS: usize = 128;

static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
static SENT: [AtomicU64; SLOTS * EVENTS] = [const { AtomicU64::new(0) }; SLOTS * EVENTS];

/// Nanoseconds on the clock that all stamps share.
pub(crate) fn now() -> u64 {
    u64::try_from(BEGIN.elapsed().as_nanos()).expect("less than 500 years")
}

/// Notes that event `event` of the stream in `slot` is sent now.
pub(crate) fn send(slot: usize, event: usize) {
    SENT[slot * EVENTS + event].store(now(), Ordering::SeqCst);
}

/// When event `event` of the stream in `slot` was sent last.
pub(crate) fn sent(slot: usize, event: usize) -> u64 {
    SENT[slot * EVENTS + event].load(Ordering::SeqCst)
}
