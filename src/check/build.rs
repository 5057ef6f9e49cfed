//! From a source file to a program: rustc for Rust, cc for C.
//!
//! rustc is called directly, with the library that this very program was built with: cargo would take as long again
//! to find out that nothing else has changed, and could not work where no file may be written. Its messages are
//! those of `cargo --message-format=json`, which come from rustc.
//!
//! **Invariant:** nothing is written but the one file that was asked for.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::code::Code;
use super::compiler::{Compiled, Compiler, Order};
use super::keeper::Container;
use super::toolchain::Toolchain;
use super::verdict::Finding;

/// What each takes for an exercise is a quarter of this at most.
/// On a machine of many processors a linker has as many threads, each with address space set aside for it.
const RUSTC: Compiler = Compiler { name: "rustc", memory: 4 << 30 };
const CC: Compiler = Compiler { name: "cc", memory: 512 << 20 };
const CXX: Compiler = Compiler { name: "g++", memory: 1 << 30 };

/// The libraries that an exercise in Rust is linked with.
#[derive(Clone, Debug)]
pub struct Libraries {
    /// The playground itself.
    playground: PathBuf,
}

impl Libraries {
    /// Those beside this program: what cargo has built last.
    pub fn find() -> Option<Libraries> {
        let program = std::env::current_exe().ok()?;
        let place = program.parent()?.join("deps");
        let is_ours = |path: &PathBuf| {
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            name.starts_with("libplayground-") && name.ends_with(".rlib")
        };
        let files = fs::read_dir(place).ok()?.flatten().map(|entry| entry.path()).filter(is_ours);
        files.max_by_key(|path| modified(path)).map(|playground| Libraries { playground })
    }

    /// Those that a source file is linked with, if it is one in Rust.
    pub(super) fn for_source(source: &Path) -> Option<Libraries> {
        source.extension().filter(|ending| *ending == "rs").and_then(|_| Libraries::find())
    }

    /// The folder that cargo builds in, which it marks as a cache, and this program is in.
    pub fn target() -> Option<PathBuf> {
        let program = fs::canonicalize(std::env::current_exe().ok()?).ok()?;
        let marked = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
        marked.or(program.parent()).map(Path::to_owned)
    }

    /// The file that is linked, which changes with the library.
    pub fn file(&self) -> &Path {
        &self.playground
    }

    /// The folder of it and of all that it depends on.
    pub(super) fn folder(&self) -> &Path {
        self.playground.parent().unwrap_or(Path::new("."))
    }

    /// It and all that it may depend on, and nothing else that cargo has put beside them.
    pub(super) fn all(&self) -> Vec<PathBuf> {
        let is_one = |path: &PathBuf| {
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            let is_other_build = name.starts_with("libplayground-") && *path != self.playground;
            name.starts_with("lib")
                && [".rlib", ".so"].iter().any(|end| name.ends_with(end))
                && !is_other_build
        };
        let files = fs::read_dir(self.folder()).into_iter().flatten().flatten();
        files.map(|entry| entry.path()).filter(is_one).collect()
    }
}

fn modified(path: &Path) -> Option<std::time::SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}

/// Where a program is built.
pub(super) struct Site<'a> {
    pub tools: &'a Toolchain,
    /// The folder that the compiler works in, and one for its own files.
    pub directory: &'a Path,
    pub scratch: &'a Path,
    pub environment: &'a [OsString],
    /// Whether a program in C knows the lines of its source.
    pub lines: bool,
    /// In which sandbox; nothing, where there is none.
    pub container: Option<&'a Container<'a>>,
}

impl Site<'_> {
    /// Whether a program runs here at all.
    pub fn try_out(&self, program: &Path) -> Result<(), Finding> {
        let tool = Compiler { name: "check", memory: 1 << 30 };
        let tried = self.run(&tool, program, vec!["--version".into()])?;
        let words = || format!("a program that was tried in it did not work: {}", tried.messages);
        if tried.is_success() { Ok(()) } else { Err(Finding::new(Code::NotRun, words())) }
    }

    fn run(
        &self,
        compiler: &Compiler,
        program: &Path,
        arguments: Vec<OsString>,
    ) -> Result<Compiled, Finding> {
        compiler.run(&Order {
            program,
            arguments,
            directory: self.directory,
            scratch: self.scratch,
            environment: self.environment,
            container: self.container,
        })
    }
}

/// Builds a program.
///
/// # Errors
///
/// What does not compile, with the first error and where it is.
pub(super) fn build(source: &Path, program: &Path, site: &Site<'_>) -> Result<(), Finding> {
    match source.extension().and_then(OsStr::to_str) {
        Some("rs") => rust(source, program, site),
        Some("c") => c(source, program, site, &CC, "-std=gnu17"),
        Some("cpp") => c(source, program, site, &CXX, "-std=gnu++17"),
        _ => Err(Finding::new(Code::NotRun, format!("{} is neither Rust nor C nor C++.", source.display()))),
    }
}

