//! Puzzles: a start, a goal as conditions over the world, and the fewest calls that reach it.
//!
//! **Invariant:** a condition asks for the world, and for what processes were answered, read and wrote, never for the lines that were
//! typed: any way that reaches the goal counts, and looking around never counts against it.

mod history;

use playground_core::Errno;
use playground_core::machine::{Segment, Set};
use serde::{Deserialize, Serialize};

use crate::c::{Arena, Ty, Value};
use crate::session::{Actor, Lifecycle, Session, World, family};

use history::{Asked, Stores, Touched};

/// A puzzle.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Its title.
    pub title: String,
    /// The lesson that it belongs to.
    pub lesson: u32,
    /// How many users the namespace has to have.
    #[serde(default = "one")]
    pub users: u32,
    /// The lines that are done before the first one.
    pub start: Vec<String>,
    /// What to reach, in words.
    pub goal: String,
    /// The fewest calls that reach it.
    pub par: usize,
    /// Three hints, each says more than the one before.
    pub hints: [String; 3],
    /// Lines that reach it in `par` calls.
    pub solution: Vec<String>,
    /// What there is to learn from it.
    pub explanation: String,
    /// What to reach, for the playground. Every condition must hold.
    #[serde(rename = "condition")]
    pub conditions: Vec<Condition>,
}

fn one() -> u32 {
    1
}

fn exactly_one() -> usize {
    1
}

/// Something that has to be true of the world.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// So many segments are in the table.
    Segments(usize),
    /// So many sets of semaphores are in the table.
    Sets(usize),
    /// So many segments are as described.
    Segment(SegmentPattern),
    /// So many sets are as described.
    Set(SetPattern),
    /// The byte at this offset of the segment.
    Byte(InSegment),
    /// The 32-bit word at this offset of the segment.
    Word(InSegment),
    /// This process lives and runs its own program.
    Lives(String),
    /// This process waits in a call.
    Waits(String),
    /// This process lives, runs its own program, and does not wait.
    Ready(String),
    /// This process is over.
    Dead(String),
    /// A signal has ended this process.
    Killed(String),
    /// How many mappings a process has.
    Views(Views),
    /// Which segments are mapped in a process from an address on, without a gap.
    Layout(Layout),
    /// The last call that was answered of those that change segments, or of those that change sets.
    Last(LastCall),
    /// A field of a structure that a process has.
    Field(FieldOf),
    /// A variable that a process has.
    Variable(VariableOf),
    /// This process has read these bytes of a segment since the start.
    Read(Touched),
    /// This process has written them.
    Wrote(Touched),
    /// IPC_STAT has told this process of a segment since the start.
    Asked(Asked),
    /// How often a process has written to a part of a segment since the start.
    Stores(Stores),
}

/// What a segment is to be like; what is not named may be anything.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentPattern {
    id: Option<i32>,
    key: Option<u32>,
    size: Option<u64>,
    mode: Option<u32>,
    /// Whether its mode lets anybody read it: owner, group or others.
    readable: Option<bool>,
    uid: Option<u32>,
    nattch: Option<u64>,
    dest: Option<bool>,
    text: Option<String>,
    /// Whether it is the one that was there at the start, and no other under its id or key.
    old: Option<bool>,
    #[serde(default = "exactly_one")]
    count: usize,
}

/// What a set is to be like.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SetPattern {
    values: Option<Vec<i32>>,
    pids: Option<Vec<String>>,
    old: Option<bool>,
    #[serde(default = "exactly_one")]
    count: usize,
}

/// A number in a segment.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct InSegment {
    segment: i32,
    offset: u64,
    is: u32,
}

/// Mappings of a process.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Views {
    of: String,
    protection: Option<String>,
    segment: Option<i32>,
    count: Option<usize>,
    /// Where more of them do no harm.
    at_least: Option<usize>,
}

/// Mappings of a process, page by page.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    of: String,
    from: u64,
    segments: Vec<i32>,
}

