//! What the mechanisms share, made and removed by a story, so that a learner sees it.

use std::num::NonZeroUsize;

use super::Progress;
use super::figures::{Plan, Results};
use super::host::Host;
use super::message::SMALLEST;
use super::ways::{Mechanism, Pair, SEMAPHORES, Shared, Traffic, room_for};
use crate::call::Key;
use crate::course::OWNER_RW;
use crate::error::{Error, Result};
use crate::shm::{Attachment, Bare, Mapping, Segment, Semaphores};
use crate::story::Story;

/// A segment, four semaphores, and a mapped file that has no name.
pub struct Bench {
    segment: Segment,
    memory: Attachment,
    set: Option<Semaphores>,
    file: Option<Mapping>,
}

impl Bench {
    /// Makes them, for messages of at most `largest` bytes. What cannot be made is said, and the mechanisms that need it
    /// are not measured.
    ///
    /// # Errors
    ///
    /// As for [`Segment::create`] and [`Segment::attach`].
    #[track_caller]
    pub fn set_up(story: &Story, largest: usize) -> Result<Bench> {
        let size = room_for(largest);
        let segment = Segment::create(story, Key::PRIVATE, size, OWNER_RW)?;
        let memory = segment.attach()?;
        Ok(Bench { segment, memory, set: semaphores(story)?, file: mapped(story, size) })
    }

    /// Measures everything, and shows a bar meanwhile.
    ///
    /// # Errors
    ///
    /// `NotAttached`: the segment is not there any more.
    pub fn measure(&self, story: &Story, plan: Plan, host: &Host) -> Result<Results> {
        let shared = self.shared()?;
        let progress = Progress::of(story, "measuring", plan.rounds * Plan::things(host).len());
        Ok(Results::measure(shared, plan, host, || progress.step()))
    }

    /// Counts the system calls that it takes to send so many small messages and to receive them.
    ///
    /// # Errors
    ///
    /// As for [`Bench::measure`].
    pub fn count_calls(&self, story: &Story, way: Mechanism, messages: u64) -> Result<Option<u64>> {
        let pair = Pair::new(way, Traffic::Stream, SMALLEST, self.shared()?);
        let Ok(Pair { mut one, mut other, queues: _queues }) = pair else {
            story.missing(format!("{way}: not to be had here."));
            return Ok(None);
        };
        Ok(story.count_calls(&format!("{messages} messages, {way}"), || {
            let mut message = [0; SMALLEST / size_of::<u64>()];
            (0..messages).try_for_each(|_| one.send(&message).and_then(|()| other.receive(&mut message)))
        }))
    }

    /// What the mechanisms use.
    ///
    /// # Errors
    ///
    /// As for [`Bench::measure`].
    pub fn shared(&self) -> Result<Shared<'_>> {
        let file = self.file.as_ref().map(Mapping::bytes);
        Ok(Shared { segment: self.memory.bytes()?, file, set: self.set.as_ref().map(Semaphores::id) })
    }

    /// Removes it all.
    ///
    /// # Errors
    ///
    /// `Refused`: somebody else has removed something already.
    #[track_caller]
    pub fn clear(self) -> Result<()> {
        if let Some(set) = self.set {
            set.remove()?;
        }
        self.memory.detach()?;
        self.segment.remove()
    }
}

#[track_caller]
fn semaphores(story: &Story) -> Result<Option<Semaphores>> {
    match Semaphores::create(story, Key::PRIVATE, SEMAPHORES, OWNER_RW) {
        Ok(set) => Ok(Some(set)),
        Err(Error::Refused(_)) => {
            story.missing("Without semaphores one way of waiting is not measured.");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn mapped(story: &Story, size: usize) -> Option<Mapping> {
    let mapping = NonZeroUsize::new(size).map(Mapping::anonymous_file)?;
    let told = mapping.inspect_err(|error| {
        let folder = std::env::temp_dir();
        story.missing(format!("A mapped file is not measured: {}: {error}. See TMPDIR.", folder.display()));
    });
    told.ok()
}
