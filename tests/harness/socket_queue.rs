//! What a process on this machine has not read of what it was sent.
//!
//! Asked for one socket over netlink (`sock_diag(7)`): `/proc/net/tcp` lists every socket of the machine, which takes the
//! kernel milliseconds once tests have left thousands of them behind, and some tests ask after every byte.

use crate::wait::soon;
use rustix::fd::OwnedFd;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};
use std::net::{SocketAddr, SocketAddrV4, TcpStream};
use std::time::Duration;

/// `SOCK_DIAG_BY_FAMILY`, which the answer is too unless it is an error.
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST`.
const REQUEST: u16 = 1;
const AF_INET: u8 = 2;
const IPPROTO_TCP: u8 = 6;
/// Of `nlmsghdr`.
const HEADER: usize = 16;
/// Where `idiag_rqueue` is in `inet_diag_msg`.
const QUEUE: usize = 56;

/// Waits until the peer of `stream`, which must be on this machine, has read everything that was sent to it.
///
/// This is how a test makes sure that each write reaches the other side alone.
pub fn wait_until_read(stream: &TcpStream) {
    let (Ok(ours), Ok(theirs)) = (stream.local_addr(), stream.peer_addr()) else { return };
    let (SocketAddr::V4(ours), SocketAddr::V4(theirs)) = (ours, theirs) else { panic!("not IPv4") };
    let kernel = kernel();
    soon("the peer reads what was sent", Duration::from_secs(30), || {
        let left = unread(&kernel, theirs, ours);
        // No socket: the peer has closed, unless the kernel answers no such question at all.
        assert!(left.is_some() || unread(&kernel, ours, theirs).is_some(), "the kernel knows no sockets");
        left.is_none_or(|count| count == 0)
    });
}

/// A socket to the kernel, for questions about others.
fn kernel() -> OwnedFd {
    let (family, kind) = (AddressFamily::NETLINK, SocketType::DGRAM);
    socket_with(family, kind, SocketFlags::CLOEXEC, Some(netlink::SOCK_DIAG)).expect("a socket to the kernel")
}

/// How many bytes the socket at `at`, connected with `peer`, has received and its process not read; `None` if there is no
/// such socket.
fn unread(kernel: &OwnedFd, at: SocketAddrV4, peer: SocketAddrV4) -> Option<u32> {
    send(kernel, &question(at, peer), SendFlags::empty()).expect("the kernel listens");
    let mut answer = [0; 1024];
    let (_, length) = recv(kernel, &mut answer, RecvFlags::empty()).expect("the kernel answers");
    let answer = &answer[..length];
    let kind = u16::from_ne_bytes([answer[4], answer[5]]);
    let queue = &answer.get(HEADER + QUEUE..)?.first_chunk()?;
    (kind == BY_FAMILY).then(|| u32::from_ne_bytes(**queue))
}

/// `nlmsghdr` and `inet_diag_req_v2` for one socket.
fn question(at: SocketAddrV4, peer: SocketAddrV4) -> Vec<u8> {
    // Family, protocol, no extensions, any state.
    let mut body = vec![AF_INET, IPPROTO_TCP, 0, 0];
    body.extend(u32::MAX.to_ne_bytes());
    body.extend(at.port().to_be_bytes());
    body.extend(peer.port().to_be_bytes());
    for address in [at.ip(), peer.ip()] {
        body.extend(address.octets());
        body.extend([0; 12]);
    }
    // Any interface, and no cookie.
    body.extend([0; 4]);
    body.extend([0xff; 8]);

    let length = u32::try_from(HEADER + body.len()).expect("a short question");
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(BY_FAMILY.to_ne_bytes());
    message.extend(REQUEST.to_ne_bytes());
    // Sequence number and sender, which a connection with one question at a time does not need.
    message.extend([0; 8]);
    message.extend(body);
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::{Ipv4Addr, TcpListener};

    #[test]
    fn what_is_not_read_is_counted() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut receiver, _) = listener.accept().unwrap();
        let kernel = kernel();
        let (SocketAddr::V4(ours), SocketAddr::V4(theirs)) =
            (sender.local_addr().unwrap(), sender.peer_addr().unwrap())
        else {
            panic!("not IPv4")
        };
        sender.write_all(b"seven b").unwrap();
        receiver.read_exact(&mut [0; 3]).unwrap();
        assert_eq!(unread(&kernel, theirs, ours), Some(4));
        receiver.read_exact(&mut [0; 4]).unwrap();
        assert_eq!(unread(&kernel, theirs, ours), Some(0));
        wait_until_read(&sender);
        drop((receiver, listener));
        wait_until_read(&sender);
    }
}
