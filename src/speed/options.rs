//! What lesson 20 takes beside the options of all lessons.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use nix::unistd::{AccessFlags, access};

use crate::error::{Error, Result};
use crate::figures::ROUNDS;
use crate::kernel::portable;
use crate::story::Story;
use crate::{Plan, Results, plot};

/// What lesson 20 takes beside the options of all lessons.
#[derive(Clone, Debug, Args)]
pub struct Speed {
    /// Measure in less than 10 seconds, instead of less than a minute
    #[arg(long)]
    pub quick: bool,

    /// Draw the curves into an SVG file
    ///
    /// A browser shows it. A file of that name is replaced.
    #[arg(long, value_name = "FILE.svg", value_parser = svg)]
    pub plot: Option<PathBuf>,

    /// Measure each thing so many microseconds long: for the tests, which want no figures.
    #[arg(long, value_name = "MICROSECONDS", hide = true)]
    pub time: Option<u32>,

    /// Measure everything so often: for the tests of how the lesson ends, which want no figures.
    #[arg(long, value_name = "ROUNDS", hide = true)]
    pub rounds: Option<NonZeroUsize>,
}

impl Speed {
    /// How thoroughly to measure.
    pub fn plan(&self) -> Plan {
        let (budget, limit) = if self.quick { (3_000, 8) } else { (36_000, 52) };
        let budget = Duration::from_micros(self.time.unwrap_or(budget).into());
        let rounds = self.rounds.map_or(ROUNDS, NonZeroUsize::get);
        Plan { rounds, budget, limit: Duration::from_secs(limit) }
    }
}

impl Speed {
    /// Draws the curves, if that was asked for.
    ///
    /// # Errors
    ///
    /// `Environment`: the file cannot be written, which it could when the lesson began.
    pub fn draw(&self, story: &Story, figures: &Results) -> Result<()> {
        let Some(path) = &self.plot else { return Ok(()) };
        let cannot = |error: &dyn ToString| {
            Error::environment(
                format!("write the curves to {}", path.display()),
                error.to_string(),
                "Try another folder.",
            )
        };
        fs::write(path, plot::svg(figures)).map_err(|error| cannot(&error))?;
        story.say(format!("The curves are in {}: a browser shows them.", path.display()));
        Ok(())
    }
}

/// A name that can be written to when all is measured: that is asked before, since a minute is long.
fn svg(name: &str) -> std::result::Result<PathBuf, String> {
    let path = PathBuf::from(name);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.extension().is_none_or(|ending| ending != "svg") {
        return Err("the name has to end in .svg".to_owned());
    }
    if path.is_dir() {
        return Err("that is a folder".to_owned());
    }
    let there = if path.exists() { path.as_path() } else { folder };
    access(there, AccessFlags::W_OK)
        .map_err(|errno| format!("{}: {}", there.display(), portable(errno).meaning()))?;
    Ok(path)
}
