//! The world as a page draws it: processes, what they have attached, segments, sets.

use play::c::{Arena, Ty, Value, Variable};
use play::session::{Actor, Lifecycle, World, rights};
use playground_core::machine::{Mapping, Segment, Set, View};
use serde::Serialize;

use crate::words;

/// How many bytes of a segment's first page are shown.
const SHOWN: usize = 64;

/// A picture of a world.
#[derive(Debug, Serialize)]
pub struct Picture {
    /// The letter of the process that acts next; nobody, if none lives.
    pub current: Option<String>,
    /// The processes, in the order in which they began.
    pub processes: Vec<ProcessShown>,
    /// The segments of the namespace.
    pub segments: Vec<SegmentShown>,
    /// The sets of semaphores of the namespace.
    pub sets: Vec<SetShown>,
    /// All of it in sentences.
    pub caption: String,
}

/// A process.
#[derive(Debug, Serialize)]
pub struct ProcessShown {
    /// Its letter.
    pub name: String,
    /// Its process id.
    pub pid: i32,
    /// Its user.
    pub uid: u32,
    /// How it ended, if it did.
    pub ended: Option<String>,
    /// The call that it waits in, if it does.
    pub waits: Option<String>,
    /// What it has attached.
    pub maps: Vec<MapShown>,
    /// Its variables.
    pub variables: Vec<VariableShown>,
}

/// A mapping that leads to a segment.
#[derive(Debug, Serialize)]
pub struct MapShown {
    /// The segment's id.
    pub segment: i32,
    /// The first address.
    pub at: u64,
    /// The same, as C writes it.
    pub shown: String,
    /// As `/proc/PID/maps` has it: `rw-`.
    pub rights: String,
    /// Whether it may be written through.
    pub writable: bool,
    /// The page of the segment that it begins with, and how many it shows.
    pub from: u64,
    /// How many pages it shows.
    pub pages: u64,
    /// The pages for which the process's page table has an entry.
    pub present: Vec<u64>,
    /// The variables that hold its first address.
    pub names: Vec<String>,
}

/// A variable that holds a number or an address.
#[derive(Debug, Serialize)]
pub struct VariableShown {
    /// Its name.
    pub name: String,
    /// Its type, as C writes it.
    pub ty: String,
    /// Its value, as C writes it.
    pub value: String,
}

/// A segment.
#[derive(Debug, Serialize)]
pub struct SegmentShown {
    /// Its id.
    pub id: i32,
    /// Its key, as `ipcs` shows it.
    pub key: String,
    /// Its size in bytes, as it was asked for.
    pub size: u64,
    /// How many pages that is.
    pub pages: u64,
    /// The pages that are in memory.
    pub filled: Vec<u64>,
    /// Its permissions in octal.
    pub mode: String,
    /// Its owner.
    pub uid: u32,
    /// How often it is attached.
    pub nattch: u64,
    /// Whether it is marked for destruction.
    pub marked: bool,
    /// The process that made it, and the one that attached or detached it last; 0 for none.
    pub cpid: i32,
    /// The process that attached or detached it last; 0 for none.
    pub lpid: i32,
    /// When it was attached last, in seconds of the model's clock; 0 for never.
    pub atime: i64,
    /// When it was detached last.
    pub dtime: i64,
    /// When it was made or changed.
    pub ctime: i64,
    /// The first bytes of its first page, if that is in memory.
    pub bytes: Vec<u8>,
}

/// A set of semaphores.
#[derive(Debug, Serialize)]
pub struct SetShown {
    /// Its id.
    pub id: i32,
    /// Its key, as `ipcs` shows it.
    pub key: String,
    /// The values.
    pub values: Vec<i32>,
    /// The letters of the processes that wait.
    pub waiting: Vec<String>,
}

impl Picture {
    /// A picture of this world.
    pub fn of(world: &World) -> Picture {
        let processes = world.letters(|_| true).into_iter().map(|letter| process(world, letter)).collect();
        let segments = world.segments().map(|segment| self::segment(world, segment)).collect();
        let mut picture = Picture {
            current: world.current.clone(),
            processes,
            segments,
            sets: world.sets().map(|set| self::set(world, set)).collect(),
            caption: String::new(),
        };
        picture.caption = words::told(&picture);
        picture
    }
}