/// The last call of a process, or of any.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LastCall {
    of: Option<String>,
    call: String,
    answer: String,
    first: Option<i64>,
    /// How many segments there were before it.
    segments: Option<usize>,
    /// By how much a `semop` changed semaphores in all.
    change: Option<i32>,
}

/// A field of a structure.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FieldOf {
    of: String,
    variable: String,
    name: String,
    is: i64,
}

/// A variable.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct VariableOf {
    of: String,
    name: String,
    is: i64,
}

impl Level {
    /// Whether the world is as the goal has it.
    pub fn is_reached(&self, session: &Session) -> bool {
        all_hold(&self.conditions, session.world())
    }
}

/// Whether these conditions are true of a world, all of them.
pub fn all_hold(conditions: &[Condition], world: &World) -> bool {
    conditions.iter().all(|condition| condition.holds(world))
}

impl Condition {
    /// Whether it is true of a world.
    pub fn holds(&self, world: &World) -> bool {
        match self {
            Condition::Segments(count) => world.segments().count() == *count,
            Condition::Sets(count) => world.sets().count() == *count,
            Condition::Segment(pattern) => {
                world.segments().filter(|segment| pattern.fits(segment, world)).count() == pattern.count
            }
            Condition::Set(pattern) => {
                world.sets().filter(|set| pattern.fits(set, world)).count() == pattern.count
            }
            Condition::Byte(at) => at.bytes(world, 1) == Some(vec![at.is as u8]),
            Condition::Word(at) => at.bytes(world, 4) == Some(at.is.to_le_bytes().to_vec()),
            Condition::Lives(letter) => world.actors.get(letter).is_some_and(Actor::is_here),
            Condition::Waits(letter) => world.actors.get(letter).is_some_and(Actor::waits),
            Condition::Ready(letter) => {
                world.actors.get(letter).is_some_and(|actor| actor.is_here() && !actor.waits())
            }
            Condition::Dead(letter) => end_of(world, letter).is_some(),
            Condition::Killed(letter) => end_of(world, letter).is_some_and(|how| how.contains("killed by")),
            Condition::Read(touched) => touched.is_among(world, |seen| &seen.reads),
            Condition::Wrote(touched) => touched.is_among(world, |seen| &seen.writes),
            Condition::Asked(asked) => asked.holds(world),
            Condition::Views(views) => views.hold(world),
            Condition::Layout(layout) => layout.holds(world),
            Condition::Last(last) => last.holds(world),
            Condition::Field(field) => field.holds(world),
            Condition::Variable(variable) => variable.holds(world),
            Condition::Stores(stores) => stores.holds(world),
        }
    }
}

/// How a process ended, if it is over.
fn end_of<'a>(world: &'a World, letter: &str) -> Option<&'a str> {
    match &world.actors.get(letter)?.life {
        Lifecycle::Over(how) => Some(how),
        _ => None,
    }
}

/// Whether a value is as it is wanted, where it is wanted at all.
fn is<T: PartialEq>(wanted: &Option<T>, value: &T) -> bool {
    wanted.as_ref().is_none_or(|wanted| wanted == value)
}

impl SegmentPattern {
    fn fits(&self, segment: &Segment, world: &World) -> bool {
        let permissions = &segment.permissions;
        is(&self.id, &permissions.id)
            && is(&self.key, &(permissions.key.0 as u32))
            && is(&self.size, &segment.size)
            && is(&self.mode, &(permissions.mode & 0o777))
            && is(&self.readable, &(permissions.mode & 0o444 != 0))
            && is(&self.uid, &permissions.uid)
            && is(&self.nattch, &segment.attached)
            && is(&self.dest, &segment.is_marked())
            && is(&self.old, &world.is_old_segment(permissions.id))
            && self.text.as_ref().is_none_or(|text| begins_with(segment, text))
    }
}

