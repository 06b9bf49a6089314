//! Waiting for conditions.

use std::time::{Duration, Instant};

/// Between two looks at a condition.
const POLL: Duration = Duration::from_millis(5);

/// Looks at `condition` until it holds; `false` if it still does not after `limit`.
pub fn holds_within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(POLL);
    }
}

/// As [`eventually`] for what happens within microseconds: asks without a pause.
#[track_caller]
pub fn soon(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        std::thread::yield_now();
    }
}

/// Waits until `condition` holds and returns how long that took; fails the test with `what` after `limit`.
#[track_caller]
pub fn eventually(what: &str, limit: Duration, condition: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    assert!(holds_within(limit, condition), "not within {limit:?}: {what}");
    start.elapsed()
}
