//! The finished book on loopback, built anew when something that it is made of has changed.
//!
//! **Invariant:** only this machine is answered, and only with files of the book.

use std::fs;
use std::io::{BufRead, BufReader, Result as IoResult, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use crate::root;

/// How long a browser may keep a connection open without asking anything.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Serves a folder until the program is stopped; `rebuild` is called when a page is asked for and is out of date.
///
/// # Errors
///
/// The port is taken.
pub fn serve(folder: &Path, port: u16, rebuild: fn() -> Result<()>) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).with_context(|| format!("port {port}"))?;
    println!("The book is at http://{}/ (stop with Ctrl-C)", listener.local_addr()?);
    let built = Mutex::new(newest());
    thread::scope(|scope| {
        // A thread each: browsers open connections early, and ask on them late or never.
        for stream in listener.incoming().flatten() {
            let built = &built;
            // A reader who has closed the page is no reason to stop.
            scope.spawn(move || answer(folder, &stream, built, rebuild).ok());
        }
    });
    Ok(())
}

fn answer(
    folder: &Path,
    stream: &TcpStream,
    built: &Mutex<SystemTime>,
    rebuild: fn() -> Result<()>,
) -> IoResult<()> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    let mut lines = BufReader::new(stream).lines();
    let Some(request) = lines.next().transpose()? else { return Ok(()) };
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let Some(url) = request.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()) else {
        return respond(stream, "405 Method Not Allowed", "text/plain", b"Only pages can be asked for.");
    };
    let file = file_of(url);
    if file.extension().is_some_and(|ending| ending == "html") {
        refresh(built, rebuild);
    }
    match fs::read(folder.join(&file)) {
        Ok(text) => respond(stream, "200 OK", kind_of(&file), &text),
        Err(_) => respond(stream, "404 Not Found", "text/plain", b"There is no such page."),
    }
}

fn respond(mut stream: &TcpStream, status: &str, kind: &str, text: &[u8]) -> IoResult<()> {
    let length = text.len();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n")?;
    write!(stream, "Cache-Control: no-cache\r\nConnection: close\r\n\r\n")?;
    stream.write_all(text)
}

/// Builds the book anew if something that it is made of is newer; one thread at a time.
fn refresh(built: &Mutex<SystemTime>, rebuild: fn() -> Result<()>) {
    let Ok(mut built) = built.lock() else { return };
    if newest() > *built {
        *built = newest();
        if let Err(problem) = rebuild() {
            eprintln!("{problem:#}");
        }
    }
}

/// The file that a URL names: never one outside the book.
fn file_of(url: &str) -> PathBuf {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let parts = Path::new(path).components().filter(|part| matches!(part, Component::Normal(_)));
    let file: PathBuf = parts.collect();
    if path.ends_with('/') { file.join("index.html") } else { file }
}

fn kind_of(path: &Path) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// When something that the book is made of was last written.
fn newest() -> SystemTime {
    let files = inputs().into_iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let times = files.filter_map(|file| file.metadata().ok()?.modified().ok());
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The folders of what the book is made of. Those of `src` are many, and all the way down.
fn inputs() -> Vec<PathBuf> {
    let mut folders = vec![root().join("src")];
    let mut next = 0;
    while let Some(folder) = folders.get(next) {
        let inside = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let inside: Vec<PathBuf> = inside.filter(|path| path.is_dir()).collect();
        folders.extend(inside);
        next += 1;
    }
    let others = [
        "book/src",
        "book/data",
        "book/recordings",
        "book/assets",
        "book/assets/pictures",
        "book/theme",
        "lessons",
        "lessons/exercises",
        "tests/c",
        "tests/c/transfer",
        "tests/transfer",
        "tests/solutions",
        "snapshots",
    ];
    folders.extend(others.map(|folder| root().join(folder)));
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables are made from the documentation in `src`, and one output is a snapshot.
    #[test]
    fn all_that_the_book_is_made_of_is_watched() {
        let inputs = inputs();
        for folder in ["src/core", "src/linux", "snapshots", "lessons", "book/src", "book/data"] {
            assert!(inputs.contains(&root().join(folder)), "{folder}");
        }
        assert!(inputs.iter().all(|folder| folder.is_dir()), "{inputs:?}");
    }

    #[test]
    fn no_url_leads_out_of_the_book() {
        assert_eq!(file_of("/../../etc/passwd"), Path::new("etc/passwd"));
        assert_eq!(file_of("/a/?x=1"), Path::new("a/index.html"));
    }
}
