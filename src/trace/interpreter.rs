//! What a program needs to be run that is missing: the interpreter of a script, or the loader of a compiled program.
//!
//! The kernel's `ENOENT` tells neither of them apart from a program that is not there.
//!
//! **Invariant:** names only what the program's file itself names, and what is not there.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Scripts may be run by scripts, so deep and no deeper (`fs/exec.c`).
const DEPTH: usize = 5;
/// As much of a first line as the kernel reads (`BINPRM_BUF_SIZE`).
const LINE: usize = 256;
/// No path is longer (`PATH_MAX`).
const PATH: usize = 4096;

/// What a program's file names and is not there, in words; nothing, if the file itself is missing.
pub(super) fn missing(program: &OsStr, directory: Option<&Path>) -> Option<String> {
    let directory = directory.unwrap_or(Path::new(""));
    let mut path = places(program).map(|place| directory.join(place)).find(|path| path.is_file())?;
    for _ in 0..DEPTH {
        let file = File::open(&path).ok()?;
        let (what, named) = match script(&file) {
            Some(named) => ("its first line names the interpreter", named),
            None => ("it was built for the loader", loader(&file)?),
        };
        let next = directory.join(&named);
        if !next.exists() {
            return Some(format!("{what} {}", named.to_string_lossy()));
        }
        path = next;
    }
    None
}

/// Where `execvp` looks for a program.
fn places(program: &OsStr) -> Box<dyn Iterator<Item = PathBuf> + '_> {
    if program.as_bytes().contains(&b'/') {
        return Box::new([PathBuf::from(program)].into_iter());
    }
    let path = env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let folders: Vec<_> = env::split_paths(&path).collect();
    Box::new(folders.into_iter().map(move |folder| folder.join(program)))
}

/// What stands behind the `#!` of a script.
fn script(file: &File) -> Option<OsString> {
    let mut line = [0; LINE];
    let length = file.read_at(&mut line, 0).ok()?;
    let line = line[..length].strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | 0);
    let name = line.split(is_blank).find(|word| !word.is_empty())?;
    Some(OsString::from_vec(name.to_vec()))
}

/// The loader that a compiled program names: the segment `PT_INTERP` (elf(5)).
fn loader(file: &File) -> Option<OsString> {
    let head: [u8; 64] = bytes(file, 0).ok()?;
    if !head.starts_with(b"\x7fELF") {
        return None;
    }
    // Where a header of the file has the table of segments, how long its entries are, and how many there are; then
    // where an entry has the place and the length of what it describes.
    let is_wide = head[4] == 2;
    let [table, entry, count] = if is_wide { [32, 54, 56] } else { [28, 42, 44] };
    let (offset, length) = if is_wide { (8, 32) } else { (4, 16) };
    let short = |place: usize| u64::from(u16::from_ne_bytes([head[place], head[place + 1]]));
    let (table, entry, count) = (number(&head, table, is_wide), short(entry), short(count));
    let mut entries = (0..count).map_while(|row| bytes::<56>(file, table.checked_add(row * entry)?).ok());
    let named = entries.find(|entry| number(entry, 0, false) == 3)?;
    let mut path = vec![0; (number(&named, length, is_wide) as usize).min(PATH)];
    file.read_exact_at(&mut path, number(&named, offset, is_wide)).ok()?;
    path.truncate(path.iter().position(|byte| *byte == 0)?);
    Some(OsString::from_vec(path))
}

fn bytes<const N: usize>(file: &File, offset: u64) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact_at(&mut bytes, offset).map(|()| bytes)
}

/// A number of this machine's byte order, of 64 bits or of 32.
fn number(bytes: &[u8], place: usize, is_wide: bool) -> u64 {
    let bytes = &bytes[place..];
    match (bytes.first_chunk(), bytes.first_chunk()) {
        (Some(wide), _) if is_wide => u64::from_ne_bytes(*wide),
        (_, Some(narrow)) => u32::from_ne_bytes(*narrow).into(),
        _ => 0,
    }
}
