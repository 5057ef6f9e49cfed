//! The words of the shell and of the prompt: what is no C.

use playground_core::call::{Call, Cmd, SemCmd, Semid, Shmid};
use playground_core::machine::{Action, Reply, Setting};

use super::actor::Lifecycle;
use super::export::{self, Language};
use super::help;
use super::log::Entry;
use super::perform::Performer;
use super::tables;
use super::told::Told;
use super::world::{INIT, World};
use crate::language::{Misunderstood, Table, Word};

impl Performer<'_> {
    /// Does a word.
    ///
    /// # Errors
    ///
    /// Where it cannot be done, and what could.
    pub fn word(&mut self, word: &Word, process: Option<&str>) -> Result<(), Misunderstood> {
        let lines = match word {
            Word::Ipcs { table, id: None } => tables::ipcs(self.world, *table),
            Word::Ipcs { table, id: Some(id) } => return self.record(*table, *id),
            Word::Ipcrm { table, id } => return self.ipcrm(*table, *id),
            Word::Cat(file) => self.cat(file, process)?,
            Word::Sysctl { name, value } => self.sysctl(name, *value)?,
            Word::Show => self.world.picture(),
            Word::C => export::program(self.world, Language::C),
            Word::Rust => export::program(self.world, Language::Rust),
            Word::Why => {
                let why = self.world.why.clone();
                return self.says(vec![why.unwrap_or_else(|| "The last answer was no error.".to_owned())]);
            }
            Word::New => return self.new_process(),
            Word::Plain(word) => return self.word(word, process),
            Word::Help(name) => return self.says(help::help(name.as_deref(), self.line)?),
            Word::Undo(_) | Word::Redo(_) | Word::Restart | Word::Source(_) | Word::Save(_) | Word::Quit => {
                Vec::new()
            }
        };
        if !lines.is_empty() {
            self.told.push(Told::Lines { lines });
        }
        Ok(())
    }

    fn says(&mut self, lines: Vec<String>) -> Result<(), Misunderstood> {
        self.told.push(Told::Text { lines });
        Ok(())
    }

    /// One row whole, or what `ipcs` of util-linux says where it cannot show it.
    fn record(&mut self, table: Option<Table>, id: i32) -> Result<(), Misunderstood> {
        let lines = match table {
            Some(Table::Segments) => tables::segment_record(self.world, id),
            Some(Table::Sets) => tables::set_record(self.world, id),
            None => {
                let both = "ipcs: when using an ID, a single resource must be specified";
                return self.says(vec![format!("{both}: ipcs -m -i {id}, or ipcs -s -i {id}")]);
            }
        };
        match lines {
            Some(lines) => self.told.push(Told::Lines { lines }),
            None => return self.says(vec![format!("ipcs: id {id} not found")]),
        }
        Ok(())
    }

    fn wrong<T>(&self, message: String) -> Result<T, Misunderstood> {
        Err(Misunderstood::new(self.line, 0, message))
    }

    fn new_process(&mut self) -> Result<(), Misunderstood> {
        let started = self.world.start(self.kernel);
        let who = started.or_else(|why| self.wrong(why))?;
        self.has_acted = true;
        self.world.keep(Entry::Began { who: who.clone() });
        let pid = self.world.actors[&who].pid;
        self.told.push(Told::Begins { who, pid, how: "new" });
        self.world.choose_current();
        Ok(())
    }

    /// `ipcrm` removes as the namespace's root, whoever the processes are.
    fn ipcrm(&mut self, table: Table, id: i32) -> Result<(), Misunderstood> {
        let call = match table {
            Table::Segments => Call::Shmctl { shmid: Shmid(id), cmd: Cmd::IpcRmid },
            Table::Sets => Call::Semctl { semid: Semid(id), semnum: 0, cmd: SemCmd::IpcRmid },
        };
        match self.as_root(&Action::Call(call))? {
            Reply::Returns(Ok(_)) => Ok(()),
            _ => self.says(vec![format!("ipcrm: invalid id ({id})")]),
        }
    }

    /// Lets root do something that is no process of the session, and tells it where it succeeds.
    fn as_root(&mut self, action: &Action) -> Result<Reply, Misunderstood> {
        let before = self.world.clone();
        let reply = self.kernel.as_root(&self.world.machine, INIT, action);
        let reply = reply.or_else(|why| self.wrong(why))?;
        if let Reply::Returns(Ok(answer)) = &reply {
            self.has_acted = true;
            let (action, outcome) = (action.clone(), Some(Ok(answer.clone())));
            let words = Vec::new();
            self.world.keep(Entry::Did { who: None, action, words, outcome, waited: false, name: None });
            self.told.push(Told::Ran { command: self.line.trim().to_owned() });
        }
        self.effect(INIT, action, &reply)?;
        self.tell_changes(&before);
        Ok(reply)
    }

    fn cat(&mut self, file: &str, process: Option<&str>) -> Result<Vec<String>, Misunderstood> {
        let limit = file.strip_prefix("/proc/sys/kernel/");
        let reader = match file {
            "/proc/self/maps" => Some(self.world.acting(process, self.line)?),
            "/proc/sysvipc/shm" | "/proc/sysvipc/sem" => None,
            _ if limit.is_some() => None,
            _ => {
                let known = "/proc/self/maps, /proc/sysvipc/shm, /proc/sysvipc/sem and /proc/sys/kernel/...";
                return self.wrong(format!("cat shows {known} here, and not {file}"));
            }
        };
        let pid = reader.map(|who| self.world.actors[&who].pid);
        if let Some(text) = self.kernel.read(pid, file) {
            return Ok(text.lines().map(str::to_owned).collect());
        }
        match (pid, limit) {
            (Some(pid), _) => Ok(tables::maps(self.world, pid)),
            (None, Some(name)) => self.world.limit(name, self.line).map(|value| vec![value]),
            (None, None) if file.ends_with("sem") => Ok(tables::sysvipc_sem(self.world)),
            (None, None) => Ok(tables::sysvipc_shm(self.world)),
        }
    }

    fn sysctl(&mut self, name: &str, value: Option<i64>) -> Result<Vec<String>, Misunderstood> {
        let short = name.strip_prefix("kernel.").unwrap_or(name);
        let Some(value) = value else {
            return self.world.limit(short, self.line).map(|value| vec![format!("kernel.{short} = {value}")]);
        };
        let setting = match short {
            "shmmax" => Setting::Shmmax(value as u64),
            "shmall" => Setting::Shmall(value as u64),
            "shmmni" => Setting::Shmmni(value as i32),
            "shm_rmid_forced" => Setting::ShmRmidForced(value as i32),
            "shm_next_id" => Setting::ShmNextId(value as i32),
            "sem_next_id" => Setting::SemNextId(value as i32),
            "sem" => return self.wrong("kernel.sem is only shown here: write sysctl kernel.sem".to_owned()),
            _ => return Err(unknown_limit(short, self.line)),
        };
        match self.as_root(&Action::Sysctl(setting))? {
            Reply::Returns(Ok(_)) => Ok(vec![format!("kernel.{short} = {value}")]),
            _ => {
                Ok(vec![format!("sysctl: setting key \"kernel.{short}\": the kernel does not take {value}")])
            }
        }
    }

    pub fn tell_changes(&mut self, before: &World) {
        self.told.extend(tables::changes(before, self.world));
    }
}

