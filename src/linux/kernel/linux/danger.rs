//! Which calls a process must not make, whatever the kernel would say to them.
//!
//! **Invariant:** no call that gets past here replaces, unmaps or reads memory of the program itself.

use std::fs;

use super::Linux;
use crate::call::{Address, Call, Cmd, FileCall, SemCmd, ShmatFlags};
use crate::evidence::maps::{self, Mapping};
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
        if flags.contains(ShmatFlags::SHM_RND) && address.0 < self.page_size() as u64 && !self.unchecked {
            return Some("the address rounds down to NULL, and for root Linux would map the segment there");
        }
        let replaces_ours = || self.attached.get(&address.0).is_some_and(|extent| extent.length >= length);
        let is_safe =
            || if self.unchecked { !is_the_programs(address, length, Use::Remap) } else { replaces_ours() };
        if flags.contains(ShmatFlags::SHM_REMAP) && !is_safe() {
            return Some("SHM_REMAP would replace memory that is not an attachment of this process");
        }
        None
    }
}

/// What is done to a range of addresses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::kernel) enum Use {
    /// Bytes are read.
    Load,
    /// Bytes are written.
    Store,
    /// What is mapped there is replaced, unmapped, or gets other rights.
    Remap,
}

impl Use {
    /// Whether the kernel answers with a signal, before anything is read or written there.
    fn is_forbidden_by(self, perms: &str) -> bool {
        match self {
            // A page that may be written or executed may be read, too, on many processors.
            Use::Load => perms.starts_with("---"),
            Use::Store => perms.as_bytes().get(1) == Some(&b'-'),
            Use::Remap => false,
        }
    }
}

/// Whether a use of this range would meet anything but segments: the program, its stack, its libraries. What lets nobody
/// read or write cannot be harmed by who tries.
pub(in crate::kernel) fn is_the_programs(address: Address, length: usize, what: Use) -> bool {
    let mappings = fs::read_to_string("/proc/self/maps").ok().and_then(|text| maps::parse(&text).ok());
    // Who cannot look had better not touch.
    mappings.is_none_or(|mappings| meets_the_program(&mappings, address, length, what))
}

fn meets_the_program(mappings: &[Mapping], address: Address, length: usize, what: Use) -> bool {
    mappings.iter().any(|mapping| {
        mapping.segment().is_none()
            && mapping.overlaps(address, length.max(1))
            && !what.is_forbidden_by(&mapping.perms)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A segment, a guard behind it, the program's constants and its variables.
    const MAPS: &str = "10000-11000 rw-s 00000000 00:01 7 /SYSV00000000 (deleted)
11000-12000 ---p 00000000 00:00 0 
12000-13000 r--p 00000000 fe:00 12 /play
13000-14000 rw-p 00000000 fe:00 12 /play
14000-15000 --xp 00000000 00:00 0 [vsyscall]
";

    fn meets(what: Use, range: std::ops::Range<u64>) -> bool {
        let mappings = maps::parse(MAPS).unwrap();
        meets_the_program(&mappings, Address(range.start), (range.end - range.start) as usize, what)
    }

    #[test]
    fn what_the_kernel_forbids_anyway_may_be_tried() {
        for range in [0x10000..0x11000, 0x11000..0x11001, 0x10fff..0x12000, 0xf000..0x10001, 0x15000..0x15001]
        {
            assert!(!meets(Use::Load, range.clone()) && !meets(Use::Store, range));
        }
        assert!(!meets(Use::Store, 0x12000..0x12008) && !meets(Use::Store, 0x14000..0x14008));
    }

    #[test]
    fn no_byte_of_the_program_is_read_written_or_mapped_anew() {
        for range in [0x13000..0x13001, 0x10fff..0x13001, 0x13fff..0x14001] {
            assert!(
                meets(Use::Load, range.clone())
                    && meets(Use::Store, range.clone())
                    && meets(Use::Remap, range)
            );
        }
        assert!(meets(Use::Load, 0x12000..0x12001) && meets(Use::Load, 0x14000..0x14001));
        assert!(meets(Use::Remap, 0x11000..0x12000) && meets(Use::Remap, 0x14000..0x15000));
        assert!(!meets(Use::Remap, 0x10000..0x11000));
    }
}
