//! From an address in a running program to its function and to the line of its source.
//!
//! **Invariant:** a program without debug information has no lines, and nothing is guessed in their place.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use addr2line::Loader;
use elf::ElfStream;
use elf::abi::PT_LOAD;
use elf::endian::AnyEndian;

use super::{Place, procfs};
use crate::evidence::maps::Mapping;

/// A file larger than this is not read.
const LARGEST: u64 = 512 << 20;

/// A file that is mapped into a process.
struct Image {
    loader: Loader,
    /// Where its parts lie: in the file, how many bytes, and at which address they are linked.
    parts: Vec<[u64; 3]>,
}

impl Image {
    fn open(path: &PathBuf) -> Option<Image> {
        let file = fs::File::open(path)
            .ok()
            .filter(|file| file.metadata().is_ok_and(|file| file.len() < LARGEST))?;
        let headers = ElfStream::<AnyEndian, _>::open_stream(file).ok()?;
        let loaded = headers.segments().iter().filter(|part| part.p_type == PT_LOAD);
        let parts = loaded.map(|part| [part.p_offset, part.p_filesz, part.p_vaddr]).collect();
        Some(Image { loader: Loader::new(path).ok()?, parts })
    }

    /// The address at which a byte of the file is linked.
    fn linked(&self, offset: u64) -> Option<u64> {
        let holds = |part: &&[u64; 3]| offset >= part[0] && offset - part[0] < part[1];
        self.parts.iter().find(holds).map(|[start, _, address]| offset - start + address)
    }
}

/// The lines of every program that was asked about.
#[derive(Default)]
pub(super) struct Lines {
    images: HashMap<PathBuf, Option<Image>>,
    maps: HashMap<i32, Vec<Mapping>>,
    places: HashMap<(i32, u64), Option<Place>>,
}

impl Lines {
    /// A process runs another program, or may have mapped one more file.
    pub fn forget(&mut self, pid: i32) {
        self.maps.remove(&pid);
        self.places.retain(|(owner, _), _| *owner != pid);
    }

    /// The line that an instruction belongs to. Of inlined functions it is the innermost that is the program's own.
    pub fn place(&mut self, pid: i32, address: u64) -> Option<Place> {
        if let Some(known) = self.places.get(&(pid, address)) {
            return known.clone();
        }
        let place = self.image(pid, address).and_then(|(image, linked)| own_line(&image.loader, linked));
        self.places.insert((pid, address), place.clone());
        place
    }

    /// Where the function begins that an instruction belongs to, in the memory of the process.
    pub fn function(&mut self, pid: i32, address: u64) -> Option<u64> {
        let (image, linked) = self.image(pid, address)?;
        let start = image.loader.find_symbol_info(linked)?.address();
        address.checked_sub(linked.checked_sub(start)?)
    }

    fn image(&mut self, pid: i32, address: u64) -> Option<(&Image, u64)> {
        let maps = self.maps.entry(pid).or_insert_with(|| procfs::maps(pid).unwrap_or_default());
        let holds = |mapping: &&Mapping| (mapping.start.0..mapping.end.0).contains(&address);
        let mapping = maps.iter().find(holds).filter(|mapping| mapping.name.starts_with('/'))?;
        let offset = address - mapping.start.0 + mapping.offset;
        let path = PathBuf::from(format!("/proc/{pid}/root{}", mapping.name));
        let image = self.images.entry(PathBuf::from(&mapping.name)).or_insert_with(|| Image::open(&path));
        let image = image.as_ref()?;
        Some((image, image.linked(offset)?))
    }
}

fn own_line(loader: &Loader, linked: u64) -> Option<Place> {
    let mut frames = loader.find_frames(linked).ok()?;
    while let Ok(Some(frame)) = frames.next() {
        let Some(location) = frame.location else { continue };
        let (Some(file), Some(line)) = (location.file, location.line) else { continue };
        // The compiler's own library is compiled under this name.
        if line != 0 && !file.contains("/rustc/") {
            let name = file.rsplit('/').next().unwrap_or(file);
            return Some(Place { file: name.to_owned(), line });
        }
    }
    None
}
