//! Ports that nobody else uses.
//!
//! Envoy's listeners set `SO_REUSEPORT`, so two Envoys on one port share it silently instead of failing. A port is
//! therefore claimed for the life of the test process by holding the UDP port of the same number, which is free for
//! this purpose because nothing here speaks UDP, and works across test processes.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::sync::Mutex;

/// Below the range that the kernel takes outgoing ports from (32768 and up).
const FIRST: u16 = 20_000;
const LAST: u16 = 31_999;

static CLAIMS: Mutex<Vec<UdpSocket>> = Mutex::new(Vec::new());

/// A port on which nothing listens and which no other test gets.
pub fn free_port() -> u16 {
    let mut claims = CLAIMS.lock().unwrap();
    let range = u32::from(LAST - FIRST);
    // Processes start at different places, so that they rarely try the same port.
    let start = std::process::id().wrapping_mul(97);
    for step in 0..range {
        let offset = u16::try_from(start.wrapping_add(step) % range).unwrap();
        let address = (Ipv4Addr::LOCALHOST, FIRST + offset);
        let Ok(claim) = UdpSocket::bind(address) else { continue };
        if TcpListener::bind(address).is_ok() {
            claims.push(claim);
            return FIRST + offset;
        }
    }
    panic!("no free port between {FIRST} and {LAST}");
}
