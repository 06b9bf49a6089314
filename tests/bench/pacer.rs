//! Sends the parts of many answers, each at its time, from one thread: threads that sleep on their own would wake late
//! and all at once.

use crate::stamps;
use std::collections::BTreeMap;
use std::io::{Result, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// An answer in parts. Part `n` ends with delta `n`.
#[derive(Debug)]
pub(crate) struct Paced {
    pub(crate) parts: Vec<Vec<u8>>,
    /// The time between two parts.
    pub(crate) pause: Duration,
}

/// The thread's entrance.
#[derive(Debug, Clone)]
pub(crate) struct Pacer {
    jobs: Sender<Job>,
}

#[derive(Debug)]
struct Job {
    stream: TcpStream,
    answer: Arc<Paced>,
    /// The part that is sent next.
    next: usize,
    slot: usize,
    done: Sender<Result<()>>,
}

// === impl Pacer ===

impl Pacer {
    /// Starts the thread. It ends when nobody has a job for it any more.
    pub(crate) fn start() -> Pacer {
        let (jobs, received) = channel();
        std::thread::spawn(move || run(&received));
        Pacer { jobs }
    }

    /// Sends an answer, the first part at once, and waits for its end. Stamps go to `slot`.
    pub(crate) fn send(&self, stream: TcpStream, answer: Arc<Paced>, slot: usize) -> Result<()> {
        let (done, result) = channel();
        self.jobs.send(Job { stream, answer, next: 0, slot, done }).expect("the pacer runs");
        result.recv().expect("the pacer ends every job")
    }
}

fn run(received: &Receiver<Job>) {
    let mut waiting: BTreeMap<(Instant, usize), Job> = BTreeMap::new();
    let mut number = 0;
    loop {
        let now = Instant::now();
        if let Some(first) = waiting.first_entry().filter(|first| first.key().0 <= now) {
            let ((due, number), mut job) = first.remove_entry();
            let pause = job.answer.pause;
            if job.send_part() {
                waiting.insert((due + pause, number), job);
            }
            continue;
        }
        let wait = waiting.first_key_value().map_or(Duration::MAX, |((due, _), _)| *due - now);
        match received.recv_timeout(wait) {
            Ok(job) => {
                number += 1;
                waiting.insert((Instant::now(), number), job);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

// === impl Job ===

impl Job {
    /// Sends the next part; returns whether there are more.
    fn send_part(&mut self) -> bool {
        stamps::send(self.slot, self.next);
        let sent = self.stream.write_all(&self.answer.parts[self.next]);
        self.next += 1;
        if sent.is_ok() && self.next < self.answer.parts.len() {
            return true;
        }
        // Nobody listens any more if the run has ended.
        let _ended = self.done.send(sent);
        false
    }
}
