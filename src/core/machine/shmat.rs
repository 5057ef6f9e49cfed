//! `shmat`: maps a segment. Source: shmop(2).

use super::Machine;
use super::caller::Caller;
use super::credentials::Capabilities;
use super::permission::{EXECUTE, READ, WRITE};
use super::space::{Mapping, Protection, Target, View};
use crate::Errno;
use crate::call::{Address, ShmatFlags, Shmid};

/// The arguments of `shmat`.
#[derive(Clone, Copy)]
pub(super) struct Shmat {
    pub shmid: Shmid,
    pub address: Address,
    pub flags: ShmatFlags,
}

impl Shmat {
    /// Where the caller wants it: nothing for `NULL`.
    ///
    /// An address is a multiple of the page size, or `SHM_RND` rounds it down to one. `SHM_REMAP` replaces what is at
    /// an address, so that there must be one.
    fn wanted(&self, caller: &Caller) -> Result<Option<u64>, Errno> {
        let Address(address) = self.address;
        let (rounds, replaces) = (self.has(ShmatFlags::SHM_RND), self.has(ShmatFlags::SHM_REMAP));
        match caller.host().page_of(address) {
            _ if address == 0 && replaces => Err(Errno::EINVAL),
            _ if address == 0 => Ok(None),
            page if page == address => Ok(Some(page)),
            _ if !rounds => Err(Errno::EINVAL),
            0 if replaces => Err(Errno::EINVAL),
            page => Ok(Some(page)),
        }
    }

    fn has(&self, flag: ShmatFlags) -> bool {
        self.flags.contains(flag)
    }

    /// The permission that is asked for: `SHM_RDONLY` asks for reading alone, and `SHM_EXEC` for executing, too.
    fn wish(&self) -> u32 {
        let write = if self.has(ShmatFlags::SHM_RDONLY) { 0 } else { WRITE };
        let execute = if self.has(ShmatFlags::SHM_EXEC) { EXECUTE } else { 0 };
        READ | write | execute
    }

    fn protection(&self) -> Protection {
        let mut protection = Protection::READ;
        protection.set(Protection::WRITE, !self.has(ShmatFlags::SHM_RDONLY));
        protection.set(Protection::EXEC, self.has(ShmatFlags::SHM_EXEC));
        protection
    }
}

impl Caller<'_> {
    /// Where the segment would be mapped.
    ///
    /// The checks come in this order: the address, the id, permission, room at the address.
    pub fn shmat(&self, ask: Shmat) -> Result<Address, Errno> {
        if ask.shmid.0 < 0 {
            return Err(Errno::EINVAL);
        }
        let wanted = ask.wanted(self)?;
        let segment = self.segment(ask.shmid)?;
        segment.permissions.grant(self.credentials(), ask.wish())?;
        self.place(wanted, segment.size, ask.has(ShmatFlags::SHM_REMAP)).map(Address)
    }

    fn place(&self, wanted: Option<u64>, size: u64, replaces: bool) -> Result<u64, Errno> {
        let (from, to) = self.range_for(wanted, size, replaces)?;
        self.allow_mapping(to - from, wanted.map(|_| (from, to)))?;
        Ok(from)
    }

    /// The range of addresses that the segment is to have.
    fn range_for(&self, wanted: Option<u64>, size: u64, replaces: bool) -> Result<(u64, u64), Errno> {
        if let Some(address) = wanted
            && !replaces
        {
            self.is_free(address, size)?;
        }
        let length = self.host().whole_pages(size).ok_or(Errno::ENOMEM)?;
        let address = self.address_for(wanted, length)?;
        Ok((address, address + length))
    }

    /// Without `SHM_REMAP` an attachment takes no address that is in use.
    fn is_free(&self, address: u64, size: u64) -> Result<(), Errno> {
        // NULL, to which `SHM_RND` rounds a small address down, is no address to look at.
        let end = address.checked_add(size).ok_or(Errno::EINVAL)?;
        if address != 0 && self.space.meets(address, end) { Err(Errno::EINVAL) } else { Ok(()) }
    }

    /// The address for something new: the wanted one, if it is a process's to have, or wherever there is room.
    pub(super) fn address_for(&self, wanted: Option<u64>, length: u64) -> Result<u64, Errno> {
        let host = self.host();
        if length > host.task_size {
            return Err(Errno::ENOMEM);
        }
        let Some(address) = wanted else { return self.space.gap(length, host).ok_or(Errno::ENOMEM) };
        if address > host.task_size - length {
            return Err(Errno::ENOMEM);
        }
        let low = address < host.mmap_min_addr;
        if low && !self.credentials().may_on_the_machine(Capabilities::SYS_RAWIO) {
            return Err(Errno::EPERM);
        }
        Ok(address)
    }

    /// `RLIMIT_AS`: what is mapped already, less what is replaced, and this.
    pub(super) fn allow_mapping(&self, length: u64, replaced: Option<(u64, u64)>) -> Result<(), Errno> {
        let Some(limit) = self.process.address_space else { return Ok(()) };
        let host = self.host();
        let parts = |(from, to): (u64, u64)| -> u64 {
            let hits = self.space.within(from, to);
            hits.iter().filter_map(|hit| hit.part(from, to, host)).map(|part| host.pages(part.length())).sum()
        };
        let pages = self.space.pages(host) - replaced.map_or(0, parts) + host.pages(length);
        if pages > limit / host.page_size { Err(Errno::ENOMEM) } else { Ok(()) }
    }
}

