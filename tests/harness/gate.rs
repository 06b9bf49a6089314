//! A gate that holds a scripted stream until the test opens it.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Longer than any test waits for anything, so that a test that forgets its gate fails by itself.
const LIMIT: Duration = Duration::from_mins(2);

/// Shut until [`Gate::open`]; clones are the same gate.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// A shut gate.
    pub fn new() -> Gate {
        Gate::default()
    }

    /// Opens the gate for good.
    pub fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Returns once the gate is open.
    pub fn pass(&self) {
        let shut = self.0.0.lock().unwrap();
        let (_open, timeout) = self.0.1.wait_timeout_while(shut, LIMIT, |open| !*open).unwrap();
        assert!(!timeout.timed_out(), "a gate was never opened");
    }
}
