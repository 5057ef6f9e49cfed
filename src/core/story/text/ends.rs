//! How a story begins and ends.

use std::io;

use colored::Colorize;

use super::Text;
use crate::call::{Semid, Shmid};
use crate::process::Kernel;
use crate::story::LessonEnd;

/// Where the calls are performed.
pub(super) fn place(kernel: Kernel, isolated: bool) -> &'static str {
    match (kernel, isolated) {
        (Kernel::Model, _) => "on a model of Linux's rules, not on your kernel",
        (Kernel::Linux, true) => "in a private IPC namespace",
        (Kernel::Linux, false) => "on this machine's own kernel",
    }
}

impl Text {
    pub(super) fn lesson(&mut self, number: Option<usize>, of: usize, title: &str) -> io::Result<()> {
        let place = number.map_or("The whole walk".to_owned(), |number| format!("Lesson {number} of {of}"));
        let title = format!("{place} · {title}");
        for line in textwrap::wrap(&title, self.screen.width) {
            self.line(&line.bold().to_string())?;
        }
        self.line(&"─".repeat(title.chars().count().min(self.screen.width)))
    }

    pub(super) fn end(
        &mut self,
        outcome: LessonEnd,
        left: (Option<&[Shmid]>, Option<&[Semid]>),
        marked: &[Shmid],
    ) -> io::Result<()> {
        // Whoever leaves at the prompt may have left the cursor there.
        self.blank = outcome != LessonEnd::Quit && self.blank;
        self.blank()?;
        let outcome = match outcome {
            LessonEnd::Complete => "Done.",
            LessonEnd::Quit => "You left the lesson.",
            LessonEnd::Failed => "The lesson ended early.",
        };
        let left = match left {
            (Some([]), Some([])) if !marked.is_empty() => format!(
                "Marked for destruction: {}. It goes when the last process has detached it.",
                marked.iter().map(Shmid::to_string).collect::<Vec<_>>().join(", ")
            ),
            (Some([]), Some([])) => "Nothing that it made is left in the kernel.".to_owned(),
            (Some(segments), Some(sets)) => {
                let segments = segments.iter().map(|id| format!("segment {id} (`ipcrm -m {id}` removes it)"));
                let sets =
                    sets.iter().map(|id| format!("set of semaphores {id} (`ipcrm -s {id}` removes it)"));
                let left: Vec<_> = segments.chain(sets).collect();
                format!("Left in the kernel: {}.", left.join(", "))
            }
            _ => "Whether anything is left cannot be shown here. Is /proc mounted?".to_owned(),
        };
        self.wrapped("", "", &format!("{outcome} {left}"))
    }

    /// What to do after a lesson.
    pub(super) fn onward(
        &mut self,
        next: Option<&str>,
        exercises: &[String],
        chapter: Option<&str>,
    ) -> io::Result<()> {
        let next = next.map(|next| ("Next", next));
        let exercises = exercises.iter().map(|exercise| ("Exercise", exercise.as_str()));
        let chapter = chapter.map(|chapter| ("Chapter", chapter));
        let mut onward = next.into_iter().chain(exercises).chain(chapter);
        onward.try_for_each(|(what, command)| self.wrapped("", "", &format!("{what}: {command}")))
    }
}
