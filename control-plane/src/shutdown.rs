//! The wish to end: Ctrl-C or SIGTERM.

use std::future::Future;
use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// Completes at the first Ctrl-C or SIGTERM after this call.
pub(crate) fn requested() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
