//! The module that pages load: the prompt's session, built for WebAssembly, in a script.
//!
//! A page that was opened as a file may load a script and nothing else, so the module stands in one, compressed.
//!
//! **Invariant:** the script says from which sources it was built. Who changes those and has no toolchain for
//! WebAssembly still builds the book, with the committed module, and is told that it is older.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zopfli::{Format, Options};

use crate::{read, root};

/// The script, beside the chapters: mdBook copies what is no chapter.
const SCRIPT: &str = "book/src/module.js";
/// What stands before and behind the JSON.
const AROUND: [&str; 2] = ["globalThis.shmModule = ", ";\n"];
/// What the module is built from.
const SOURCES: [&str; 3] = ["src/core", "src/play", "src/web"];
/// What lies there, and is no part of the module.
const OTHERS: [&str; 2] = ["src/play/terminal", "src/web/main.rs"];
/// What to do when the module is older than its sources.
pub const REBUILD: &str = "`.ci/portable module` builds it anew";

/// The module as a script holds it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Module {
    /// The hash of the sources.
    pub sources: String,
    /// The compiler.
    pub toolchain: String,
    /// The module: gzip, in base64.
    pub gzip: String,
}

impl Module {
    /// The committed one.
    ///
    /// # Errors
    ///
    /// It is not there, or it is no such script.
    pub fn committed() -> Result<Module> {
        let script = read(SCRIPT)?;
        let [before, behind] = AROUND;
        let json = script.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
        Ok(serde_json::from_str(json.with_context(|| format!("{SCRIPT} holds no module"))?)?)
    }

    /// Whether it was built from the sources as they are.
    ///
    /// # Errors
    ///
    /// The sources cannot be read.
    pub fn is_fresh(&self) -> Result<bool> {
        Ok(self.sources == sources()?)
    }

    /// How many bytes a page has to load, compressed.
    ///
    /// # Errors
    ///
    /// It is no base64.
    pub fn weight(&self) -> Result<usize> {
        Ok(STANDARD.decode(&self.gzip)?.len())
    }
}

/// Puts a module into the script that pages load.
///
/// # Errors
///
/// The file cannot be read, or it is no module; the script cannot be written.
pub fn pack(file: &Path, toolchain: &str) -> Result<()> {
    let module = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    ensure!(module.starts_with(b"\0asm"), "{} is no module of WebAssembly", file.display());
    let mut gzip = Vec::new();
    zopfli::compress(Options::default(), Format::Gzip, &module[..], &mut gzip)?;
    let packed = Module { sources: sources()?, toolchain: toolchain.to_owned(), gzip: STANDARD.encode(gzip) };
    let [before, behind] = AROUND;
    fs::write(root().join(SCRIPT), format!("{before}{}{behind}", serde_json::to_string(&packed)?))?;
    println!("{SCRIPT}: {} bytes, {} compressed", module.len(), packed.weight()?);
    Ok(())
}

/// The hash of everything that the module is built from: paths and contents, in order.
///
/// # Errors
///
/// One cannot be read.
pub fn sources() -> Result<String> {
    let mut files = Vec::new();
    for folder in SOURCES {
        collect(&root().join(folder), &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let path = file.strip_prefix(root())?;
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update([0]);
        hash.update(fs::read(&file)?);
        hash.update([0]);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_other = OTHERS.iter().any(|other| path == root().join(other));
        let is_source = path.extension().is_some_and(|ending| ending == "rs" || ending == "toml");
        if path.is_dir() && !is_other {
            collect(&path, files)?;
        } else if is_source && !is_other {
            files.push(path);
        }
    }
    Ok(())
}
