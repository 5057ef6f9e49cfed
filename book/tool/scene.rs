//! What the picture shows: which process has which segment where, and which pages are filled.
//!
//! **Invariant:** a scene follows from recorded events alone; no event is looked at before it happened.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use playground::call::ShmidDs;
use playground::story::event::{Access, CallEvent, Event, SegmentRow};
use regex::Regex;
use serde::Serialize;

/// So many segments that nobody has attached are told one by one; of more, only their number.
const FEW: usize = 2;

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"0x([0-9a-f]+)").expect("a pattern"));

/// The state after some event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scene {
    /// The processes, the one that tells first.
    pub processes: Vec<Process>,
    /// The segments that exist.
    pub segments: Vec<Segment>,
}

/// A process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Process {
    /// Its process id.
    pub pid: i32,
    /// Its name in the story.
    pub name: String,
    /// How it ended, if it did.
    pub ended: Option<String>,
    /// Where it has segments.
    pub maps: Vec<Mapping>,
    /// Whose IPC namespace it lives in.
    #[serde(skip)]
    world: World,
}

/// An IPC namespace: none for that of the process that tells, otherwise the process that moved into it.
type World = Option<i32>;

/// A segment in a process's address space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mapping {
    /// The segment's id.
    pub segment: i32,
    /// The namespace in which the segment has that id.
    pub world: World,
    /// The address.
    pub at: u64,
    /// The address as it is printed.
    pub shown: String,
    /// Whether it may be written through.
    pub writable: bool,
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// Its id.
    pub id: i32,
    /// The namespace in which it has that id.
    pub world: World,
    /// Its size, in pages.
    pub pages: u64,
    /// The pages that have been touched.
    pub filled: Vec<u64>,
    /// Whether more may have been touched than was told.
    pub untold: bool,
    /// Whether it is marked for destruction.
    pub marked: bool,
    /// The key under which it was made; 0 for none.
    #[serde(skip)]
    key: i32,
}

/// Follows a run.
pub struct Watch {
    scene: Scene,
    page_size: u64,
    /// The ids that were given: a namespace gives none of them twice.
    given: BTreeSet<(World, i32)>,
}

impl Default for Watch {
    fn default() -> Self {
        Watch { scene: Scene::default(), page_size: 1, given: BTreeSet::new() }
    }
}

impl Watch {
    /// The scene after one more event.
    pub fn see(&mut self, event: &Event) -> &Scene {
        match event {
            Event::Lesson { pid, page_size, .. } => {
                self.page_size = *page_size as u64;
                self.scene.processes.push(Process::new(*pid, "this process"));
            }
            Event::Step { .. } | Event::Section { .. } => self.begin_stretch(),
            Event::Fork { pid, who } => self.fork(*pid, who),
            Event::Exec { pid, who, .. } => self.process(*pid, who.as_ref()).maps.clear(),
            Event::Signal { pid, signal, .. } => self.ended(*pid, signal.as_deref().unwrap_or("exited")),
            Event::Call(call) => self.call(call),
            Event::Memory(Access { pid, who, address, bytes, faults: Some(_), .. }) => {
                let length = bytes.as_ref().map_or(1, |bytes| bytes.len().max(1));
                self.touch(*pid, who.as_ref(), address.0, length as u64);
            }
            Event::Started { pid, who, c, .. } => self.touch_all(*pid, who.as_ref(), c),
            Event::Tool { command, status: Some(0), .. } => self.tool(command),
            Event::Segments { rows, .. } => self.agree(rows),
            Event::Count { what, times } if what.contains("rss") => self.resident(*times),
            Event::Speeds { .. } => self.measured(),
            Event::End { .. } => self.over(),
            _ => {}
        }
        self.scene.bury();
        &self.scene
    }

    /// Who has ended is shown until the next stretch, and no longer.
    pub fn begin_stretch(&mut self) {
        self.scene.processes.retain(|process| process.ended.is_none());
    }

    fn fork(&mut self, pid: i32, who: &str) {
        let mut child = Process::new(pid, who);
        if let Some(parent) = self.scene.processes.first() {
            child.maps.clone_from(&parent.maps);
            child.world = parent.world;
        }
        self.scene.processes.push(child);
    }

