//! Evidence for the learner: what the kernel shows, and what in it changed since it was last shown.
//!
//! **Invariant:** reads `/proc` only; what cannot be read is said to be missing, and the story goes on.

use std::collections::HashMap;
use std::io;

use super::Story;
use super::event::{Change, Event, Field, Part, SegmentRow, Space};
use crate::call::{Address, Semid, Shmid, ShmidDs};
use crate::evidence::maps::{self, Mapping};
use crate::evidence::segments::{self, Row};
use crate::evidence::sets;
use crate::process::ProcFile;

/// Which IPC namespace an id belongs to: the one that the story is told in, or that of a child, by its pid.
type Namespace = Option<i32>;

/// What was shown before.
#[derive(Default)]
pub(super) struct Seen {
    known: Vec<(Namespace, Shmid)>,
    known_sets: Vec<(Namespace, Semid)>,
    rows: HashMap<(Namespace, Shmid), Row>,
    attachments: HashMap<i32, Vec<Mapping>>,
    spaces: HashMap<i32, Space>,
}

impl Story {
    /// This story is about a segment.
    pub fn know(&self, id: Shmid) {
        if !self.knows(id) {
            let segment = (self.namespace(), id);
            self.narrator.borrow_mut().seen.known.push(segment);
        }
    }

    /// This story is about a set of semaphores.
    pub(super) fn know_set(&self, id: Semid) {
        let set = (self.namespace(), id);
        self.narrator.borrow_mut().seen.known_sets.push(set);
    }

    fn knows(&self, id: Shmid) -> bool {
        self.position(id).is_some()
    }

    fn position(&self, id: Shmid) -> Option<usize> {
        let segment = (self.namespace(), id);
        self.narrator.borrow().seen.known.iter().position(|known| *known == segment)
    }

    fn namespace(&self) -> Namespace {
        self.process.borrow().is_apart().then(|| self.pid())
    }

    /// Takes in how things are, without telling: what is shown next is compared with this.
    pub(super) fn look(&self) {
        if !self.wants_evidence() {
            return;
        }
        let (namespace, program) = (self.namespace(), self.program());
        let process = &mut *self.process.borrow_mut();
        let seen = &mut self.narrator.borrow_mut().seen;
        if let Ok(rows) = segments::parse(&process.shows(ProcFile::Segments).unwrap_or_default()) {
            seen.rows.extend(rows.into_iter().map(|row| ((namespace, row.shmid), row)));
        }
        if let Ok(lines) = maps::parse(&process.shows(ProcFile::Maps).unwrap_or_default()) {
            seen.spaces.insert(process.pid(), space(&lines, &program));
            seen.attachments.insert(process.pid(), lines.into_iter().filter(is_attachment).collect());
        }
    }

    /// Looks up the user's name once. The C library may load further libraries for it: better before the maps are
    /// shown than in the midst of it.
    pub fn meet_the_user(&self) {
        if self.wants_evidence() {
            let process = self.process.borrow();
            process.user_name(process.user());
        }
    }

    /// Shows the rows of this story's segments in the kernel's table, as `ipcs -m` would.
    pub fn show_segments(&self) {
        if let Some(rows) = self.evidence(ProcFile::Segments, segments::parse) {
            let (mut ours, others): (Vec<_>, Vec<_>) =
                rows.into_iter().partition(|row| self.knows(row.shmid));
            // The kernel's order turns over when its table has been gone through; ours is that of their making.
            ours.sort_by_key(|row| self.position(row.shmid));
            let rows = ours.into_iter().map(|row| self.compared(row)).collect();
            self.tell(Event::Segments { rows, others: others.len() });
        }
    }

    /// How many bytes of a segment are in memory, untold: for a table that a lesson fills.
    pub fn resident(&self, id: Shmid) -> Option<usize> {
        self.row_untold(id).map(|row| row.rss)
    }

    /// A segment's row of the kernel's table, untold; nothing, where the table cannot be read.
    pub fn row_untold(&self, id: Shmid) -> Option<Row> {
        let table = self.process.borrow_mut().shows(ProcFile::Segments).ok()?;
        segments::parse(&table).ok()?.into_iter().find(|row| row.shmid == id)
    }

    /// How many bytes of a segment are in memory: its `rss` in the kernel's table.
    pub fn show_resident(&self, id: Shmid) -> Option<usize> {
        let row = self.row(id)?;
        self.count("bytes of the segment in memory (rss in /proc/sysvipc/shm)", row.rss as u64);
        Some(row.rss)
    }

