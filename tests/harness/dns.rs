//! A name server whose answers a test can change.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};

/// Answers every question for an IPv4 address with the same ones, to be asked again after a second, and all other
/// questions with nothing (RFC 1035 §4). It ends with the process.
#[derive(Debug)]
pub struct NameServer {
    port: u16,
    addresses: Arc<Mutex<Vec<Ipv4Addr>>>,
}

const HEADER: usize = 12;
const TYPE_A: [u8; 2] = [0, 1];
/// A reference to the name of the question, type A, class IN, one second, four bytes.
const ANSWER: [u8; 12] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4];

// === impl NameServer ===

impl NameServer {
    /// Starts it.
    pub fn start(addresses: &[Ipv4Addr]) -> NameServer {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = socket.local_addr().unwrap().port();
        let addresses = Arc::new(Mutex::new(addresses.to_vec()));
        let current = Arc::clone(&addresses);
        std::thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((size, client)) = socket.recv_from(&mut buffer) {
                let addresses = current.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if let Some(answer) = answer(&buffer[..size], &addresses) {
                    socket.send_to(&answer, client).unwrap();
                }
            }
        });
        NameServer { port, addresses }
    }

    /// The port, for UDP.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the answers.
    pub fn set(&self, addresses: &[Ipv4Addr]) {
        *self.addresses.lock().unwrap_or_else(PoisonError::into_inner) = addresses.to_vec();
    }
}

/// The answer to a question.
fn answer(question: &[u8], addresses: &[Ipv4Addr]) -> Option<Vec<u8>> {
    // The name is a list of labels that an empty one ends; type and class follow.
    let mut end = HEADER;
    while *question.get(end)? != 0 {
        end += 1 + usize::from(question[end]);
    }
    let kind = question.get(end + 1..end + 3)?;
    let addresses = if kind == TYPE_A { addresses } else { &[] };
    let mut answer = question.get(..end + 5)?.to_vec();
    // An answer, recursion available, no error; one question, so many answers, nothing else.
    answer[2..4].copy_from_slice(&[0x81, 0x80]);
    answer[4..HEADER].copy_from_slice(&[0, 1, 0, u8::try_from(addresses.len()).ok()?, 0, 0, 0, 0]);
    for address in addresses {
        answer.extend(ANSWER);
        answer.extend(address.octets());
    }
    Some(answer)
}
