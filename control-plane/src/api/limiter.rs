//! How often one client may ask.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lets each client through so many times per minute.
#[derive(Debug)]
pub(crate) struct Limiter<K> {
    per_minute: u32,
    clients: Mutex<HashMap<K, (Instant, u32)>>,
}

const WINDOW: Duration = Duration::from_mins(1);

/// Clients that are remembered; the oldest are forgotten first. Each takes less than 100 bytes.
const MAX_CLIENTS: usize = 100_000;

// === impl Limiter ===

impl<K: Hash + Eq> Limiter<K> {
    /// `per_minute` times per minute.
    pub(crate) fn new(per_minute: u32) -> Limiter<K> {
        Limiter { per_minute, clients: Mutex::default() }
    }

    /// Whether `client` may ask at `now`, which counts.
    pub(crate) fn admits(&self, client: K, now: Instant) -> bool {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= MAX_CLIENTS {
            clients.retain(|_, (began, _)| now.duration_since(*began) < WINDOW);
        }
        if clients.len() >= MAX_CLIENTS {
            return clients.get(&client).is_some_and(|(_, count)| *count < self.per_minute);
        }
        let (began, count) = clients.entry(client).or_insert((now, 0));
        if now.duration_since(*began) >= WINDOW {
            (*began, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= self.per_minute
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_a_number_per_minute() {
        let limiter = Limiter::new(2);
        let start = Instant::now();
        assert_eq!([0; 3].map(|_| limiter.admits("a", start)), [true, true, false]);
        assert!(limiter.admits("b", start));
        assert!(!limiter.admits("a", start + Duration::from_secs(59)));
        assert!(limiter.admits("a", start + WINDOW));
    }
}