impl Machine {
    /// The segment is mapped at an address. What was mapped there before is gone.
    pub(super) fn shmat(&mut self, pid: i32, ask: Shmat, Address(start): Address) {
        let Some(process) = self.processes.get(&pid) else { return };
        let namespace = process.namespace;
        let Some(view) = self.new_view(namespace, ask) else { return };
        let length = self.host.pages(self.size_of(&view)) * self.host.page_size;
        let mapping = Mapping { start, end: start + length, target: Target::Segment(view) };
        // Counted first, so that a segment which is marked does not go with the attachment that is replaced.
        self.opened(pid, &mapping);
        self.unmap(pid, mapping.start, mapping.end);
        if let Some(space) = self.space_of(pid) {
            space.insert(mapping);
        }
    }

    fn new_view(&mut self, namespace: u64, ask: Shmat) -> Option<View> {
        self.namespaces.get(&namespace)?.segments.find(ask.shmid.0).ok()?;
        self.attachments += 1;
        let protection = ask.protection();
        let mut most = Protection::all();
        most.set(Protection::WRITE, protection.contains(Protection::WRITE));
        Some(View {
            namespace,
            shmid: ask.shmid.0,
            attachment: self.attachments,
            offset: 0,
            protection,
            most,
        })
    }

    fn size_of(&self, view: &View) -> u64 {
        let namespace = self.namespaces.get(&view.namespace);
        namespace
            .and_then(|namespace| namespace.segments.find(view.shmid).ok())
            .map_or(0, |segment| segment.size)
    }

    /// A `shmat` that finds no place has counted as an attachment for a moment: when that one goes, the segment may
    /// go along. Where `RLIMIT_AS` is in the way, what was to be replaced has been cut out already, and stays cut.
    pub(super) fn shmat_failed(&mut self, pid: i32, ask: Shmat) {
        let Some(caller) = Caller::new(self, pid) else { return };
        let (Ok(wanted), Ok(segment)) = (ask.wanted(&caller), caller.segment(ask.shmid)) else { return };
        if segment.permissions.grant(caller.credentials(), ask.wish()).is_err() {
            return;
        }
        let range = caller.range_for(wanted, segment.size, ask.has(ShmatFlags::SHM_REMAP));
        let namespace = caller.process.namespace;
        let cuts = !self.host.limit_goes_before_cuts;
        if let (Ok((from, to)), Some(_), true) = (range, wanted, cuts) {
            self.cut_at(pid, from);
            self.cut_at(pid, to);
        }
        self.remove_if_due(namespace, ask.shmid.0);
    }
}
