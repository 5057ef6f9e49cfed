//! What there is to tell of a word that was watched: who used it, from which lines, and whether an update can be lost.
//!
//! **Invariant:** a line for each process and each line of the program, however often it used the word.

use serde::Serialize;

use crate::found::{AccessKind, Place, Proof, Race, Uses, Watch};

/// What became of a word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RaceEvent {
    /// Where the word begins in the segment that was attached first.
    pub offset: usize,
    /// How many bytes it has.
    pub size: usize,
    /// Why it could not be watched.
    pub unwatched: Option<String>,
    /// How often each process used it.
    pub processes: Vec<ProcessUses>,
    /// How often each line used it, the busiest first.
    pub lines: Vec<LineUses>,
    /// How often a process was held after its access, to let others come.
    pub held: u64,
    /// How often another came then, rather than wait.
    pub came: u64,
    /// Whether accesses were missed: the time to watch was up, or the processor did not report one.
    pub partial: bool,
    /// Whether an update can be lost: proved by the accesses.
    pub proof: Option<Proof>,
}

/// How often a process used the word.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ProcessUses {
    /// The process.
    pub pid: i32,
    /// Its reads and changes.
    #[serde(flatten)]
    pub uses: Uses,
}

/// How often a line of a program used the word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineUses {
    /// The line, where debug information tells it.
    pub place: Option<Place>,
    /// What it does.
    pub kind: AccessKind,
    /// How often.
    pub times: u64,
}

impl RaceEvent {
    /// What a run has shown of a word.
    pub fn of(watch: &Watch, race: &Race) -> RaceEvent {
        let mut lines: Vec<LineUses> = race
            .lines
            .iter()
            .map(|(place, kind, times)| LineUses { place: place.clone(), kind: *kind, times: *times })
            .collect();
        lines.sort_by_key(|line| std::cmp::Reverse(line.times));
        RaceEvent {
            offset: watch.offset,
            size: watch.form.size(),
            unwatched: race.unwatched.map(|errno| errno.to_string()),
            processes: race.uses.iter().map(|&(pid, uses)| ProcessUses { pid, uses }).collect(),
            lines,
            held: race.held,
            came: race.came,
            partial: race.is_partial,
            proof: race.proof.clone(),
        }
    }
}
