//! What a program needs to be run that is missing: the interpreter of a script, or the loader of a compiled program.
//!
//! The kernel's `ENOENT` tells neither of them apart from a program that is not there.
//!
//! **Invariant:** names only what the program's file itself names, and what is not there.

use std::env;
use std::ffi::{CStr, OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use elf::ElfStream;
use elf::abi::PT_INTERP;
use elf::endian::AnyEndian;

/// Scripts may be run by scripts, so deep and no deeper (`fs/exec.c`).
const DEPTH: usize = 5;
/// As much of a first line as the kernel reads (`BINPRM_BUF_SIZE`).
const LINE: usize = 256;

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
    let mut elf = ElfStream::<AnyEndian, _>::open_stream(file).ok()?;
    let named = *elf.segments().iter().find(|segment| segment.p_type == PT_INTERP)?;
    let path = CStr::from_bytes_until_nul(elf.segment_data(&named).ok()?).ok()?;
    Some(OsStr::from_bytes(path.to_bytes()).to_owned())
}