    /// A process that the story has not begun is no part of the picture when it ends, either.
    fn ended(&mut self, pid: i32, how: &str) {
        if let Some(process) = self.scene.processes.iter_mut().find(|process| process.pid == pid) {
            process.maps.clear();
            process.ended = Some(how.to_owned());
            // A namespace goes with its last process, and all that is in it.
            let world = process.world;
            let lives = |process: &Process| process.ended.is_none() && process.world == world;
            if world.is_some() && !self.scene.processes.iter().any(lives) {
                self.scene.segments.retain(|segment| segment.world != world);
            }
        }
    }

    fn process(&mut self, pid: i32, who: Option<&String>) -> &mut Process {
        let known = self.scene.processes.iter().position(|process| process.pid == pid);
        let position = known.unwrap_or_else(|| {
            self.scene.processes.push(Process::new(pid, who.map_or("", String::as_str)));
            self.scene.processes.len() - 1
        });
        &mut self.scene.processes[position]
    }

    fn call(&mut self, call: &CallEvent) {
        let id = call.args["shmid"].as_i64().map(|id| id as i32);
        match (&*call.name, call.result) {
            // The kernel knows no segment with this id, whatever has removed it.
            ("shmctl", None) if call.errno.as_deref() == Some("EINVAL") => {
                let world = self.scene.world_of(call.pid);
                self.scene.segments.retain(|segment| segment.world != world || Some(segment.id) != id);
            }
            ("shmget", Some(result)) => self.made(call, result as i32),
            ("shmat", Some(result)) => self.attached(call, id.unwrap_or_default(), result),
            ("shmdt", Some(_)) => {
                let address = call.args["address"].as_u64();
                self.process(call.pid, call.who.as_ref()).maps.retain(|mapping| Some(mapping.at) != address);
            }
            ("shmctl", Some(_)) if call.args["cmd"] == "IPC_RMID" => {
                let world = self.process(call.pid, call.who.as_ref()).world;
                self.marked(world, id);
            }
            _ => {}
        }
    }

    fn made(&mut self, call: &CallEvent, id: i32) {
        let flags = call.args["flags"].to_string();
        let new = call.args["key"] == 0 || (flags.contains("IPC_CREAT") && flags.contains("IPC_EXCL"));
        let key = call.args["key"].as_i64().unwrap_or_default() as i32;
        let world = self.scene.world_of(call.pid);
        let of_another = |segment: &Segment| (segment.world, segment.id) == (world, id) && segment.key != key;
        let elsewhere = match new {
            true => self.given.contains(&(world, id)),
            false => self.scene.segments.iter().any(of_another),
        };
        // An id that was given before, or that is another key's here: the process lives in another namespace now.
        let world = if elsewhere { Some(call.pid) } else { world };
        self.process(call.pid, call.who.as_ref()).world = world;
        self.given.insert((world, id));
        self.exists(world, id, call.args["size"].as_u64().unwrap_or_default()).key = key;
    }

    fn exists(&mut self, world: World, id: i32, size: u64) -> &mut Segment {
        let pages = size.div_ceil(self.page_size);
        let known = self.scene.segments.iter().position(|segment| segment.id == id && segment.world == world);
        let position = known.unwrap_or_else(|| {
            self.scene.segments.push(Segment {
                id,
                world,
                pages,
                filled: Vec::new(),
                untold: false,
                marked: false,
                key: 0,
            });
            self.scene.segments.len() - 1
        });
        &mut self.scene.segments[position]
    }

    fn attached(&mut self, call: &CallEvent, segment: i32, result: i64) {
        let flags = call.args["flags"].to_string();
        let process = self.process(call.pid, call.who.as_ref());
        let mapping = Mapping {
            segment,
            world: process.world,
            at: result as u64,
            shown: format!("{result:#x}"),
            writable: !flags.contains("SHM_RDONLY"),
        };
        // What was there is replaced: an address leads to one place.
        process.maps.retain(|other| other.at != mapping.at);
        process.maps.push(mapping);
    }

    fn marked(&mut self, world: World, id: Option<i32>) {
        let is_it = |segment: &&mut Segment| Some(segment.id) == id && segment.world == world;
        for segment in self.scene.segments.iter_mut().filter(is_it) {
            segment.marked = true;
        }
    }

