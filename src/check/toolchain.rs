//! What builds and runs hand-ins on this machine, wherever it is installed: found once.
//!
//! **Invariant:** only the marker's own programs are asked, and nothing that was handed in.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use super::places::{SYSTEM, is_system};

/// Compilers and interpreters, and the folders without which they do not work.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Toolchain {
    /// The Rust compiler, if there is one.
    pub rustc: Option<PathBuf>,
    /// Whether there is gold, binutils' other linker: it takes two thirds of the time.
    pub gold: bool,
    /// What lies outside of the system's own folders.
    pub folders: Vec<PathBuf>,
}

impl Toolchain {
    /// What is installed here.
    pub fn find() -> Toolchain {
        let rust = sysroot();
        let rustc = rust.as_ref().map(|root| root.join("bin/rustc"));
        let others = ["cc", "c++", "ld", "as", "sh"].into_iter().filter_map(folder_of);
        let folders = rust.into_iter().chain(others);
        let folders: Vec<PathBuf> = folders.filter(|folder| !is_system(folder)).collect();
        Toolchain { rustc, gold: in_path("ld.gold").is_some_and(|program| is_system(&program)), folders }
    }

    /// And Python, for what may be written in it.
    #[must_use]
    pub fn with_python(mut self) -> Toolchain {
        self.folders.extend(python().into_iter().filter(|folder| !is_system(folder)));
        self
    }

    /// `PATH` in the sandbox.
    pub fn path(&self) -> OsString {
        let own = self.folders.iter().map(|folder| folder.join("bin"));
        let system = SYSTEM.iter().filter(|folder| folder.ends_with("bin")).map(PathBuf::from);
        let folders: Vec<PathBuf> = own.filter(|folder| folder.is_dir()).chain(system).collect();
        env::join_paths(folders).unwrap_or_default()
    }
}

/// Where the Rust toolchain is that built this program and the library, which no other can link. Where rustup did not
/// say so, the compiler itself is asked.
fn sysroot() -> Option<PathBuf> {
    let rustup = option_env!("RUSTUP_HOME").zip(option_env!("RUSTUP_TOOLCHAIN"));
    let direct = rustup.map(|(home, name)| Path::new(home).join("toolchains").join(name));
    let found = direct.filter(|root| root.join("bin/rustc").exists());
    let root = found.or_else(|| lines("rustc", &["--print", "sysroot"])?.into_iter().next())?;
    fs::canonicalize(root).ok()
}

/// Python's folders: what is in the `PATH` may be a script that looks for the interpreter in the learner's home.
fn python() -> Vec<PathBuf> {
    let Some(program) = in_path("python3") else { return Vec::new() };
    if fs::canonicalize(program).is_ok_and(|program| is_system(&program)) {
        return Vec::new();
    }
    let script = "import sys; print(sys.prefix); print(sys.base_prefix)";
    let folders = lines("python3", &["-c", script]).unwrap_or_default();
    folders.into_iter().filter_map(|folder| fs::canonicalize(folder).ok()).collect()
}

fn lines(program: &str, arguments: &[&str]) -> Option<Vec<PathBuf>> {
    let output =
        Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = output.status.success().then(|| String::from_utf8(output.stdout).ok())??;
    Some(text.lines().map(PathBuf::from).collect())
}

/// The folder that a program was installed in, with its libraries: that above `bin`.
pub(super) fn folder_of(name: &str) -> Option<PathBuf> {
    let program = fs::canonicalize(in_path(name)?).ok()?;
    let folder = program.parent()?;
    let installed = if folder.ends_with("bin") { folder.parent()? } else { folder };
    (!is_system(&program)).then(|| installed.to_owned())
}

/// A program as `execvp` would find it.
fn in_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}
