//! Waits until a file changes, or a key is pressed.
//!
//! **Invariant:** a change that comes while nobody waits is not lost, and a burst of changes counts once.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use notify::{Config, Event, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

/// Editors write a file in several steps: what comes so shortly after a change belongs to it.
const BURST: Duration = Duration::from_millis(15);
/// How often files are looked at beside the kernel's word, which never comes on some network and Windows file systems.
const POLL: Duration = Duration::from_millis(700);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A file in the folder changed.
    Changed,
    /// A line came from standard input.
    Line(String),
    /// Standard input is closed, and nothing can be watched.
    Nothing,
}

/// Watches a folder, and standard input.
pub struct Watch {
    happened: Receiver<Happened>,
    _watchers: (Option<RecommendedWatcher>, Option<PollWatcher>),
}

impl Watch {
    /// Begins to watch.
    pub fn new(folder: &Path) -> Watch {
        let (sender, happened) = mpsc::channel();
        let told = |sender: Sender<Happened>| {
            move |event: notify::Result<Event>| {
                let written = |kind: EventKind| matches!(kind, EventKind::Modify(_) | EventKind::Create(_));
                if event
                    .is_ok_and(|event| written(event.kind) && event.paths.iter().any(|path| is_source(path)))
                {
                    let _ = sender.send(Happened::Changed);
                }
            }
        };
        // So that one can see whether polling alone would do.
        let polls_only = std::env::var("CHECK_WATCH").is_ok_and(|how| how == "poll");
        let mut watcher = notify::recommended_watcher(told(sender.clone())).ok().filter(|_| !polls_only);
        let watched = watcher.as_mut().map(|watcher| watcher.watch(folder, RecursiveMode::NonRecursive));
        // Reading the texts finds out what a clock that stands still would hide.
        let config = Config::default().with_poll_interval(POLL).with_compare_contents(true);
        let mut poller = PollWatcher::new(told(sender.clone()), config).ok();
        let polled = poller.as_mut().map(|poller| poller.watch(folder, RecursiveMode::NonRecursive));
        let watches = matches!(watched, Some(Ok(()))) || matches!(polled, Some(Ok(())));
        thread::spawn(move || {
            for line in std::io::stdin().lines().map_while(Result::ok) {
                if sender.send(Happened::Line(line)).is_err() {
                    return;
                }
            }
            if !watches {
                let _ = sender.send(Happened::Nothing);
            }
        });
        Watch { happened, _watchers: (watcher, poller) }
    }

    /// Waits for the next thing to happen.
    pub fn next(&self) -> Happened {
        let happened = self.happened.recv().unwrap_or(Happened::Nothing);
        if happened == Happened::Changed {
            loop {
                match self.happened.recv_timeout(BURST) {
                    Ok(Happened::Changed) => {}
                    Ok(other) => return other,
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
        }
        happened
    }
}

fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "rs" || ending == "c")
}
