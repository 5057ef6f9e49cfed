//! `shmdt`: takes an attachment away. Source: shmop(2).

use super::Machine;
use super::caller::Caller;
use super::host::Host;
use super::space::{Mapping, Space, View};
use crate::Errno;
use crate::call::Address;

impl Caller<'_> {
    /// An attachment must have begun at the address, even if its first pages are gone.
    pub fn shmdt(&self, Address(address): Address) -> Result<(), Errno> {
        let found = self.host().is_page(address) && first_piece(self.space, address, self.host()).is_some();
        if found { Ok(()) } else { Err(Errno::EINVAL) }
    }
}

impl Machine {
    /// All that is left of the attachment goes, as far as the segment is long. Pieces that `mprotect` and `munmap`
    /// have made of it stay its pieces; one that `mremap` has moved does not.
    pub(super) fn shmdt(&mut self, pid: i32, Address(address): Address) {
        for piece in self.pieces(pid, address).unwrap_or_default() {
            self.unmap(pid, piece.start, piece.end);
        }
    }

    fn pieces(&self, pid: i32, address: u64) -> Option<Vec<Mapping>> {
        let caller = Caller::new(self, pid)?;
        let (space, host) = (caller.space, &self.host);
        let (first, view) = first_piece(space, address, host)?;
        let segment = self.namespaces.get(&view.namespace)?.segments.find(view.shmid).ok()?;
        let length = host.whole_pages(segment.size)?;
        let further = space.mappings.range(first.end..).map(|(_, mapping)| *mapping);
        let near = further.take_while(|mapping| mapping.end - address <= length);
        let same = |mapping: &Mapping| {
            piece_of(mapping, address, host).is_some_and(|v| v.attachment == view.attachment)
        };
        Some([first].into_iter().chain(near.filter(same)).collect())
    }
}

/// The first mapping that lies where it would, had its segment been attached at this address.
fn first_piece(space: &Space, address: u64, host: &Host) -> Option<(Mapping, View)> {
    let further = space.mappings.range(address..).map(|(_, mapping)| mapping);
    further.into_iter().find_map(|mapping| Some((*mapping, *piece_of(mapping, address, host)?)))
}

fn piece_of<'a>(mapping: &'a Mapping, address: u64, host: &Host) -> Option<&'a View> {
    mapping.view().filter(|view| host.pages(mapping.start - address) == view.offset)
}