fn process(world: &World, letter: &str) -> ProcessShown {
    let actor = &world.actors[letter];
    let uid = world.machine.processes.get(&actor.pid).map_or(0, |process| process.credentials.uid);
    let waits = actor.pending.as_ref().filter(|_| actor.waits());
    ProcessShown {
        name: letter.to_owned(),
        pid: actor.pid,
        uid,
        ended: ended(actor),
        waits: waits.map(|pending| pending.waits_in.clone().unwrap_or_default()),
        maps: maps(world, actor),
        variables: variables(&actor.arena),
    }
}

fn ended(actor: &Actor) -> Option<String> {
    match &actor.life {
        Lifecycle::Here => None,
        Lifecycle::Elsewhere => Some("runs another program".to_owned()),
        Lifecycle::Over(how) => Some(how.clone()),
    }
}

fn maps(world: &World, actor: &Actor) -> Vec<MapShown> {
    let page = world.machine.host.page_size;
    let Some(space) = world.space_of(actor.pid) else { return Vec::new() };
    let shown = |(mapping, view): (&Mapping, &View)| {
        let pages = mapping.length() / page;
        let present = (0..pages).filter(|number| space.present.contains(&(mapping.start / page + number)));
        MapShown {
            segment: view.shmid,
            at: mapping.start,
            shown: format!("{:#x}", mapping.start),
            rights: rights(view.protection),
            writable: rights(view.protection).contains('w'),
            from: view.offset,
            pages,
            present: present.collect(),
            names: pointers_to(&actor.arena, mapping.start),
        }
    };
    space.views().map(shown).collect()
}

fn pointers_to(arena: &Arena, address: u64) -> Vec<String> {
    let holds = |variable: &Variable| arena.load(variable.address, 8) == Some(&address.to_le_bytes()[..]);
    let pointers = arena.variables().filter(|(_, variable)| variable.ty.is_pointer() && holds(variable));
    pointers.map(|(name, _)| name.to_owned()).collect()
}

fn variables(arena: &Arena) -> Vec<VariableShown> {
    let shown = |(name, variable): (&str, &Variable)| {
        let bytes = arena.load(variable.address, variable.ty.size())?;
        let value = number(&Value::from_bytes(variable.ty.clone(), bytes))?;
        Some(VariableShown { name: name.to_owned(), ty: variable.ty.to_string(), value })
    };
    arena.variables().filter_map(shown).collect()
}

/// A number or an address; what has parts is not shown.
fn number(value: &Value) -> Option<String> {
    match &value.ty {
        ty if ty.is_pointer() && value.bits() == 0 => Some("NULL".to_owned()),
        ty if ty.is_pointer() => Some(format!("{:#x}", value.bits())),
        Ty::Integer { .. } => Some(value.signed().to_string()),
        _ => None,
    }
}

fn segment(world: &World, segment: &Segment) -> SegmentShown {
    let permissions = &segment.permissions;
    let first = segment.pages.get(&0).map(|page| page.iter().take(SHOWN).copied().collect());
    SegmentShown {
        id: permissions.id,
        key: key(permissions.key.0),
        size: segment.size,
        pages: world.machine.host.pages(segment.size),
        filled: segment.pages.keys().copied().collect(),
        mode: format!("{:03o}", permissions.mode & 0o777),
        uid: permissions.uid,
        nattch: segment.attached,
        marked: segment.is_marked(),
        cpid: segment.cpid,
        lpid: segment.lpid,
        atime: segment.atime,
        dtime: segment.dtime,
        ctime: segment.ctime,
        bytes: first.unwrap_or_default(),
    }
}

fn key(key: i32) -> String {
    format!("0x{key:08x}")
}

fn set(world: &World, set: &Set) -> SetShown {
    let letter = |pid| world.letter_of(pid).unwrap_or_default().to_owned();
    SetShown {
        id: set.permissions.id,
        key: key(set.permissions.key.0),
        values: set.semaphores.iter().map(|semaphore| semaphore.value).collect(),
        waiting: set.waiters.iter().map(|waiter| letter(waiter.pid)).collect(),
    }
}
