//! What the kernel says about a process's use of the machine.

use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Resident memory in bytes.
pub(crate) fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kibibytes * 1024
}

/// Processor time of all threads so far.
pub(crate) fn processor_time(pid: u32) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
    let nanoseconds = tasks.filter_map(|task| {
        // A thread may end between the two reads; the first number is its time on a processor.
        let times = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        times.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanoseconds.sum())
}

/// Processor time of this process so far, with that of threads that have ended: clients and upstream.
pub(crate) fn own_processor_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().expect("not negative")
}
