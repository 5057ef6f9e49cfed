//! What the picture shows: which process has which segment where, and which pages are filled.
//!
//! **Invariant:** a scene follows from recorded events alone; no event is looked at before it happened.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;
use serde_json::Value;

use crate::recording::{kind, text};

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
    pub pid: i64,
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
type World = Option<i64>;

/// A segment in a process's address space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mapping {
    /// The segment's id.
    pub segment: i64,
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
    pub id: i64,
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
    key: i64,
}

/// Follows a run.
pub struct Watch {
    scene: Scene,
    page_size: u64,
    /// The ids that were given: a namespace gives none of them twice.
    given: BTreeSet<(World, i64)>,
}

impl Default for Watch {
    fn default() -> Self {
        Watch { scene: Scene::default(), page_size: 1, given: BTreeSet::new() }
    }
}

impl Watch {
    /// The scene after one more event.
    pub fn see(&mut self, event: &Value) -> &Scene {
        match kind(event) {
            "lesson" => self.begin(event),
            // Who has ended is shown until the next stretch, and no longer.
            "step" | "section" => self.scene.processes.retain(|process| process.ended.is_none()),
            "fork" => self.fork(event),
            "exec" => self.process(event).maps.clear(),
            "signal" => self.ended(event),
            "call" if event["errno"].is_null() => self.call(event),
            "call" if event["errno"] == "EINVAL" && text(event, "name") == "shmctl" => self.gone(event),
            "memory" if !event["faults"].is_null() => {
                let length = event["bytes"].as_array().map_or(1, |bytes| bytes.len().max(1));
                self.touch(event, event["address"].as_u64().unwrap_or_default(), length as u64);
            }
            "started" => self.touch_all(event),
            "tool" => self.tool(event),
            "segments" => self.agree(event),
            "count" | "speeds" => self.counted(event),
            "end" => self.over(),
            _ => {}
        }
        self.scene.bury();
        &self.scene
    }

    fn begin(&mut self, event: &Value) {
        self.page_size = event["page_size"].as_u64().unwrap_or(1);
        self.scene.processes.push(Process::new(event, "this process"));
    }

    fn fork(&mut self, event: &Value) {
        let mut child = Process::new(event, text(event, "who"));
        if let Some(parent) = self.scene.processes.first() {
            child.maps.clone_from(&parent.maps);
            child.world = parent.world;
        }
        self.scene.processes.push(child);
    }

