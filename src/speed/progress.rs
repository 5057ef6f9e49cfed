//! How far a long measurement is: a bar on standard error, in a terminal only.

use indicatif::{ProgressBar, ProgressStyle};

use crate::story::Story;

/// A bar, which goes away when it is dropped.
pub struct Progress(ProgressBar);

impl Progress {
    /// One more step is done.
    pub fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Progress {
    /// A bar for so many steps, if there is somebody to see it. It makes no thread, since this process forks.
    pub fn of(story: &Story, doing: &'static str, steps: usize) -> Progress {
        if !story.shows_progress() {
            return Progress(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(steps as u64).with_message(doing);
        let style = ProgressStyle::with_template("  {msg} [{wide_bar}] {percent:>3} %, {eta} left");
        Progress(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")))
    }
}
