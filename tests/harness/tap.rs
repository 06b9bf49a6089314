//! A wire tap: forwards connections byte for byte and records the requests that clients send over them.

use crate::message::Reader;
use crate::upstream::Recorded;
use std::io::{Read, Result, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Stands between clients and a port of this machine; it closes when dropped.
#[derive(Debug)]
pub struct Tap {
    port: u16,
    requests: Arc<Mutex<Vec<Recorded>>>,
    closed: Arc<Mutex<bool>>,
}

/// What is read from one socket is written to the other before anybody looks at it.
struct Forwarded {
    from: TcpStream,
    to: TcpStream,
}

// === impl Tap ===

impl Tap {
    /// Forwards to `target`.
    pub fn start(target: u16) -> Tap {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let tap = Tap { port, requests: Arc::default(), closed: Arc::default() };
        let (requests, closed) = (Arc::clone(&tap.requests), Arc::clone(&tap.closed));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if *closed.lock().unwrap() {
                    return;
                }
                let requests = Arc::clone(&requests);
                // A connection that breaks is seen by both ends.
                std::thread::spawn(move || drop(forward(client, target, &requests)));
            }
        });
        tap
    }

    /// Where clients connect.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The requests so far, in the order in which they were complete.
    pub fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        *self.closed.lock().unwrap() = true;
        // Wakes the listener up.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

fn forward(client: TcpStream, target: u16, requests: &Mutex<Vec<Recorded>>) -> Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, target))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut answers, mut to_client) = (server.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || {
        drop(std::io::copy(&mut answers, &mut to_client));
        drop(to_client.shutdown(Shutdown::Both));
    });
    let end = server.try_clone()?;
    let mut reader = Reader::new(Forwarded { from: client, to: server });
    let read = loop {
        match Recorded::read(&mut reader) {
            Ok(Some(recorded)) => requests.lock().unwrap().push(recorded),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    end.shutdown(Shutdown::Write)?;
    read
}

// === impl Forwarded ===

impl Read for Forwarded {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.from.read(buffer)?;
        self.to.write_all(&buffer[..count])?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FakeUpstream, Reply, Request};

    #[test]
    fn both_ends_see_the_same_requests() {
        let upstream = FakeUpstream::start(|recorded| Reply::whole("text/plain", recorded.body.clone()));
        let tap = Tap::start(upstream.port());
        let request = Request::post("/p?q=1", "hello").header("X-Case", "Value");
        for answer in [request.send(tap.port()), request.send_chunked(tap.port(), 2)] {
            assert_eq!(answer.text(), "hello");
        }
        let (sent, received) = (tap.requests(), upstream.requests());
        assert_eq!(sent.len(), 2);
        for (sent, received) in sent.iter().zip(&received) {
            assert_eq!((&sent.target, &sent.body), (&received.target, &received.body));
            assert_eq!(sent.head.headers, received.head.headers);
        }
    }
}