    /// A process that the story has not begun is no part of the picture when it ends, either.
    fn ended(&mut self, event: &Value) {
        let signal = text(event, "signal");
        let how = if signal.is_empty() { "exited" } else { signal };
        if let Some(process) = self.scene.processes.iter_mut().find(|process| event["pid"] == process.pid) {
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

    fn process(&mut self, event: &Value) -> &mut Process {
        let pid = event["pid"].as_i64().unwrap_or_default();
        let known = self.scene.processes.iter().position(|process| process.pid == pid);
        let position = known.unwrap_or_else(|| {
            self.scene.processes.push(Process::new(event, text(event, "who")));
            self.scene.processes.len() - 1
        });
        &mut self.scene.processes[position]
    }

    fn call(&mut self, event: &Value) {
        let (arguments, result) = (&event["args"], event["result"].as_i64().unwrap_or_default());
        match text(event, "name") {
            "shmget" => self.made(event, result),
            "shmat" => self.attached(event, result),
            "shmdt" => {
                let address = arguments["address"].as_u64();
                self.process(event).maps.retain(|mapping| Some(mapping.at) != address);
            }
            "shmctl" if arguments["cmd"] == "IPC_RMID" => {
                let world = self.process(event).world;
                self.marked(world, arguments["shmid"].as_i64());
            }
            _ => {}
        }
    }

    fn made(&mut self, event: &Value, id: i64) {
        let arguments = &event["args"];
        let flags = arguments["flags"].to_string();
        let new = arguments["key"] == 0 || (flags.contains("IPC_CREAT") && flags.contains("IPC_EXCL"));
        let (pid, key) = (event["pid"].as_i64(), arguments["key"].as_i64().unwrap_or_default());
        let world = self.scene.world_of(event);
        let of_another = |segment: &Segment| (segment.world, segment.id) == (world, id) && segment.key != key;
        let elsewhere = match new {
            true => self.given.contains(&(world, id)),
            false => self.scene.segments.iter().any(of_another),
        };
        // An id that was given before, or that is another key's here: the process lives in another namespace now.
        let world = if elsewhere { pid } else { world };
        self.process(event).world = world;
        self.given.insert((world, id));
        self.exists(world, id, arguments["size"].as_u64().unwrap_or_default()).key = key;
    }

    fn exists(&mut self, world: World, id: i64, size: u64) -> &mut Segment {
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

    fn attached(&mut self, event: &Value, result: i64) {
        let segment = event["args"]["shmid"].as_i64().unwrap_or_default();
        let flags = event["args"]["flags"].to_string();
        let process = self.process(event);
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

    /// The kernel knows no segment with this id, whatever has removed it.
    fn gone(&mut self, event: &Value) {
        let (world, id) = (self.scene.world_of(event), event["args"]["shmid"].as_i64());
        self.scene.segments.retain(|segment| segment.world != world || Some(segment.id) != id);
    }

    fn marked(&mut self, world: World, id: Option<i64>) {
        let is_it = |segment: &&mut Segment| Some(segment.id) == id && segment.world == world;
        for segment in self.scene.segments.iter_mut().filter(is_it) {
            segment.marked = true;
        }
    }

    /// Bytes were read or written; of a page that was not there before, the kernel made one.
    fn touch(&mut self, event: &Value, address: u64, length: u64) {
        let page_size = self.page_size;
        let maps = self.process(event).maps.clone();
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

    /// What was counted was done, in segments of which nothing may have been told; or it is their memory itself.
    fn counted(&mut self, event: &Value) {
        let page_size = self.page_size;
        let Scene { processes, segments } = &mut self.scene;
        if text(event, "what").contains("rss")
            && let [only] = segments.as_mut_slice()
        {
            only.hold(event["times"].as_u64().unwrap_or_default() / page_size);
        }
        for segment in segments.iter_mut().filter(|segment| attachments(processes, segment) > 0) {
            segment.untold |= segment.filled.is_empty() && kind(event) == "speeds";
        }
    }

    /// What a process does for a while names the places that it touches.
    fn touch_all(&mut self, event: &Value) {
        for found in ADDRESS.captures_iter(text(event, "c")) {
            self.touch(event, u64::from_str_radix(&found[1], 16).unwrap_or_default(), 1);
        }
    }

    /// The kernel's table is right, whatever was told before it. It is that of the process that tells.
    fn agree(&mut self, event: &Value) {
        let rows: Vec<&Value> = event["rows"].as_array().into_iter().flatten().collect();
        let row = |id: i64| rows.iter().find(|row| row["shmid"] == id);
        self.scene.segments.retain(|segment| segment.world.is_some() || row(segment.id).is_some());
        for process in &mut self.scene.processes {
            let there = |mapping: &Mapping| row(mapping.segment).is_some_and(|row| row["nattch"] != 0);
            process.maps.retain(|mapping| mapping.world.is_some() || there(mapping));
        }
        let page_size = self.page_size;
        for row in rows {
            let size = row["size"].as_u64().unwrap_or_default();
            let segment = self.exists(None, row["shmid"].as_i64().unwrap_or_default(), size);
            segment.marked = mode(row) & DEST != 0;
            segment.key = row["key"].as_i64().unwrap_or_default();
            segment.hold(row["rss"].as_u64().unwrap_or_default() / page_size);
        }
    }

    /// `ipcrm -m 7` removes as a call would, and so does `ipcrm -M` with a key.
    fn tool(&mut self, event: &Value) {
        let command = text(event, "command");
        if event["status"] != 0 {
            return;
        }
        if let Some(id) = command.strip_prefix("ipcrm -m ") {
            self.marked(None, id.parse().ok());
        } else if let Some(key) = command.strip_prefix("ipcrm -M 0x") {
            // In the kernel's table a key is a signed number.
            let key = u32::from_str_radix(key, 16).ok().map(|key| i64::from(key as i32));
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

/// `SHM_DEST` in the permission bits of a row.
const DEST: u32 = 0o1000;

fn mode(row: &Value) -> u32 {
    u32::from_str_radix(text(row, "perms"), 8).unwrap_or_default()
}

impl Mapping {
    fn leads_to(&self, segment: &Segment) -> bool {
        (self.segment, self.world) == (segment.id, segment.world)
    }
}

impl Process {
    fn new(event: &Value, name: &str) -> Process {
        let pid = event["pid"].as_i64().unwrap_or_default();
        Process { pid, name: name.to_owned(), ended: None, maps: Vec::new(), world: None }
    }
}

impl Scene {
    fn world_of(&self, event: &Value) -> World {
        self.processes.iter().find(|process| event["pid"] == process.pid).and_then(|process| process.world)
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
    use crate::recording::{Recording, told_lessons};

    /// What a scene and a table of segments say differently.
    fn disagreement(scene: &Scene, event: &Value, page_size: u64) -> Vec<String> {
        let rows = event["rows"].as_array().cloned().unwrap_or_default();
        let ours = scene.segments.iter().filter(|segment| segment.world.is_none());
        let drawn: BTreeSet<_> = ours
            .map(|segment| {
                let filled = segment.filled.len() as u64;
                (
                    segment.id,
                    segment.pages,
                    filled,
                    segment.marked,
                    attachments(&scene.processes, segment) as u64,
                )
            })
            .collect();
        let number = |row: &Value, name: &str| row[name].as_u64().unwrap_or_default();
        let listed = rows.iter().map(|row| {
            let (pages, filled) = (number(row, "size").div_ceil(page_size), number(row, "rss") / page_size);
            (
                row["shmid"].as_i64().unwrap_or_default(),
                pages,
                filled,
                mode(row) & DEST != 0,
                number(row, "nattch"),
            )
        });
        let listed: BTreeSet<_> = listed.collect();
        drawn.symmetric_difference(&listed).map(|one| format!("{one:?}")).collect()
    }

    #[test]
    fn the_picture_shows_what_the_kernel_s_table_says() {
        let mut wrong = Vec::new();
        for lesson in told_lessons().expect("the lessons") {
            let run = Recording::load(lesson.number).expect("a recording");
            let page_size = run.page_size().expect("its page size") as u64;
            let mut watch = Watch::default();
            let mut step = String::new();
            for event in &run.events {
                let scene = watch.see(event).clone();
                match kind(event) {
                    "step" => step = text(event, "title").to_owned(),
                    "segments" => wrong.extend(
                        disagreement(&scene, event, page_size)
                            .into_iter()
                            .map(|what| format!("{}, {step}: {what}", lesson.name)),
                    ),
                    "end" => {
                        let left = event["left"].as_array().map_or(0, Vec::len);
                        if scene.segments.len() != left {
                            wrong.push(format!("{}, at the end: {}", lesson.name, scene.caption()));
                        }
                    }
                    _ => {}
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
