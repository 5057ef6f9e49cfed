//! What the picture shows: which process has which segment where, and which pages are filled.
//!
//! **Invariant:** a scene follows from recorded events alone; no event is looked at before it happened.

use serde::Serialize;
use serde_json::Value;

use crate::recording::{kind, text};

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
}

/// A segment in a process's address space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mapping {
    /// The segment's id.
    pub segment: i64,
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
    /// Its size, in pages.
    pub pages: u64,
    /// The pages that have been touched.
    pub filled: Vec<u64>,
    /// Whether it is marked for destruction.
    pub marked: bool,
}

/// Follows a run.
pub struct Watch {
    scene: Scene,
    page_size: u64,
}

impl Default for Watch {
    fn default() -> Self {
        Watch { scene: Scene::default(), page_size: 1 }
    }
}

impl Watch {
    /// The scene after one more event.
    pub fn see(&mut self, event: &Value) -> &Scene {
        match kind(event) {
            "lesson" => self.begin(event),
            "fork" => self.fork(event),
            "exec" => self.process(event).maps.clear(),
            "signal" => self.ended(event),
            "call" if event["errno"].is_null() => self.call(event),
            "memory" => self.touch(event),
            "tool" => self.tool(event),
            "segments" => self.agree(event),
            _ => {}
        }
        self.scene.bury();
        &self.scene
    }

    fn begin(&mut self, event: &Value) {
        self.page_size = event["page_size"].as_u64().unwrap_or(4096);
        self.scene.processes.push(Process::new(event, "this process"));
    }

    fn fork(&mut self, event: &Value) {
        let mut child = Process::new(event, text(event, "who"));
        child.maps = self.scene.processes.first().map(|parent| parent.maps.clone()).unwrap_or_default();
        self.scene.processes.push(child);
    }

    fn ended(&mut self, event: &Value) {
        let how = text(event, "signal").to_owned();
        let process = self.process(event);
        process.maps.clear();
        process.ended = Some(if how.is_empty() { "exited".to_owned() } else { how });
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
            "shmget" => self.made(result, arguments["size"].as_u64().unwrap_or_default()),
            "shmat" => self.attached(event, result),
            "shmdt" => {
                let address = arguments["address"].as_u64();
                self.process(event).maps.retain(|mapping| Some(mapping.at) != address);
            }
            "shmctl" if arguments["cmd"] == "IPC_RMID" => self.marked(arguments["shmid"].as_i64()),
            _ => {}
        }
    }

    fn made(&mut self, id: i64, size: u64) {
        if self.scene.segments.iter().all(|segment| segment.id != id) {
            let pages = size.div_ceil(self.page_size);
            self.scene.segments.push(Segment { id, pages, filled: Vec::new(), marked: false });
        }
    }

    fn attached(&mut self, event: &Value, result: i64) {
        let segment = event["args"]["shmid"].as_i64().unwrap_or_default();
        let flags = event["args"]["flags"].to_string();
        let mapping = Mapping {
            segment,
            at: result as u64,
            shown: format!("{result:#x}"),
            writable: !flags.contains("SHM_RDONLY"),
        };
        let maps = &mut self.process(event).maps;
        // What was there has been let go untold, or is replaced: an address leads to one place.
        maps.retain(|other| other.at != mapping.at);
        maps.push(mapping);
    }

    fn marked(&mut self, id: Option<i64>) {
        for segment in self.scene.segments.iter_mut().filter(|segment| Some(segment.id) == id) {
            segment.marked = true;
        }
    }

    /// Bytes were read or written; of a page that was not there before, the kernel made one.
    fn touch(&mut self, event: &Value) {
        let address = event["address"].as_u64().unwrap_or_default();
        let length = event["bytes"].as_array().map_or(1, |bytes| bytes.len().max(1)) as u64;
        let page_size = self.page_size;
        if event["faults"].is_null() {
            return;
        }
        let maps = self.process(event).maps.clone();
        for segment in &mut self.scene.segments {
            let covers = |mapping: &&Mapping| {
                let end = mapping.at + segment.pages * page_size;
                mapping.segment == segment.id && (mapping.at..end).contains(&address)
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

    /// The kernel's table is right, whatever was told before it.
    fn agree(&mut self, event: &Value) {
        let row = |id: i64| {
            event["rows"].as_array().into_iter().flatten().find(|row| row["shmid"].as_i64() == Some(id))
        };
        self.scene.segments.retain(|segment| row(segment.id).is_some());
        for process in &mut self.scene.processes {
            process.maps.retain(|mapping| row(mapping.segment).is_some_and(|row| row["nattch"] != 0));
        }
    }

    /// `ipcrm -m 7` removes as a call would.
    fn tool(&mut self, event: &Value) {
        let command = text(event, "command");
        if event["status"] == 0
            && let Some(id) = command.strip_prefix("ipcrm -m ")
        {
            self.marked(id.parse().ok());
        }
    }
}

impl Process {
    fn new(event: &Value, name: &str) -> Process {
        let pid = event["pid"].as_i64().unwrap_or_default();
        Process { pid, name: name.to_owned(), ended: None, maps: Vec::new() }
    }
}

impl Scene {
    /// A marked segment goes with its last attachment.
    fn bury(&mut self) {
        let processes = &self.processes;
        let used = |segment: &Segment| attachments(processes, segment.id) > 0;
        self.segments.retain(|segment| !segment.marked || used(segment));
    }

    /// The picture in words.
    pub fn caption(&self) -> String {
        let segments = self.segments.iter().map(|segment| segment.told(&self.processes));
        let segments: Vec<String> = segments.collect();
        let ended = self.processes.iter().filter_map(|process| {
            process.ended.as_ref().map(|how| format!("{} has ended ({how}).", capitalised(&process.name)))
        });
        let ended: Vec<String> = ended.collect();
        let none = if segments.is_empty() { "No segment exists." } else { "" };
        [none.to_owned(), segments.join(" "), ended.join(" ")].join(" ").trim().to_owned()
    }
}

impl Segment {
    fn told(&self, processes: &[Process]) -> String {
        let places = processes.iter().flat_map(|process| {
            process.maps.iter().filter(|mapping| mapping.segment == self.id).map(|mapping| {
                let how = if mapping.writable { "" } else { " for reading only" };
                format!("in {} at {}{how}", process.name, mapping.shown)
            })
        });
        let places: Vec<String> = places.collect();
        let attached = if places.is_empty() { "attached nowhere".to_owned() } else { places.join(", ") };
        let marked = if self.marked { ", marked for destruction" } else { "" };
        format!(
            "Segment {}: {} of {} pages in memory; {attached}{marked}.",
            self.id,
            self.filled.len(),
            self.pages
        )
    }
}

fn attachments(processes: &[Process], id: i64) -> usize {
    processes.iter().flat_map(|process| &process.maps).filter(|mapping| mapping.segment == id).count()
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}
