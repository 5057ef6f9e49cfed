//! What an access to memory met that ended the process, or that a kernel does not make at all.
//!
//! **Invariant:** what is said is read off the world before the access.

use playground_core::machine::{Action, Protection, Space, View};

use super::world::World;
use crate::c::Arena;

/// An access to memory.
struct Access {
    address: u64,
    length: u64,
    stores: bool,
}

/// What an access meets first that it cannot pass.
enum Met<'a> {
    /// A segment's mapping that does not let it.
    Forbidden(u64, &'a View),
    /// No segment's mapping, at this address; and the segment whose pages end there, if the access began in one.
    Nothing(u64, Option<i32>),
}

/// Why an access ends the process; nothing, if the action is none.
pub(super) fn why(world: &World, pid: i32, action: &Action) -> Option<String> {
    let access = access(action)?;
    Some(met(world.space_of(pid)?, &access).in_words(&access, world.machine.host.page_size))
}

/// Why a kernel does not do something: the reason that it gives, and what an access would meet.
pub(super) fn not_done(world: &World, pid: i32, action: &Action, reason: &str) -> String {
    match why(world, pid, action) {
        Some(why) => format!("{reason}. {}", why.trim_end_matches('.')),
        None => reason.to_owned(),
    }
}

fn access(action: &Action) -> Option<Access> {
    match action {
        Action::Load { address, length } => {
            Some(Access { address: address.0, length: *length, stores: false })
        }
        Action::Store { address, bytes } => {
            Some(Access { address: address.0, length: bytes.len() as u64, stores: true })
        }
        _ => None,
    }
}

fn met<'a>(space: &'a Space, access: &Access) -> Met<'a> {
    // A page that may be written may be read, too.
    let enough = if access.stores { Protection::WRITE } else { Protection::all() };
    let (mut at, mut before) = (access.address, None);
    loop {
        match space.at(at).and_then(|mapping| Some((mapping.end, mapping.view()?))) {
            Some((_, view)) if !view.protection.intersects(enough) => return Met::Forbidden(at, view),
            Some((end, view)) if end < access.address.saturating_add(access.length) => {
                (at, before) = (end, Some(view.shmid));
            }
            Some((end, view)) => return Met::Nothing(end, Some(view.shmid)),
            None => return Met::Nothing(at, before),
        }
    }
}

impl Met<'_> {
    fn in_words(&self, access: &Access, page_size: u64) -> String {
        let address = access.address;
        match self {
            Met::Forbidden(at, view) => {
                let verb = if access.stores { "written" } else { "read" };
                let id = view.shmid;
                format!("Segment {id} is attached at {at:#x}, but its mapping does not let it be {verb}.")
            }
            Met::Nothing(end, Some(id)) => format!(
                "The pages of segment {id} end at {end:#x}: from {address:#x} on {} bytes are its own, and the access goes on behind them.",
                end - address
            ),
            Met::Nothing(_, None) if address == 0 => {
                "0x0 is in the first page, where nothing is mapped: the pointer is NULL.".to_owned()
            }
            Met::Nothing(_, None) if address < page_size => format!(
                "{address:#x} is in the first page, where nothing is mapped: {address} is a number and no address, or so far behind a pointer that is NULL."
            ),
            Met::Nothing(u64::MAX, None) => {
                "0xffffffffffffffff is (void *) -1, which shmat returns when it fails: look at what it returned before you use it.".to_owned()
            }
            Met::Nothing(at, None) if Arena::holds(*at) => {
                "This is a string constant, as in \"abc\": a compiler puts it into memory that may be read only. char text[] = \"abc\" makes an array that may be written.".to_owned()
            }
            Met::Nothing(at, None) => format!("Nothing of a segment is mapped at {at:#x}."),
        }
    }
}
