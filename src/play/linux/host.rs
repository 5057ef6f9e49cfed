//! This computer, as far as the rules depend on it.

use std::fs;

use linux::kernel::{Linux as ThisProcess, Look};
use playground_core::machine::Host;

/// What the system says of itself.
pub(super) fn host() -> Host {
    let page_size = ThisProcess::new().page_size() as u64;
    let number = |path: &str| fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok());
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kibibytes = |name: &str| {
        let line = memory.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0u64)
    };
    let pages = (kibibytes("MemTotal:") + kibibytes("SwapTotal:")) * 1024 / page_size;
    let mmap_min_addr = number("/proc/sys/vm/mmap_min_addr").unwrap_or(4096);
    Host { page_size, mmap_min_addr, ..Host::x86_64(pages) }
}