    /// Bytes were read or written; of a page that was not there before, the kernel made one.
    fn touch(&mut self, pid: i32, who: Option<&String>, address: u64, length: u64) {
        let page_size = self.page_size;
        let maps = self.process(pid, who).maps.clone();
        for segment in &mut self.scene.segments {
            let covers = |mapping: &&Mapping| {
                let end = mapping.at + segment.pages * page_size;
                mapping.leads_to(segment) && (mapping.at..end).contains(&address)
            };
            if let Some(mapping) = maps.iter().find(covers) {
                let first = (address - mapping.at) / page_size;
                let last = (address - mapping.at + length - 1) / page_size;
                segment.filled.extend(first..=last.min(segment.pages - 1));
                segment.filled.sort_unstable();
                segment.filled.dedup();
            }
        }
    }

    /// What was counted is the memory of the one segment that there is.
    fn resident(&mut self, bytes: u64) {
        if let [only] = self.scene.segments.as_mut_slice() {
            only.hold(bytes / self.page_size);
        }
    }

    /// What was measured was done in segments of which nothing may have been told.
    fn measured(&mut self) {
        let Scene { processes, segments } = &mut self.scene;
        for segment in segments.iter_mut().filter(|segment| attachments(processes, segment) > 0) {
            segment.untold |= segment.filled.is_empty();
        }
    }

    /// What a process does for a while names the places that it touches.
    fn touch_all(&mut self, pid: i32, who: Option<&String>, c: &str) {
        for found in ADDRESS.captures_iter(c) {
            self.touch(pid, who, u64::from_str_radix(&found[1], 16).unwrap_or_default(), 1);
        }
    }

    /// The kernel's table is right, whatever was told before it. It is that of the process that tells.
    fn agree(&mut self, rows: &[SegmentRow]) {
        let row = |id: i32| rows.iter().map(|row| &row.row).find(|row| row.shmid.0 == id);
        self.scene.segments.retain(|segment| segment.world.is_some() || row(segment.id).is_some());
        for process in &mut self.scene.processes {
            let there = |mapping: &Mapping| row(mapping.segment).is_some_and(|row| row.nattch != 0);
            process.maps.retain(|mapping| mapping.world.is_some() || there(mapping));
        }
        let page_size = self.page_size;
        for SegmentRow { row, .. } in rows {
            let segment = self.exists(None, row.shmid.0, row.size as u64);
            segment.marked = row.perms & ShmidDs::SHM_DEST != 0;
            segment.key = row.key.0;
            segment.hold(row.rss as u64 / page_size);
        }
    }

    /// `ipcrm -m 7` removes as a call would, and so does `ipcrm -M` with a key.
    fn tool(&mut self, command: &str) {
        if let Some(id) = command.strip_prefix("ipcrm -m ") {
            self.marked(None, id.parse().ok());
        } else if let Some(key) = command.strip_prefix("ipcrm -M 0x") {
            // In the kernel's table a key is a signed number.
            let key = u32::from_str_radix(key, 16).ok().map(|key| key as i32);
            let is_it = |segment: &&Segment| segment.world.is_none() && Some(segment.key) == key;
            let id = self.scene.segments.iter().find(is_it).map(|segment| segment.id);
            self.marked(None, id);
        }
    }

    /// The story is over, and so are the processes that took part in it.
    fn over(&mut self) {
        let ended: Vec<World> = self.scene.processes.drain(1..).map(|process| Some(process.pid)).collect();
        self.scene.segments.retain(|segment| segment.world.is_none() || !ended.contains(&segment.world));
    }
}

impl Mapping {
    fn leads_to(&self, segment: &Segment) -> bool {
        (self.segment, self.world) == (segment.id, segment.world)
    }
}

impl Process {
    fn new(pid: i32, name: &str) -> Process {
        Process { pid, name: name.to_owned(), ended: None, maps: Vec::new(), world: None }
    }
}

impl Scene {
    fn world_of(&self, pid: i32) -> World {
        self.processes.iter().find(|process| process.pid == pid).and_then(|process| process.world)
    }

    /// A marked segment goes with its last attachment.
    fn bury(&mut self) {
        let processes = &self.processes;
        self.segments.retain(|segment| !segment.marked || attachments(processes, segment) > 0);
    }

