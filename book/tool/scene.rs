//! What the picture shows: which process has which segment where, what its page table has, what lies in a segment.
//!
//! **Invariant:** a scene is a view of the [`Replay`]'s world. It decides nothing and remembers nothing.

use playground::call::Key;
use playground::story::event::Event;
use playground_core::machine::{self, Namespace, Protection, Set, Space, State, View};
use serde::Serialize;

use crate::replay::{Person, Replay};

/// So many segments that nobody has attached are told one by one; of more, only their number.
pub const FEW: usize = 2;
/// How many bytes of a segment's first page are shown.
const SHOWN: usize = 16;

/// The state after some event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scene {
    /// The processes, the one that tells first.
    pub processes: Vec<Process>,
    /// The segments that exist.
    pub segments: Vec<Segment>,
    /// The sets of semaphores that exist.
    pub sets: Vec<SetShown>,
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
    /// The call that it waits in, if it does.
    pub waits: Option<String>,
    /// Where it has segments.
    pub maps: Vec<Mapping>,
    /// The number of its IPC namespace.
    #[serde(skip)]
    world: u64,
}

/// A segment in a process's address space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mapping {
    /// The segment's id.
    pub segment: i32,
    /// The namespace in which the segment has that id.
    pub world: u64,
    /// The address.
    pub at: u64,
    /// The address as it is printed.
    pub shown: String,
    /// Whether it may be written through.
    pub writable: bool,
    /// How many pages it spans.
    pub pages: u64,
    /// Those of them for which the process's page table has an entry.
    pub present: Vec<u64>,
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// Its id.
    pub id: i32,
    /// The namespace in which it has that id.
    pub world: u64,
    /// Its key, as `ipcs` shows it; none for `IPC_PRIVATE`.
    pub key: Option<String>,
    /// Its size, in pages.
    pub pages: u64,
    /// The pages that have been touched.
    pub filled: Vec<u64>,
    /// Whether more may have been touched than was told.
    pub untold: bool,
    /// Its permissions in octal.
    pub mode: String,
    /// How often it is attached.
    pub nattch: u64,
    /// Whether it is marked for destruction.
    pub marked: bool,
    /// In which step it was attached last, and detached last.
    pub times: Vec<String>,
    /// The bytes that it begins with, if they are known and any is not 0.
    pub bytes: Vec<u8>,
}

/// A set of semaphores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetShown {
    /// Its id.
    pub id: i32,
    /// The values.
    pub values: Vec<i32>,
    /// The names of the processes that wait.
    pub waiting: Vec<String>,
}

/// Follows a run.
#[derive(Default)]
pub struct Watch {
    replay: Replay,
}

impl Watch {
    /// The scene after one more event.
    pub fn see(&mut self, event: &Event) -> Scene {
        self.replay.see(event);
        Scene::of(&self.replay)
    }

    /// The world that is shown.
    pub fn replay(&self) -> &Replay {
        &self.replay
    }

    /// Who has ended is shown until the next stretch, and no longer.
    pub fn begin_stretch(&mut self) {
        self.replay.begin_stretch();
    }
}

impl Scene {
    fn of(replay: &Replay) -> Scene {
        let namespaces =
            || replay.machine.namespaces.iter().map(|(number, namespace)| (*number, &**namespace));
        let segments = |(world, namespace): (u64, &Namespace)| -> Vec<Segment> {
            namespace.segments.iter().map(|one| Segment::of(replay, world, one)).collect()
        };
        let sets = |(_, namespace): (u64, &Namespace)| -> Vec<SetShown> {
            namespace.sets.iter().map(|set| SetShown::of(replay, set)).collect()
        };
        Scene {
            processes: replay.people.iter().map(|person| Process::of(replay, person)).collect(),
            segments: namespaces().flat_map(segments).collect(),
            sets: namespaces().flat_map(sets).collect(),
        }
    }

    /// The picture in words.
    pub fn caption(&self) -> String {
        let (unused, used): (Vec<&Segment>, Vec<&Segment>) =
            self.segments.iter().partition(|segment| self.places(segment).is_empty());
        let one_by_one = if unused.len() > FEW { &[] } else { &unused[..] };
        let mut told: Vec<String> = used.iter().chain(one_by_one).map(|segment| self.told(segment)).collect();
        if unused.len() > FEW {
            let more = if used.is_empty() { "" } else { " more" };
            told.push(format!("{}{more} segments, attached nowhere.", unused.len()));
        }
        if told.is_empty() {
            told.push("No segment exists.".to_owned());
        }
        told.extend(self.sets.iter().map(SetShown::told));
        told.extend(self.processes.iter().filter_map(Process::told));
        told.join(" ")
    }

