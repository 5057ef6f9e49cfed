//! A file that several processes have mapped: its pages are the memory of all of them.

use std::path::Path;

use super::Mechanism;
use crate::call::{Address, Answer, Call, FileCall};
use crate::error::Result;
use crate::kernel;
use crate::posix::file_name;
use crate::story::Story;

/// `mmap(NULL, length, …, MAP_SHARED, fd, 0)`: a file as shared memory.
///
/// Its name is gone when [`MappedFile::create`] returns, so that nothing is left behind, whatever comes.
///
/// Source: [mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html).
#[doc(alias = "mmap")]
pub struct MappedFile {
    story: Story,
    /// Open for reading and writing, and for reading only.
    files: [i32; 2],
    length: usize,
    /// Where it is, in the process that made it and in its children.
    place: Address,
    unrelated: (i32, Address),
}

impl MappedFile {
    /// Makes a file of zeros and maps it; lets an unrelated process open and map it by its name; and removes the name.
    ///
    /// # Errors
    ///
    /// `Refused`: no folder for temporary files can be written.
    #[track_caller]
    pub fn create(story: &Story, length: usize, unrelated: &Story) -> Result<MappedFile> {
        // A signal that came between making the file and taking its name away would leave it there.
        let (file, read_only, its_place) = kernel::hold_signals(|| Self::named(story, length, unrelated))?;
        let place = map(story, file, length, true)?;
        let files = [file, read_only];
        Ok(MappedFile { story: story.clone(), files, length, place, unrelated: (unrelated.pid(), its_place) })
    }

    #[track_caller]
    fn named(story: &Story, length: usize, unrelated: &Story) -> Result<(i32, i32, Address)> {
        // A file in memory, where there is such a folder: no page of it has to come from a disk.
        let in_memory = Path::new("/dev/shm").to_owned();
        let folder = if is_writable(&in_memory) { in_memory } else { std::env::temp_dir() };
        let path = folder.join(file_name(story));
        let file = open(story, FileCall::Create { path: path.clone() })?;
        let opened = Self::opened(story, file, length, &path, unrelated);
        story.perform(Call::File(FileCall::Unlink { path }))?;
        let (read_only, its_place) = opened?;
        Ok((file, read_only, its_place))
    }

    #[track_caller]
    fn opened(
        story: &Story,
        fd: i32,
        length: usize,
        path: &Path,
        unrelated: &Story,
    ) -> Result<(i32, Address)> {
        story.perform(Call::File(FileCall::Resize { fd, length }))?;
        let read_only = open(story, FileCall::Open { path: path.into(), writable: false })?;
        let its_file = open(unrelated, FileCall::Open { path: path.into(), writable: true })?;
        Ok((read_only, map(unrelated, its_file, length, true)?))
    }

    fn place(&self, by: &Story) -> Address {
        if by.pid() == self.unrelated.0 { self.unrelated.1 } else { self.place }
    }
}

impl Mechanism for MappedFile {
    fn name(&self) -> &'static str {
        "mapped file"
    }

    #[track_caller]
    fn put(&self, by: &Story, bytes: &[u8]) -> Result<()> {
        by.poke(self.place(by), bytes).map(drop)
    }

    #[track_caller]
    fn take(&self, by: &Story, most: usize) -> Result<Vec<u8>> {
        by.peek(self.place(by), most)
    }

    #[track_caller]
    fn take_too_early(&self, by: &Story, most: usize) -> Result<Vec<u8>> {
        by.peek(self.place(by).offset(self.length / 2), most)
    }

    fn write_forbidden(&self, by: &Story) -> Result<()> {
        map(by, self.files[1], self.length, true).map(drop)
    }
}

impl Drop for MappedFile {
    fn drop(&mut self) {
        self.files.into_iter().for_each(|fd| self.story.perform_at_drop(Call::File(FileCall::Close { fd })));
    }
}

fn is_writable(folder: &Path) -> bool {
    nix::unistd::access(folder, nix::unistd::AccessFlags::W_OK).is_ok()
}

#[track_caller]
fn open(story: &Story, call: FileCall) -> Result<i32> {
    story.perform(Call::File(call)).map(|answer| answer.value() as i32)
}

#[track_caller]
fn map(story: &Story, fd: i32, length: usize, writable: bool) -> Result<Address> {
    let answer: Answer = story.perform(Call::File(FileCall::Map { fd, length, writable }))?;
    Ok(Address(answer.value() as u64))
}