impl World {
    fn limit(&self, name: &str, line: &str) -> Result<String, Misunderstood> {
        let Some(namespace) = self.machine.namespaces.get(&0) else { return Ok(String::new()) };
        let limits = &namespace.limits;
        let next = |wanted: Option<i32>| wanted.unwrap_or(-1).to_string();
        Ok(match name {
            "shmmax" => limits.shmmax.to_string(),
            "shmall" => limits.shmall.to_string(),
            "shmmni" => limits.shmmni.to_string(),
            "shm_rmid_forced" => i32::from(limits.shm_rmid_forced).to_string(),
            "shm_next_id" => next(namespace.segments.wanted),
            "sem_next_id" => next(namespace.sets.wanted),
            "sem" => format!("{}\t{}\t{}\t{}", limits.semmsl, limits.semmns, limits.semopm, limits.semmni),
            _ => return Err(unknown_limit(name, line)),
        })
    }

    /// Processes, what each has attached, and the segments and sets.
    fn picture(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for letter in self.letters(|_| true) {
            lines.extend(self.picture_of(letter));
        }
        lines.extend(self.segments().flat_map(|segment| {
            let bytes = segment.pages.get(&0).map(|page| first_text(page)).unwrap_or_default();
            let pages = self.machine.host.pages(segment.size);
            let filled: String = (0..pages.min(32))
                .map(|page| if segment.pages.contains_key(&page) { '#' } else { '.' })
                .collect();
            let marked = if segment.is_marked() { ", marked for destruction" } else { "" };
            [format!(
                "segment {}  [{filled}] {} bytes, {} attached{marked}{bytes}",
                segment.permissions.id, segment.size, segment.attached
            )]
        }));
        lines.extend(self.sets().map(|set| {
            let values: Vec<String> =
                set.semaphores.iter().map(|semaphore| semaphore.value.to_string()).collect();
            let waiting: Vec<&str> =
                set.waiters.iter().filter_map(|waiter| self.letter_of(waiter.pid)).collect();
            let waiting =
                if waiting.is_empty() { String::new() } else { format!(", {} waits", waiting.join(", ")) };
            format!("set {}  values {}{waiting}", set.permissions.id, values.join(" "))
        }));
        lines
    }