    /// Where a segment is attached, in words.
    fn places(&self, segment: &Segment) -> Vec<String> {
        let of = |process: &Process| -> Vec<String> {
            let here =
                process.maps.iter().filter(|map| (map.segment, map.world) == (segment.id, segment.world));
            here.map(|map| {
                let how = if map.writable { "" } else { " for reading only" };
                format!("in {} at {}{how}", process.name, map.shown)
            })
            .collect()
        };
        self.processes.iter().flat_map(of).collect()
    }

    fn told(&self, segment: &Segment) -> String {
        let places = self.places(segment);
        let attached = if places.is_empty() { "attached nowhere".to_owned() } else { places.join(", ") };
        let marked = if segment.marked { ", marked for destruction" } else { "" };
        let whose =
            self.processes.iter().find(|process| segment.world != 0 && process.world == segment.world);
        let whose = whose.map_or(String::new(), |process| format!(" in the namespace of {}", process.name));
        let pages = match segment.untold {
            true => format!("{} pages", segment.pages),
            false => format!("{} of {} pages in memory", segment.filled.len(), segment.pages),
        };
        format!("Segment {}{whose}: {pages}; {attached}{marked}.", segment.id)
    }
}

impl Process {
    fn of(replay: &Replay, person: &Person) -> Process {
        let process = replay.machine.processes.get(&person.pid);
        let space = process.and_then(|process| replay.machine.spaces.get(&process.space));
        let waits = process.and_then(|process| match process.state {
            State::Waiting(set) => Some(format!("semop on set {set}")),
            State::Running | State::Suspended(_) => None,
        });
        Process {
            pid: person.pid,
            name: person.name.clone(),
            ended: person.ended.clone(),
            waits,
            maps: space.map_or_else(Vec::new, |space| maps(space, replay.machine.host.page_size)),
            world: process.map_or(0, |process| process.namespace),
        }
    }

    fn told(&self) -> Option<String> {
        let name = capitalised(&self.name);
        match (&self.ended, &self.waits) {
            (Some(how), _) => Some(format!("{name} has ended ({how}).")),
            (None, Some(call)) => Some(format!("{name} waits in {call}.")),
            (None, None) => None,
        }
    }
}

fn maps(space: &Space, page_size: u64) -> Vec<Mapping> {
    let shown = |(mapping, view): (&machine::Mapping, &View)| {
        let pages = mapping.length() / page_size;
        let present = (0..pages).filter(|page| space.present.contains(&(mapping.start / page_size + page)));
        Mapping {
            segment: view.shmid,
            world: view.namespace,
            at: mapping.start,
            shown: format!("{:#x}", mapping.start),
            writable: view.protection.contains(Protection::WRITE),
            pages,
            present: present.collect(),
        }
    };
    space.views().map(shown).collect()
}

impl Segment {
    fn of(replay: &Replay, world: u64, segment: &machine::Segment) -> Segment {
        let permissions = &segment.permissions;
        let place = (world, permissions.id);
        let first = segment.pages.get(&0).filter(|_| !replay.unread.contains(&place));
        let bytes: Vec<u8> = first.map_or_else(Vec::new, |page| page.iter().take(SHOWN).copied().collect());
        Segment {
            id: permissions.id,
            world,
            key: (permissions.key != Key::PRIVATE).then(|| format!("0x{:08x}", permissions.key.0)),
            pages: replay.machine.host.pages(segment.size),
            filled: segment.pages.keys().copied().collect(),
            untold: replay.untold.contains(&place),
            mode: format!("{:03o}", permissions.mode & 0o777),
            nattch: segment.attached,
            marked: segment.is_marked(),
            times: [when("attached", segment.atime), when("detached", segment.dtime)]
                .into_iter()
                .flatten()
                .collect(),
            bytes: if bytes.iter().any(|byte| *byte != 0) { bytes } else { Vec::new() },
        }
    }
}

/// The clock of a replay counts the steps, from 1 before the first of them; 0 is never.
fn when(what: &str, clock: i64) -> Option<String> {
    match clock {
        0 => None,
        1 => Some(format!("{what} before")),
        clock => Some(format!("{what} in step {}", clock - 1)),
    }
}

impl SetShown {
    fn of(replay: &Replay, set: &Set) -> SetShown {
        let name = |pid: i32| replay.people.iter().find(|one| one.pid == pid).map(|one| one.name.clone());
        SetShown {
            id: set.permissions.id,
            values: set.semaphores.iter().map(|semaphore| semaphore.value).collect(),
            waiting: set.waiters.iter().filter_map(|waiter| name(waiter.pid)).collect(),
        }
    }