    /// Shows the lines of a process's maps that are attachments, and which of them are new or gone.
    pub fn show_maps(&self) -> Vec<Mapping> {
        let Some(lines) = self.evidence(ProcFile::Maps, maps::parse) else { return Vec::new() };
        let now: Vec<_> = lines.into_iter().filter(is_attachment).collect();
        let pid = self.pid();
        let before = self.narrator.borrow_mut().seen.attachments.insert(pid, now.clone()).unwrap_or_default();
        let without = |lines: &[Mapping], others: &[Mapping]| -> Vec<Mapping> {
            lines.iter().filter(|line| !others.contains(line)).cloned().collect()
        };
        let (added, removed) = (without(&now, &before), without(&before, &now));
        let kept = without(&now, &added);
        self.tell(Event::Maps { pid, who: self.who.clone(), added, removed, kept });
        now
    }

    /// Which line of the process's maps is its `stack`, `libraries`, `heap` or `program`: the first of several.
    pub fn place_of(&self, what: &str) -> Option<Mapping> {
        let lines = self.evidence(ProcFile::Maps, maps::parse)?;
        let program = self.program();
        lines.into_iter().find(|line| part(line, &program).is_some_and(|(name, _)| name == what))
    }

    /// Draws the process's address space and the segment, beside how it was when it was last drawn.
    pub fn show_space(&self, id: Shmid) {
        let (Some(lines), Some(row)) = (self.evidence(ProcFile::Maps, maps::parse), self.row(id)) else {
            return;
        };
        let now = space(&lines, &self.program());
        let before = self.narrator.borrow_mut().seen.spaces.insert(self.pid(), now.clone());
        let page_size = self.page_size();
        let pages = row.size.div_ceil(page_size);
        self.tell(Event::Space { before, now, shmid: id, pages, resident: row.rss / page_size, page_size });
    }

    /// Shows the kernel's record of a segment, at one moment or at several beside each other.
    ///
    /// Returns how many of its fields differ between the moments.
    pub fn show_record(&self, id: Shmid, moments: &[(&str, &ShmidDs)]) -> usize {
        let names = moments.iter().map(|(name, _)| (*name).to_owned()).collect();
        let records: Vec<_> = moments.iter().map(|(_, record)| *record).collect();
        let fields = fields(&records, self.pid());
        let moved = fields.iter().filter(|field| field.moved).count();
        let now = self.process.borrow().now().as_secs() as i64;
        self.tell(Event::Record { shmid: id, moments: names, fields, now });
        moved
    }

    /// Shows bytes of an attachment as a hexdump.
    pub fn show_bytes(&self, start: Address, offset: usize, length: usize) -> crate::Result<()> {
        if self.wants_evidence() {
            let mut bytes = vec![0; length];
            self.process.borrow_mut().load(start.offset(offset), &mut bytes)?;
            self.tell(Event::Bytes { offset, bytes });
        }
        Ok(())
    }

    /// Which of the segments that this story's processes made are in the kernel's table still, if it can be seen.
    /// One that was only found is its maker's business. Those that are marked for destruction come second.
    pub fn left(&self) -> Option<(Vec<Shmid>, Vec<Shmid>)> {
        if !self.wants_evidence() {
            return None;
        }
        let rows = segments::parse(&self.process.borrow_mut().shows(ProcFile::Segments).ok()?).ok()?;
        let acting = &self.narrator.borrow().names;
        let ours = |row: &Row| self.knows(row.shmid) && acting.iter().any(|(pid, _)| *pid == row.cpid);
        let (marked, left): (Vec<_>, Vec<_>) =
            rows.into_iter().filter(ours).partition(|row| row.perms & ShmidDs::SHM_DEST != 0);
        let ids = |rows: Vec<Row>| rows.into_iter().map(|row| row.shmid).collect();
        Some((ids(left), ids(marked)))
    }

    /// Which of this story's sets of semaphores are in the kernel's table still, if it can be seen.
    pub fn left_sets(&self) -> Option<Vec<Semid>> {
        let namespace = self.namespace();
        let narrator = self.narrator.borrow();
        let known = &narrator.seen.known_sets;
        if known.is_empty() {
            return Some(Vec::new());
        }
        let rows = sets::parse(&self.process.borrow_mut().shows(ProcFile::Sets).ok()?).ok()?;
        let left = rows.into_iter().map(|row| row.semid).filter(|id| known.contains(&(namespace, *id)));
        Some(left.collect())
    }

    /// The file that the process runs. Another file may be mapped below it, so that its place in the maps tells nothing.
    fn program(&self) -> String {
        let program = self.process.borrow().program();
        program.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn row(&self, id: Shmid) -> Option<Row> {
        self.evidence(ProcFile::Segments, segments::parse)?.into_iter().find(|row| row.shmid == id)
    }

    /// Reads and parses a file of `/proc`, or says that it cannot.
    pub(super) fn evidence<T, E: Into<io::Error>>(
        &self,
        file: ProcFile,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        if !self.wants_evidence() {
            return None;
        }
        let text = self.process.borrow_mut().shows(file);
        match text.and_then(|text| parse(&text).map_err(Into::into)) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                let path = file.path(self.pid());
                self.missing(format!("{} cannot be shown: {error}. Is /proc mounted?", path.display()));
                None
            }
        }
    }

    /// The name of a user, or the number where there is none.
    pub fn user_name(&self, uid: u32) -> String {
        self.process.borrow().user_name(uid).unwrap_or_else(|| uid.to_string())
    }

    fn compared(&self, row: Row) -> SegmentRow {
        let segment = (self.namespace(), row.shmid);
        let before = self.narrator.borrow_mut().seen.rows.insert(segment, row.clone());
        let changed = before.map(|before| changes(&before, &row)).unwrap_or_default();
        let owner = self.user_name(row.uid);
        SegmentRow { owner, changed, row }
    }
}

