//! Waiting for conditions.

use std::time::{Duration, Instant};

/// Between two looks at a condition.
const POLL: Duration = Duration::from_millis(5);
/// The same for what happens within microseconds.
const SHORT_POLL: Duration = Duration::from_micros(200);

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

/// As [`eventually`] for what takes microseconds to happen and longer to ask for, so that the first answer should do.
#[track_caller]
pub fn soon(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    loop {
        std::thread::sleep(SHORT_POLL);
        if condition() {
            return;
        }
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
    }
}

/// Waits until `condition` holds and returns how long that took; fails the test with `what` after `limit`.
#[track_caller]
pub fn eventually(what: &str, limit: Duration, condition: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    assert!(holds_within(limit, condition), "not within {limit:?}: {what}");
    start.elapsed()
}