    fn told(&self) -> String {
        let values: Vec<String> = self.values.iter().map(i32::to_string).collect();
        let waiting = if self.waiting.is_empty() {
            String::new()
        } else {
            format!("; {} waits", self.waiting.join(", "))
        };
        format!("Set of semaphores {}: {}{waiting}.", self.id, values.join(" "))
    }
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use playground::call::ShmidDs;
    use playground::story::event::SegmentRow;

    use super::*;
    use crate::recording::{Recording, Told, told_lessons};

    /// Id, pages, pages in memory, marked, attachments: by the rules, and by the kernel's table.
    type Row = (i32, usize, usize, bool, u64);

    fn drawn(scene: &Scene) -> BTreeSet<Row> {
        let ours = scene.segments.iter().filter(|segment| segment.world == 0);
        ours.map(|one| (one.id, one.pages as usize, one.filled.len(), one.marked, one.nattch)).collect()
    }

    fn listed(rows: &[SegmentRow], page_size: usize) -> BTreeSet<Row> {
        let row = |SegmentRow { row, .. }: &SegmentRow| {
            let (pages, filled) = (row.size.div_ceil(page_size), row.rss / page_size);
            (row.shmid.0, pages, filled, row.perms & ShmidDs::SHM_DEST != 0, row.nattch)
        };
        rows.iter().map(row).collect()
    }

    /// Compared before the table is taken over: so it is the rules that are right. One segment of all tables was made
    /// without a word: its lesson makes thousands, until a place is used again.
    #[test]
    fn the_rules_say_what_the_kernel_s_table_says() {
        let (mut compared, mut untold) = (0, Vec::new());
        for lesson in told_lessons().expect("the lessons") {
            let run = Recording::load(lesson.number).expect("a recording");
            let page_size = run.page_size().expect("its page size");
            let (mut watch, mut scene) = (Watch::default(), Scene::default());
            for Told { event, .. } in &run.events {
                let before = drawn(&scene);
                scene = watch.see(event);
                match event {
                    Event::Segments { rows, .. } => {
                        let kernel = listed(rows, page_size);
                        assert!(before.is_subset(&kernel), "{}: {before:?}, {kernel:?}", lesson.name);
                        assert_eq!(drawn(&scene), kernel, "{}: the table is taken over", lesson.name);
                        untold.extend(
                            kernel.difference(&before).map(|row| format!("{}: {row:?}", lesson.name)),
                        );
                        compared += 1;
                    }
                    Event::Count { what, times } if what.contains("rss") => {
                        let pages: usize = drawn(&scene).iter().map(|row| row.2).sum();
                        assert_eq!(pages * page_size, *times as usize, "{}: {what}", lesson.name);
                    }
                    Event::End { left, .. } => {
                        let left = left.as_ref().map_or(0, Vec::len);
                        assert_eq!(scene.segments.len(), left, "{}: {}", lesson.name, scene.caption());
                    }
                    _ => {}
                }
            }
        }
        assert!(compared > 10, "{compared} tables");
        assert!(untold.len() <= 1, "{}", untold.join("\n"));
    }

    /// What an attachment is, the recorded answers say; a call that was refused is none.
    #[test]
    fn each_attach_and_detach_moves_the_picture_and_a_refusal_does_not() {
        for lesson in told_lessons().expect("the lessons") {
            let run = Recording::load(lesson.number).expect("a recording");
            let (mut watch, mut scene) = (Watch::default(), Scene::default());
            for Told { event, .. } in &run.events {
                let before = std::mem::replace(&mut scene, watch.see(event));
                if let Event::Call(call) = event
                    && ["shmat", "shmdt"].contains(&&*call.name)
                {
                    assert_eq!(before != scene, call.result.is_some(), "{}: {}", lesson.name, call.c);
                }
            }
        }
    }

    #[test]
    fn a_scene_has_what_was_written_who_waits_and_which_pages_a_process_knows() {
        let scenes = |number| {
            let run = Recording::load(number).expect("a recording");
            let mut watch = Watch::default();
            run.events.iter().map(|told| watch.see(&told.event)).collect::<Vec<_>>()
        };
        let text = |scene: &Scene| scene.segments.iter().any(|one| one.bytes.starts_with(b"THIS IS"));
        assert!(scenes(4).iter().any(text), "the text of lesson 4");
        let knows_less = |scene: &Scene| {
            let known = scene.processes.iter().flat_map(|one| &one.maps).map(|map| map.present.len());
            known.clone().any(|pages| pages == 0) && known.max() > Some(0)
        };
        assert!(scenes(14).iter().any(knows_less), "a child knows no page yet");
        let waits = |scene: &Scene| scene.sets.iter().any(|set| !set.waiting.is_empty());
        assert!(scenes(18).iter().any(waits), "a process waits for a semaphore");
    }
}
