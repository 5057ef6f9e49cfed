//! Writes a session into a file.
//!
//! **Invariant:** a file that is there already is replaced as a whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Writes the text into a file; the error names it.
pub fn save(file: &str, text: &str) -> io::Result<()> {
    let path = Path::new(file);
    let written = match path.canonicalize() {
        // A terminal, a pipe or a device takes it as it comes.
        Ok(there) if !there.is_file() => fs::write(there, text),
        // A link stays one: it is the file behind it that is replaced.
        Ok(there) => replace(&there, text),
        Err(_) => replace(path, text),
    };
    written.map_err(|error| io::Error::new(error.kind(), format!("{file} was not saved: {error}")))
}

/// Writes a file beside it first, which then takes its name.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension(format!("{}.partial", std::process::id()));
    let done = write(&beside, path, text).and_then(|()| fs::rename(&beside, path));
    if done.is_err() {
        let _ = fs::remove_file(&beside);
    }
    done
}

fn write(beside: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::File::create_new(beside)?;
    if let Ok(there) = fs::metadata(path) {
        file.set_permissions(there.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
