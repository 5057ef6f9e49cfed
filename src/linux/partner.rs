//! Two programs that were started apart and meet at a key: how each finds the other, knows it for the other, and
//! notices when it is gone.
//!
//! The first makes a segment under the key, and removes it. The second looks for the key. The segment begins with a header of control words, by which each tells that the other speaks the same
//! language; what the lesson hands over comes after it, from [`Session::DATA`] on.
//!
//! ```text
//! first    shmget(CREAT|EXCL), header ──▶ waits ──▶ writes, announces ──▶ waits ──▶ IPC_RMID
//!                                           ▲                  │            ▲
//! second            looks for the key ──▶ joins ──▶ waits ◀────┘ ──▶ reads, announces
//! ```
//!
//! **Invariant:** a segment that has not the owner, the size, the mode and the header of a session is never written to
//! and never removed; only its record is read, and its header if the record could be a session's. Every wait sleeps
//! between looks, and ends when the partner does its part, is gone, or has had its time.

mod header;
mod session;

use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::{Uid, geteuid};
use playground_core::Errno;

use crate::call::{Answer, Call, Cmd, Key, ShmatFlags, ShmgetFlags, Shmid, ShmidDs};
use crate::course::{OWNER_RW, SIZE};
use crate::error::{Error, Result};
use crate::kernel::{key_of, portable};
use crate::keys;
use crate::shm::Segment;
use crate::story::{Story, Verdict};

use header::{Header, Kind};
pub use session::Session;

/// How long a process sleeps before it looks again: short for a person, long for a processor.
const NAP: Duration = Duration::from_millis(10);

/// How long a header may take to be written: a few stores, unless the first is stopped in the midst of them.
const SETTING_UP: Duration = Duration::from_secs(5);

/// Where two programs meet, and for how long each waits for the other.
#[derive(Clone, Copy, Debug)]
pub struct Rendezvous {
    /// The lesson that both tell.
    pub lesson: usize,
    /// What the first and the second are called.
    pub names: [&'static str; 2],
    /// The key that both know.
    pub key: Key,
    /// How long to wait for the other.
    pub timeout: Duration,
}

/// The key that two runs of this program know without a word: made from the program's file and the user.
///
/// Other students have other copies of the program, or share one and are other users.
///
/// # Errors
///
/// `Environment`, with the errno of stat(2): the file is gone.
pub fn key_of_this_program() -> Result<Key> {
    let file = keys::program_file();
    let project = 1 + geteuid().as_raw() % 255;
    key_of(&file, project as i32).map_err(|errno| {
        Error::environment(
            format!("ftok({file:?}, {project})"),
            portable(errno),
            "Give both sides the same --key instead.",
        )
    })
}

/// What a segment is that has the key already.
enum Holder {
    /// It was removed while we looked.
    Gone,
    /// A session whose first side is there.
    Occupied(Shmid, Header),
    /// A session that nobody has attached: its first side was killed.
    Left(Shmid, Header),
}

impl Rendezvous {
    /// Makes the segment under the key, and its header. What a killed one has left is removed before.
    ///
    /// # Errors
    ///
    /// `Partner`: the key is in use, by another first side or by a segment that is no session's. `Refused`.
    #[track_caller]
    pub fn open(&self, story: &Story) -> Result<Session> {
        loop {
            let made = Segment::create(story, self.key, SIZE, OWNER_RW);
            if Verdict::of(&made) != Some(Verdict::Refused(Errno::EEXIST)) {
                return Session::open(*self, story, made?);
            }
            match self.look(story)? {
                Holder::Gone => {}
                Holder::Left(id, header) => self.clear_away(story, id, &header)?,
                Holder::Occupied(_, header) => return Err(self.taken(0, header.first as i32)),
            }
        }
    }