/// Whether a segment begins with this string, and the zero byte at its end.
fn begins_with(segment: &Segment, text: &str) -> bool {
    let page = segment.pages.get(&0).map(|page| &page[..]).unwrap_or(&[0]);
    page.starts_with(text.as_bytes()) && page.get(text.len()) == Some(&0)
}

impl SetPattern {
    fn fits(&self, set: &Set, world: &World) -> bool {
        let values: Vec<i32> = set.semaphores.iter().map(|semaphore| semaphore.value).collect();
        let pids = set
            .semaphores
            .iter()
            .map(|semaphore| world.letter_of(semaphore.pid).unwrap_or_default().to_owned());
        is(&self.values, &values)
            && is(&self.pids, &pids.collect())
            && is(&self.old, &world.is_old_set(set.permissions.id))
    }
}

impl InSegment {
    fn bytes(&self, world: &World, length: usize) -> Option<Vec<u8>> {
        let segment = world.segments().find(|segment| segment.permissions.id == self.segment)?;
        let page = world.machine.host.page_size;
        let within = (self.offset % page) as usize;
        let bytes = segment.pages.get(&(self.offset / page)).map(|page| page.get(within..within + length));
        Some(bytes.unwrap_or(Some(&[0; 8][..length]))?.to_vec())
    }
}

impl Views {
    fn hold(&self, world: &World) -> bool {
        let space = world.actors.get(&self.of).and_then(|actor| world.space_of(actor.pid));
        let views = space.into_iter().flat_map(|space| space.views());
        let found = views.filter(|(_, view)| {
            let rights = crate::session::rights(view.protection);
            self.protection.as_ref().is_none_or(|wanted| rights.starts_with(wanted.as_str()))
                && is(&self.segment, &view.shmid)
        });
        let found = found.count();
        is(&self.count, &found) && self.at_least.is_none_or(|least| found >= least)
    }
}

impl Layout {
    fn holds(&self, world: &World) -> bool {
        let Some(space) = world.actors.get(&self.of).and_then(|actor| world.space_of(actor.pid)) else {
            return false;
        };
        let (mut at, mut segments) = (self.from, Vec::new());
        while let Some(mapping) = space.at(at) {
            let Some(view) = mapping.view() else { break };
            segments.push(view.shmid);
            at = mapping.end;
        }
        segments == self.segments
    }
}

impl LastCall {
    fn holds(&self, world: &World) -> bool {
        let last = match &self.of {
            Some(letter) => world.actors.get(letter).and_then(|actor| actor.last.get(family(&self.call))),
            None => world.last(family(&self.call)),
        };
        last.is_some_and(|last| {
            let answer = last.errno.map_or("ok".to_owned(), |errno: Errno| format!("{errno:?}"));
            // semtimedop is a semop, too.
            let is_it = last.call == self.call || (&*self.call, last.call) == ("semop", "semtimedop");
            is_it
                && answer == self.answer
                && is(&self.first, &last.first)
                && is(&self.segments, &last.segments)
                && is(&self.change, &last.change)
        })
    }
}

/// What a variable of a process holds, or a part of it.
fn number(arena: &Arena, address: u64, ty: Ty) -> Option<i64> {
    let bytes = arena.load(address, ty.size())?;
    Some(Value::from_bytes(ty, bytes).signed())
}

impl FieldOf {
    fn holds(&self, world: &World) -> bool {
        let Some(arena) = world.actors.get(&self.of).map(|actor| &actor.arena) else { return false };
        let Some(variable) = arena.variable(&self.variable) else { return false };
        let Ty::Struct(of) = variable.ty else { return false };
        let field = of.field(&self.name);
        field.and_then(|field| number(arena, variable.address + field.offset, field.ty())) == Some(self.is)
    }
}

impl VariableOf {
    fn holds(&self, world: &World) -> bool {
        let Some(arena) = world.actors.get(&self.of).map(|actor| &actor.arena) else { return false };
        let variable = arena.variable(&self.name);
        variable.and_then(|variable| number(arena, variable.address, variable.ty.clone())) == Some(self.is)
    }
}
