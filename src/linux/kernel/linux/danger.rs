//! Which calls a process must not make, whatever the kernel would say to them.
//!
//! **Invariant:** no call that gets past here replaces, unmaps or reads memory of the program itself.

use std::fs;

use super::Linux;
use crate::call::{Address, Call, Cmd, FileCall, SemCmd, ShmatFlags};
use crate::evidence::maps;
use crate::kernel::Look;

impl Linux {
    /// Why a call must not be made in this process.
    pub(super) fn endangers(&self, call: &Call) -> Option<&'static str> {
        match call {
            Call::Semctl { cmd: cmd @ SemCmd::Other(_), .. } if cmd.array_or_record().is_some() => {
                Some("the command wants a buffer, which the playground does not give it")
            }
            Call::SemopAt { sops: address, .. }
            | Call::Shmctl { cmd: Cmd::BufferAt { buffer: address, .. }, .. }
            | Call::Semctl { cmd: SemCmd::BufferAt { buffer: address, .. }, .. } => {
                (*address != Address::NULL).then_some("the buffer is one of another process")
            }
            Call::Shmat { shmid, address, flags } if *address != Address::NULL => {
                let length = self.size_of(*shmid).next_multiple_of(self.page_size());
                self.replaces(*address, length, *flags)
            }
            Call::File(FileCall::Unmap { address, length }) => {
                let ours = self.attached.get(&address.0).is_some_and(|extent| extent.length == *length);
                (!ours).then_some("no call of this process has mapped so many bytes there")
            }
            _ => None,
        }
    }

    fn replaces(&self, address: Address, length: usize, flags: ShmatFlags) -> Option<&'static str> {
        if flags.contains(ShmatFlags::SHM_RND) && address.0 < self.page_size() as u64 {
            return Some("the address rounds down to NULL, and for root Linux would map the segment there");
        }
        let replaces_ours = || self.attached.get(&address.0).is_some_and(|extent| extent.length >= length);
        let is_safe = || if self.unchecked { !is_the_programs(address, length) } else { replaces_ours() };
        if flags.contains(ShmatFlags::SHM_REMAP) && !is_safe() {
            return Some("SHM_REMAP would replace memory that is not an attachment of this process");
        }
        None
    }
}

/// Whether anything but a segment is mapped in this range: the program, its stack, its libraries.
pub(in crate::kernel) fn is_the_programs(address: Address, length: usize) -> bool {
    let mappings = fs::read_to_string("/proc/self/maps").ok().and_then(|text| maps::parse(&text).ok());
    // Who cannot look had better not touch.
    mappings.is_none_or(|mappings| {
        mappings.iter().any(|mapping| mapping.segment().is_none() && mapping.overlaps(address, length.max(1)))
    })
}