    /// Looks for the key until the first side has made a session under it, and joins it.
    ///
    /// # Errors
    ///
    /// `Partner`: nobody came in time, another second side was faster, or the segment is no session's. `Refused`.
    #[track_caller]
    pub fn join(&self, story: &Story) -> Result<Session> {
        loop {
            match self.look(story)? {
                Holder::Gone => self.wait_for_first(story)?,
                Holder::Left(id, header) => {
                    self.clear_away(story, id, &header)?;
                    self.wait_for_first(story)?;
                }
                Holder::Occupied(id, header) => {
                    story.say(format!(
                        "It is the {}'s: process {}, the same lesson, the same version. Now for writing, too.",
                        self.names[0], header.first
                    ));
                    let memory = id.attach(story, SIZE, ShmatFlags::empty())?;
                    return Session::join(*self, story, id, memory);
                }
            }
        }
    }

    fn wait_for_first(&self, story: &Story) -> Result<()> {
        let [first, second] = self.names;
        self.announce_wait(story, first);
        let look = Call::Shmget { key: self.key, size: 0, flags: ShmgetFlags::empty(), mode: OWNER_RW };
        let end = Instant::now() + self.timeout;
        while story.quietly(&look)? == Err(Errno::ENOENT) {
            if Instant::now() >= end {
                return Err(self.nobody(first, second));
            }
            thread::sleep(NAP);
        }
        Ok(())
    }

    fn announce_wait(&self, story: &Story, whom: &str) {
        let seconds = self.timeout.as_secs();
        story.say(format!(
            "Waiting for the {whom}, up to {seconds} s. In a second terminal: {}",
            self.command(whom)
        ));
    }

    fn command(&self, side: &str) -> String {
        let key = match key_of_this_program() {
            Ok(key) if key == self.key => String::new(),
            _ => format!(" --key {}", self.key),
        };
        format!("cargo run --bin lesson{:02} -- {side}{key}", self.lesson)
    }

    /// Finds out what has the key, without touching what is not ours.
    #[track_caller]
    fn look(&self, story: &Story) -> Result<Holder> {
        let found = self.key.find(story, SIZE, ShmgetFlags::empty(), OWNER_RW);
        let id = match Verdict::of(&found) {
            Some(Verdict::Refused(Errno::ENOENT)) => return Ok(Holder::Gone),
            Some(Verdict::Refused(Errno::EACCES)) => return Err(self.anothers("another user's")),
            Some(Verdict::Refused(Errno::EINVAL)) => {
                return Err(self.foreign("it is smaller than a session's"));
            }
            _ => found?,
        };
        let record = id.stat(story);
        if Verdict::of(&record) == Some(Verdict::Refused(Errno::EINVAL)) {
            return Ok(Holder::Gone);
        }
        let record = record?;
        self.could_be_a_session(story, id, &record)?;
        story.say(
            "Its size, its owner and its mode fit. Whose it is stands in its header: attach it to read only.",
        );
        let window = id.attach(story, SIZE, ShmatFlags::SHM_RDONLY);
        if Verdict::of(&window) == Some(Verdict::Refused(Errno::EINVAL)) {
            return Ok(Holder::Gone);
        }
        let window = window?;
        let end = Instant::now() + SETTING_UP.min(self.timeout);
        let mut header = Header::read(&window)?;
        while header.kind(self.lesson) == Kind::Unfinished && Instant::now() < end {
            thread::sleep(NAP);
            header = Header::read(&window)?;
        }
        window.detach()?;
        match header.kind(self.lesson) {
            // Its first side may have attached it since: one that has filled the header has it attached, or is gone.
            Kind::Session => Ok(match record_of(story, id)? {
                Some(now) if now.nattch > 0 => Holder::Occupied(id, header),
                Some(_) => Holder::Left(id, header),
                None => Holder::Gone,
            }),
            Kind::OtherVersion => Err(self.other_version(&header)),
            Kind::OtherLesson => Err(self.other_lesson(&header)),
            Kind::Unfinished | Kind::Foreign => {
                Err(self.foreign("its first bytes are not those of a session"))
            }
        }
    }

    fn could_be_a_session(&self, story: &Story, id: Shmid, record: &ShmidDs) -> Result<()> {
        if Uid::from_raw(record.uid) != geteuid() {
            let name = story.user_name(record.uid);
            return Err(self.anothers(&format!("that of user {name} (segment {id})")));
        }
        if record.size != SIZE || record.permissions() != OWNER_RW.bits() {
            return Err(self.foreign(&format!(
                "segment {id} has {} bytes and mode {:03o}, a session's has {SIZE} and {:03o}",
                record.size,
                record.permissions(),
                OWNER_RW.bits()
            )));
        }
        Ok(())
    }

