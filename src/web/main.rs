//! The module's answers from a native program: one request a line, one answer a line.
//!
//! `.ci/portable` lets it and the module answer the same requests, and compares.

use std::io::{self, BufRead, Write};

use web::talk::Server;

fn main() -> io::Result<()> {
    let mut server = Server::default();
    let mut out = io::stdout().lock();
    for request in io::stdin().lock().lines() {
        writeln!(out, "{}", server.answer(&request?))?;
    }
    Ok(())
}