fn rust(source: &Path, program: &Path, site: &Site<'_>) -> Result<(), Finding> {
    let Some(libraries) = Libraries::find() else {
        let words = "The playground's library is not beside this program: run it as `cargo run --bin check`.";
        return Err(Finding::new(Code::NotRun, words));
    };
    let words = ["--edition", "2024", "--crate-name", "exercise", "--error-format", "json"];
    let options = ["-C", "debuginfo=0", "-C", "link-arg=-Wl,--strip-debug", "-o"];
    let mut arguments: Vec<OsString> = words.into_iter().chain(options).map(OsString::from).collect();
    arguments.extend([
        program.into(),
        "--extern".into(),
        format!("playground={}", libraries.playground.display()).into(),
        "-L".into(),
        format!("dependency={}", libraries.folder().display()).into(),
        source.into(),
    ]);
    let rustc = site.tools.rustc.as_deref().unwrap_or(Path::new("rustc"));
    let output = site.run(&RUSTC, rustc, arguments)?;
    if output.is_success() { Ok(()) } else { Err(first_error(&output, source)) }
}

fn c(
    source: &Path,
    program: &Path,
    site: &Site<'_>,
    compiler: &Compiler,
    standard: &str,
) -> Result<(), Finding> {
    let options = [standard, "-O1", "-Wall", "-Wextra", "-pthread", "-pipe"];
    let lines = site.lines.then_some("-g");
    let linker = site.tools.gold.then_some("-fuse-ld=gold");
    let options: Vec<&str> = options.into_iter().chain(lines).chain(linker).chain(["-o"]).collect();
    let compile = |libraries: &[&str]| {
        let mut arguments: Vec<OsString> = options.iter().map(OsString::from).collect();
        arguments.extend([program.into(), source.into()]);
        arguments.extend(libraries.iter().map(OsString::from));
        site.run(compiler, Path::new(compiler.name), arguments)
    };
    let mut output = compile(&[])?;
    if output.messages.contains(INCOMPLETE) {
        output = compile(&LIBRARIES)?;
    }
    if output.is_success() { Ok(()) } else { Err(first_line_with_error(&output, source)) }
}

/// What a course may use. Few programs do, and to read them takes the linker time: they are for those that it calls
/// incomplete without them; and if one still is, the linker names the line.
const LIBRARIES: [&str; 4] = ["-lm", "-lpthread", "-lrt", "-g"];
const INCOMPLETE: &str = "undefined reference";

/// A message of the compiler, as far as it is needed here.
#[derive(Deserialize)]
struct Diagnostic {
    message: String,
    level: String,
    spans: Vec<Span>,
    /// As rustc would have shown it.
    rendered: Option<String>,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: usize,
    column_start: usize,
    is_primary: bool,
    label: Option<String>,
}

/// Of what a compiler says of one error so many lines are kept.
const MOST_LINES: usize = 16;

fn first_error(output: &Compiled, source: &Path) -> Finding {
    let text = &output.messages;
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Diagnostic>(line).ok());
    let error = messages.into_iter().find(|message| message.level == "error");
    let rendered = error.as_ref().and_then(|error| error.rendered.clone()).unwrap_or_default();
    // The first line says the message once more, and the next one where.
    let below: Vec<&str> =
        rendered.lines().skip(2).take_while(|line| !line.is_empty()).take(MOST_LINES).collect();
    let words = match error {
        Some(Diagnostic { message, spans, .. }) => {
            let place = spans.iter().find(|span| span.is_primary);
            let label = place.and_then(|span| span.label.as_deref()).map(|label| format!(" ({label})"));
            let place = place.map_or(shown(source), |span| {
                format!("{}:{}:{}", shown(Path::new(&span.file_name)), span.line_start, span.column_start)
            });
            format!("{place}: {message}{}", label.unwrap_or_default())
        }
        None => text.lines().next().unwrap_or("rustc failed, and did not say why").to_owned(),
    };
    Finding::new(Code::CompileError, words).compiler(&below.join("\n"))
}

/// A path as one would type it here; of a file elsewhere only the name.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let name = path.file_name().map(Path::new).unwrap_or(path);
    path.strip_prefix(here).unwrap_or(name).display().to_string()
}

fn first_line_with_error(output: &Compiled, source: &Path) -> Finding {
    let text = &output.messages;
    let is_error = |line: &&str| line.contains("error:") || line.contains(INCOMPLETE);
    let plain = |text: &str| text.replace(&source.display().to_string(), &shown(source));
    let line = text.lines().position(|line| is_error(&line));
    let words =
        line.and_then(|line| text.lines().nth(line)).unwrap_or("the compiler failed, and did not say why");
    // The line of the source, the caret below it, and what the compiler proposes stand indented under the error.
    let below =
        text.lines().skip(line.unwrap_or(0) + 1).take_while(|line| line.starts_with(' ')).take(MOST_LINES);
    let below: Vec<String> = below.map(plain).collect();
    Finding::new(Code::CompileError, plain(words)).compiler(&below.join("\n"))
}