    fn clear_away(&self, story: &Story, id: Shmid, header: &Header) -> Result<()> {
        story.say(format!(
            "Nobody has it attached: the {} that made it, process {}, was killed before it could remove it. \
             It is a session of this lesson, so we may.",
            self.names[0], header.first
        ));
        // Whoever was faster has done the same.
        match id.remove(story) {
            Err(Error::Refused(refusal)) if refusal.errno == Errno::EINVAL => Ok(()),
            other => other,
        }
    }
}

/// The record of a segment, unless it is gone or cannot be read.
fn record_of(story: &Story, id: Shmid) -> Result<Option<ShmidDs>> {
    let asked = story.quietly(&Call::Shmctl { shmid: id, cmd: Cmd::IpcStat })?;
    Ok(match asked {
        Ok(Answer::Record(record)) => Some(record),
        _ => None,
    })
}

/// What can go wrong between two who meet, in words.
impl Rendezvous {
    fn error(&self, what: String, advice: String) -> Error {
        Error::Partner { what, advice }
    }

    fn other_key(&self) -> String {
        "To go on beside it, give both sides a number of your own, such as `--key 0x5eed0001`.".to_owned()
    }

    fn nobody(&self, absent: &str, here: &str) -> Error {
        self.error(
            format!("no {absent} came in {} s", self.timeout.as_secs()),
            format!(
                "Start both sides within that time, or give this one more of it (--timeout SECONDS):\n  {}\n  {}\n\
                 Both must be the same user, in the same IPC namespace, run from the same build, or with the same --key: \
                 this one looked at {}.",
                self.command(here),
                self.command(absent),
                self.key
            ),
        )
    }

    fn taken(&self, side: usize, by: i32) -> Error {
        let name = self.names[side];
        self.error(
            format!("another {name} is here already: process {by}"),
            format!(
                "There is one {name} under a key, and this one has changed nothing. {}",
                self.other_key()
            ),
        )
    }

    fn anothers(&self, whose: &str) -> Error {
        self.error(
            format!("the key {} is in use, and the segment is {whose}", self.key),
            format!("It was left as it is. {} `ipcs -m` names its owner.", self.other_key()),
        )
    }

    fn foreign(&self, why: &str) -> Error {
        self.error(
            format!("the key {} is in use by a segment that is none of this lesson's: {why}", self.key),
            format!("It was left as it is. {} `ipcs -m -p` names its maker.", self.other_key()),
        )
    }

    fn other_version(&self, header: &Header) -> Error {
        self.error(
            format!(
                "process {} has made this session in version {}, and this program speaks version {}",
                header.first,
                header.version,
                Header::VERSION
            ),
            format!(
                "Build both sides from the same sources. The segment was left as it is. {}",
                self.other_key()
            ),
        )
    }

    fn other_lesson(&self, header: &Header) -> Error {
        self.error(
            format!("the session under the key {} is one of lesson {}", self.key, header.lesson),
            format!("It was left as it is. {}", self.other_key()),
        )
    }

    fn left(&self, side: usize, pid: i32, before: &str) -> Error {
        self.error(
            format!("the {}, process {pid}, is gone before {before}", self.names[side]),
            "It was ended, or left the lesson. Nothing of this pair stays behind; start both sides again."
                .to_owned(),
        )
    }

    fn silent(&self, side: usize, pid: i32, before: &str) -> Error {
        self.error(
            format!(
                "the {}, process {pid}, is there, but {} s have gone before {before}",
                self.names[side],
                self.timeout.as_secs()
            ),
            "Does it wait for Enter in its terminal, or is it stopped (Ctrl-Z; `fg` goes on)?".to_owned(),
        )
    }

    fn removed(&self) -> Error {
        self.error(
            format!(
                "somebody has removed the segment, so that nobody can find it by the key {} any more",
                self.key
            ),
            "Was it `ipcrm`? Start both sides again.".to_owned(),
        )
    }
}
