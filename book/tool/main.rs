//! `cargo run -p book`: builds the book, serves it, records the runs that it shows.

use std::io::{stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use book::module::{self, Module};
use book::preprocess::Playground;
use book::{finish, order, picture, recording, root, serve};
use clap::{Parser, Subcommand};
use mdbook_driver::MDBook;
use mdbook_preprocessor::Preprocessor;

/// Build the playground's book
#[derive(Parser)]
#[command(name = "book")]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Build the book into target/book (this is the default)
    Build,
    /// Build the book and serve it on loopback
    Serve {
        /// Where to listen
        #[arg(long, default_value_t = 3000)]
        port: u16,
        /// Serve what is built already, and build nothing
        #[arg(long)]
        as_built: bool,
    },
    /// Run lessons and write down what they tell, into book/recordings
    Record {
        /// Their numbers; none means all
        lessons: Vec<usize>,
    },
    /// Draw README's picture anew, from the recorded run of its lesson
    Picture,
    /// Write a module of WebAssembly anew, with its functions in the order of their last bytes
    Order {
        /// The module
        file: PathBuf,
        /// Where to write it
        to: PathBuf,
    },
    /// Put a module of WebAssembly into the script that pages load; `.ci/portable module` builds it and calls this
    Pack {
        /// The module
        file: PathBuf,
        /// The compiler that it was built with
        toolchain: String,
    },
    /// Called by mdBook: fill the chapters that come on standard input
    Preprocess {
        /// `supports RENDERER`
        question: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = match Options::parse().command.unwrap_or(Command::Build) {
        Command::Build => build(),
        Command::Serve { port, as_built } => serve_book(port, as_built),
        Command::Record { lessons } => recording::record(&lessons),
        Command::Picture => picture::draw(),
        Command::Order { file, to } => order::order(&file, &to),
        Command::Pack { file, toolchain } => module::pack(&file, &toolchain),
        Command::Preprocess { question } => preprocess(&question),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem:#}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<()> {
    if !Module::committed()?.is_fresh()? {
        eprintln!("The module of the playground page is older than its sources: {}.", module::REBUILD);
    }
    let mut book = MDBook::load(root().join("book"))?;
    // Instead of the command of book.toml, which would start this program once more.
    book.with_preprocessor(Playground);
    book.build()?;
    let site = book.config.html_config().and_then(|html| html.site_url);
    finish::finish(&book.build_dir_for("html"), site.as_deref())?;
    println!("{}", book.build_dir_for("html").join("index.html").display());
    Ok(())
}

fn serve_book(port: u16, as_built: bool) -> Result<()> {
    let rebuild = if as_built { || Ok(()) } else { build };
    rebuild()?;
    let folder = MDBook::load(root().join("book"))?.build_dir_for("html");
    serve::serve(&folder, port, rebuild)
}

fn preprocess(question: &[String]) -> Result<()> {
    if question.first().is_some_and(|word| word == "supports") {
        return Ok(());
    }
    let (context, book) = mdbook_preprocessor::parse_input(stdin())?;
    let book = Playground.run(&context, book)?;
    Ok(serde_json::to_writer(stdout(), &book)?)
}