fn is_attachment(line: &Mapping) -> bool {
    line.name.starts_with("/SYSV")
}

/// The cells that differ.
pub fn changes(before: &Row, now: &Row) -> Vec<Change> {
    let columns = |row: &Row| {
        [
            ("key", format!("{:#010x}", row.key.0)),
            ("perms", format!("{:03o}", row.perms & 0o777)),
            ("nattch", row.nattch.to_string()),
            ("status", row.status()),
        ]
    };
    let pairs = columns(before).into_iter().zip(columns(now));
    let changes = pairs.map(|((column, was), (_, now))| Change { column: column.into(), was, now });
    changes.filter(|change| change.was != change.now).collect()
}

/// Sorts the lines of the maps into the parts that a picture can show, the highest address first.
fn space(lines: &[Mapping], program: &str) -> Space {
    let mut parts: Vec<Part> = Vec::new();
    for line in lines {
        let Some((what, shmid)) = part(line, program) else { continue };
        match parts.last_mut() {
            Some(last) if last.what == what && shmid.is_none() => last.end = line.end,
            _ => parts.push(Part { what: what.into(), start: line.start, end: line.end, shmid }),
        }
    }
    parts.reverse();
    Space { parts }
}

fn part(line: &Mapping, program: &str) -> Option<(&'static str, Option<Shmid>)> {
    match line.name.as_str() {
        _ if is_attachment(line) => Some(("segment", Some(Shmid(line.inode as i32)))),
        name if name == program => Some(("program", None)),
        "[heap]" => Some(("heap", None)),
        "[stack]" => Some(("stack", None)),
        name if name.starts_with('/') => Some(("libraries", None)),
        _ => None,
    }
}

/// A field of the record: its name in C, how to print it, and what it means.
type Column = (&'static str, fn(&ShmidDs, i32) -> String, &'static str);

const COLUMNS: [Column; 13] = [
    ("shm_perm.__key", |record, _| format!("{:#010x}", record.key.0), "the key; 0 is IPC_PRIVATE"),
    ("shm_perm.uid", |record, _| record.uid.to_string(), "the owner's user id"),
    ("shm_perm.gid", |record, _| record.gid.to_string(), "the owner's group id"),
    ("shm_perm.cuid", |record, _| record.cuid.to_string(), "the creator's user id"),
    ("shm_perm.cgid", |record, _| record.cgid.to_string(), "the creator's group id"),
    ("shm_perm.mode", |record, _| mode(record.mode), "permission bits, in octal, and flags"),
    ("shm_segsz", |record, _| record.size.to_string(), "bytes, as they were asked for"),
    ("shm_atime", |record, _| record.atime.to_string(), "last attach"),
    ("shm_dtime", |record, _| record.dtime.to_string(), "last detach"),
    ("shm_ctime", |record, _| record.ctime.to_string(), "made, or changed with IPC_SET"),
    ("shm_cpid", |record, us| pid(record.cpid, us), "the process that made it"),
    ("shm_lpid", |record, us| pid(record.lpid, us), "the last process to attach or detach"),
    ("shm_nattch", |record, _| record.nattch.to_string(), "mappings now, in all processes"),
];

/// Every field of the record at each of the moments; `us` is the process that asks.
pub fn fields(records: &[&ShmidDs], us: i32) -> Vec<Field> {
    let field = |(name, print, meaning): Column| {
        let values: Vec<String> = records.iter().map(|record| print(record, us)).collect();
        let moved = values.windows(2).any(|pair| pair[0] != pair[1]);
        Field { name: name.into(), values, meaning: meaning.to_owned(), moved }
    };
    COLUMNS.into_iter().map(field).collect()
}

fn mode(mode: u32) -> String {
    let flags = [(ShmidDs::SHM_DEST, "SHM_DEST|"), (ShmidDs::SHM_LOCKED, "SHM_LOCKED|")];
    let names: String = flags.iter().filter(|(bit, _)| mode & bit != 0).map(|(_, name)| *name).collect();
    format!("{names}{:04o}", mode & 0o777)
}

fn pid(pid: i32, us: i32) -> String {
    match pid {
        0 => "0, nobody".to_owned(),
        pid if pid == us => format!("{pid}, us"),
        pid => pid.to_string(),
    }
}