    /// The picture in words.
    pub fn caption(&self) -> String {
        let (unused, used): (Vec<&Segment>, Vec<&Segment>) =
            self.segments.iter().partition(|segment| attachments(&self.processes, segment) == 0);
        let one_by_one = if unused.len() > FEW { &[] } else { &unused[..] };
        let mut told: Vec<String> =
            used.iter().chain(one_by_one).map(|segment| segment.told(&self.processes)).collect();
        if unused.len() > FEW {
            let more = if used.is_empty() { "" } else { " more" };
            told.push(format!("{}{more} segments, attached nowhere.", unused.len()));
        }
        if told.is_empty() {
            told.push("No segment exists.".to_owned());
        }
        let ended = self.processes.iter().filter_map(|process| {
            process.ended.as_ref().map(|how| format!("{} has ended ({how}).", capitalised(&process.name)))
        });
        told.extend(ended);
        told.join(" ")
    }
}

impl Segment {
    /// So many of its pages are in memory. Which, the table does not say: those that are known, then from the start.
    fn hold(&mut self, pages: u64) {
        self.untold = false;
        let missing = (0..self.pages).filter(|page| !self.filled.contains(page)).collect::<Vec<_>>();
        let wanted = (pages as usize).saturating_sub(self.filled.len());
        self.filled.extend(missing.into_iter().take(wanted));
        self.filled.sort_unstable();
        self.filled.truncate(pages as usize);
    }

    fn told(&self, processes: &[Process]) -> String {
        let places = processes.iter().flat_map(|process| {
            process.maps.iter().filter(|mapping| mapping.leads_to(self)).map(|mapping| {
                let how = if mapping.writable { "" } else { " for reading only" };
                format!("in {} at {}{how}", process.name, mapping.shown)
            })
        });
        let places: Vec<String> = places.collect();
        let attached = if places.is_empty() { "attached nowhere".to_owned() } else { places.join(", ") };
        let marked = if self.marked { ", marked for destruction" } else { "" };
        let whose = processes.iter().find(|process| Some(process.pid) == self.world);
        let whose = whose.map_or(String::new(), |process| format!(" in the namespace of {}", process.name));
        let pages = match self.untold {
            true => format!("{} pages", self.pages),
            false => format!("{} of {} pages in memory", self.filled.len(), self.pages),
        };
        format!("Segment {}{whose}: {pages}; {attached}{marked}.", self.id)
    }
}

fn attachments(processes: &[Process], segment: &Segment) -> usize {
    processes.iter().flat_map(|process| &process.maps).filter(|mapping| mapping.leads_to(segment)).count()
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{Recording, Told, told_lessons};

    /// What a scene and a table of segments say differently.
    fn disagreement(scene: &Scene, rows: &[SegmentRow], page_size: usize) -> Vec<String> {
        let ours = scene.segments.iter().filter(|segment| segment.world.is_none());
        let drawn: BTreeSet<_> = ours
            .map(|segment| {
                let attached = attachments(&scene.processes, segment);
                (segment.id, segment.pages as usize, segment.filled.len(), segment.marked, attached)
            })
            .collect();
        let listed = rows.iter().map(|SegmentRow { row, .. }| {
            let (pages, filled) = (row.size.div_ceil(page_size), row.rss / page_size);
            (row.shmid.0, pages, filled, row.perms & ShmidDs::SHM_DEST != 0, row.nattch as usize)
        });
        let listed: BTreeSet<_> = listed.collect();
        drawn.symmetric_difference(&listed).map(|one| format!("{one:?}")).collect()
    }

    #[test]
    fn the_picture_shows_what_the_kernel_s_table_says() {
        let mut wrong = Vec::new();
        for lesson in told_lessons().expect("the lessons") {
            let run = Recording::load(lesson.number).expect("a recording");
            let page_size = run.page_size().expect("its page size");
            let mut watch = Watch::default();
            let mut step = String::new();
            for Told { event, .. } in &run.events {
                let scene = watch.see(event).clone();
                match event {
                    Event::Step { title, .. } => step.clone_from(title),
                    Event::Segments { rows, .. } => wrong.extend(
                        disagreement(&scene, rows, page_size)
                            .into_iter()
                            .map(|what| format!("{}, {step}: {what}", lesson.name)),
                    ),
                    Event::End { left, .. } if scene.segments.len() != left.as_ref().map_or(0, Vec::len) => {
                        wrong.push(format!("{}, at the end: {}", lesson.name, scene.caption()));
                    }
                    _ => {}
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
