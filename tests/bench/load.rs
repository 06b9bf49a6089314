//! A closed loop of clients on connections that stay open.

use crate::case::{self, Case, WORD};
use crate::side::{Side, exchange};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Enough to keep one worker of Envoy busy.
const CONNECTIONS: usize = 8;

/// What one round gave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) per_second: f64,
    /// Processor time of the proxy per request, in microseconds.
    pub(crate) processor: f64,
    /// Share of the time that the proxy was on a processor.
    pub(crate) busy: f64,
}

/// Sends the request of `case` again and again for `duration`. The first answer on each connection must hold `text`, and
/// all others must be equal to it.
pub(crate) fn run(side: &Side, case: &Case, text: &str, duration: Duration) -> Sample {
    let start = Barrier::new(CONNECTIONS + 1);
    let (mut used, mut began) = (Duration::ZERO, Instant::now());
    let counts: Vec<(u64, f64)> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|slot| {
                scope.spawn({
                    let start = &start;
                    move || client(side, case, text, slot, start, duration)
                })
            })
            .collect();
        start.wait();
        (used, began) = (side.processor_time(), Instant::now());
        clients.into_iter().map(|client| client.join().expect("every answer is right")).collect()
    });
    used = side.processor_time().saturating_sub(used);
    let elapsed = began.elapsed().as_secs_f64();
    let total: u64 = counts.iter().map(|(count, _)| count).sum();
    #[expect(clippy::cast_precision_loss)]
    let (total, per_second) =
        (total as f64, counts.iter().map(|(count, seconds)| *count as f64 / seconds).sum());
    Sample { per_second, processor: used.as_secs_f64() * 1e6 / total, busy: used.as_secs_f64() / elapsed }
}

fn client(
    side: &Side,
    case: &Case,
    text: &str,
    slot: usize,
    start: &Barrier,
    duration: Duration,
) -> (u64, f64) {
    let mut wire = side.connect();
    let mut request = side.request(&case.request, slot);
    let place = || request.windows(WORD.len()).position(|word| word == WORD.as_bytes());
    let word = case.never_seen.then(|| place().expect("a prompt with values has it"));
    let (mut expected, mut body) = (Vec::new(), Vec::new());
    exchange(&mut wire, &request, &mut expected);
    assert_eq!(case::text_of(&expected), text, "the text of the answer");
    start.wait();
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < duration {
        if let Some(at) = word {
            write_word(&mut request[at..at + WORD.len()]);
        }
        exchange(&mut wire, &request, &mut body);
        assert!(body == expected, "an answer differs from the first");
        count += 1;
    }
    (count, began.elapsed().as_secs_f64())
}

/// Writes a word that nobody has written before.
fn write_word(word: &mut [u8]) {
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let mut number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    for letter in word {
        *letter = b'a' + u8::try_from(number % 26).expect("less than 26");
        number /= 26;
    }
}
