//! What the hardware and the kernel's build decide, and no process changes.
//!
//! **Invariant:** a rule that differs from machine to machine reads its number here; none is written into a rule.

use serde::{Deserialize, Serialize};

/// A computer, as far as the rules depend on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The size of a page of memory, in bytes. A segment may be attached at each multiple of it (`SHMLBA`).
    pub page_size: u64,
    /// Memory and swap together, in pages: more than that is promised to no segment, unless it is made with
    /// `SHM_NORESERVE`.
    pub memory: u64,
    /// The first address behind the last one that a process may have (`TASK_SIZE`).
    pub task_size: u64,
    /// Below this address only `CAP_SYS_RAWIO` may map anything (`vm.mmap_min_addr`).
    pub mmap_min_addr: u64,
    /// Whether a piece of an attachment stays a mapping of its own when `mprotect` makes it like its neighbour again,
    /// as it did on Linux 6.1 and before. Since then it joins its neighbour, and `shm_nattch` counts one less.
    #[serde(default)]
    pub pieces_stay_apart: bool,
    /// Whether `RLIMIT_AS` is asked for before anything is cut out that is to be replaced, as it was on Linux 6.1 and
    /// before: a call that fails for that limit leaves every mapping whole.
    #[serde(default)]
    pub limit_goes_before_cuts: bool,
    /// Whether `semop` refuses a negative id before it counts the operations, as it did on Linux 5.10.
    #[serde(default)]
    pub negative_set_goes_before_count: bool,
    /// Whether the settings of an IPC namespace are for root of the whole machine alone, as they were before Linux
    /// 5.19: since then root of the namespace's own user namespace may write them.
    #[serde(default)]
    pub settings_are_the_machines: bool,
    /// Whether `mremap` that makes nothing longer asks not whether anything is mapped, as on Linux 5.10: what it cuts
    /// off may be a hole.
    #[serde(default)]
    pub holes_shrink: bool,
    /// Whether `mremap` has no word of its own for a length that no process can have, as on the older kernels: there is
    /// no room for it (`ENOMEM`), or nothing is mapped (`EFAULT`). Newer ones say `EINVAL` before they look.
    #[serde(default)]
    pub mremap_takes_any_length: bool,
    /// Whether `SIGSEGV` and `SIGBUS` end every process that has the same memory, the parent that waits in `vfork`, too,
    /// as on Linux 5.10: a core dump was one for the whole memory.
    #[serde(default)]
    pub a_dump_ends_all: bool,
    /// Whether the first store to a page that was only read before takes a page fault of its own, as on arm64 without
    /// FEAT_HAFDBS: there the kernel has to note that the page was written to, and elsewhere the processor does.
    #[serde(default)]
    pub first_store_faults: bool,
}

impl Host {
    /// A computer with an x86-64 processor and this much memory, in pages.
    pub fn x86_64(memory: u64) -> Host {
        Host {
            page_size: 4096,
            memory,
            task_size: 0x7fff_ffff_f000,
            mmap_min_addr: 4096,
            pieces_stay_apart: false,
            limit_goes_before_cuts: false,
            negative_set_goes_before_count: false,
            settings_are_the_machines: false,
            holes_shrink: false,
            mremap_takes_any_length: false,
            a_dump_ends_all: false,
            first_store_faults: false,
        }
    }

    /// How many pages so many bytes take: the last one may be used in part.
    ///
    /// ```
    /// # use playground_core::machine::Host;
    /// assert_eq!(Host::x86_64(1 << 20).pages(25600), 7);
    /// ```
    pub fn pages(&self, bytes: u64) -> u64 {
        bytes.div_ceil(self.page_size)
    }

    /// So many bytes, rounded up to whole pages; nothing, if that number is too large to be written.
    pub fn whole_pages(&self, bytes: u64) -> Option<u64> {
        self.pages(bytes).checked_mul(self.page_size)
    }

    /// The beginning of the page that an address lies in.
    pub fn page_of(&self, address: u64) -> u64 {
        address - address % self.page_size
    }

    /// Whether a page begins at an address.
    pub fn is_page(&self, address: u64) -> bool {
        address.is_multiple_of(self.page_size)
    }
}