    fn picture_of(&self, letter: &str) -> Vec<String> {
        let actor = &self.actors[letter];
        let here = if self.current.as_deref() == Some(letter) { "*" } else { " " };
        let state = match (&actor.life, &actor.pending) {
            (Lifecycle::Over(how), _) => how.clone(),
            (Lifecycle::Elsewhere, _) => "runs another program".to_owned(),
            (Lifecycle::Here, Some(pending)) => {
                format!("waits in {}", pending.waits_in.clone().unwrap_or_default())
            }
            (Lifecycle::Here, None) => "runs".to_owned(),
        };
        let uid = self.machine.processes.get(&actor.pid).map_or(0, |process| process.credentials.uid);
        let mut lines = vec![format!("{here}{letter}  process {}, user {uid}, {state}", actor.pid)];
        let space = self
            .machine
            .processes
            .get(&actor.pid)
            .and_then(|process| self.machine.spaces.get(&process.space));
        let views = space.into_iter().flat_map(|space| space.views());
        lines.extend(views.map(|(mapping, view)| {
            let names = self.names_of(letter, mapping.start);
            let pages = self.machine.host.pages(mapping.length());
            format!(
                "    {:#x} {} {pages} {} of segment {}{names}",
                mapping.start,
                tables::rights(view.protection),
                if pages == 1 { "page" } else { "pages" },
                view.shmid
            )
        }));
        lines
    }

    /// The variables of a process that hold an address.
    fn names_of(&self, letter: &str, address: u64) -> String {
        let arena = &self.actors[letter].arena;
        let names: Vec<&str> = arena
            .variables()
            .filter(|(_, variable)| variable.ty.is_pointer())
            .filter(|(_, variable)| arena.load(variable.address, 8) == Some(&address.to_le_bytes()[..]))
            .map(|(name, _)| name)
            .collect();
        if names.is_empty() { String::new() } else { format!("   <- {}", names.join(", ")) }
    }
}

/// The text at the beginning of a page, where there is one.
fn first_text(page: &[u8]) -> String {
    let length = page.iter().position(|byte| *byte == 0).unwrap_or(page.len()).min(24);
    let text: String = page[..length].iter().map(|byte| shown_byte(*byte)).collect();
    if text.is_empty() { text } else { format!("  \"{text}\"") }
}

fn shown_byte(byte: u8) -> char {
    if byte == b' ' || byte.is_ascii_graphic() { byte as char } else { '.' }
}

fn unknown_limit(name: &str, line: &str) -> Misunderstood {
    const LIMITS: [&str; 7] =
        ["shmmax", "shmall", "shmmni", "shm_rmid_forced", "shm_next_id", "sem_next_id", "sem"];
    Misunderstood::new(line, 0, format!("there is no limit {name}. There are {}", LIMITS.join(", ")))
}
