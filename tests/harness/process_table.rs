//! What the kernel says about processes and sockets.

use crate::wait::soon;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Whether a process with this id runs (a zombie does not).
pub fn runs(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z')
}

/// The processes that `pid` started and that still run.
pub fn children(pid: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|child| stat(*child).is_some_and(|(state, parent)| parent == pid && state != 'Z')).collect()
}

/// The command line of a process.
pub fn command_line(pid: u32) -> Vec<String> {
    strings(pid, "cmdline")
}

/// The environment that a process was started with, as `NAME=value`.
pub fn environment(pid: u32) -> Vec<String> {
    strings(pid, "environ")
}

/// Waits until the peer of `stream`, which must be on this machine, has read everything that was sent to it.
///
/// This is how a test makes sure that each write reaches the other side alone.
pub fn wait_until_read(stream: &TcpStream) {
    let (Ok(ours), Ok(theirs)) = (stream.local_addr(), stream.peer_addr()) else { return };
    soon("the peer reads what was sent", Duration::from_secs(30), || {
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let (reader, writer) = (kernel_form(theirs), kernel_form(ours));
        let mut rows = table.lines().map(|row| row.split_whitespace().collect::<Vec<_>>());
        // Column 4 is "<bytes to send>:<bytes to read>". A row that is gone means that the peer has closed.
        let row = rows.find(|row| row[1] == reader && row[2] == writer);
        row.is_none_or(|row| row[4].ends_with(":00000000"))
    });
}

fn kernel_form(address: SocketAddr) -> String {
    let SocketAddr::V4(address) = address else { panic!("{address} is not IPv4") };
    format!("{:08X}:{:04X}", u32::from_le_bytes(address.ip().octets()), address.port())
}

/// State and parent of a process.
fn stat(pid: u32) -> Option<(char, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain anything, even parentheses.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn strings(pid: u32, file: &str) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap();
    let parts = bytes.split(|byte| *byte == 0).filter(|part| !part.is_empty());
    parts.map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}
