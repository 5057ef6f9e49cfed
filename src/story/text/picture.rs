//! The picture of an address space: its parts as boxes, the highest address on top, and an arrow to the segment.

use crate::call::Shmid;
use crate::story::event::{Part, Space};

/// How wide a box is inside.
const BOX: usize = 15;
/// How wide an address is, in hexadecimal digits.
const ADDRESS: usize = 12;

/// What there is to draw.
pub(super) struct Drawing<'a> {
    pub(super) before: Option<&'a Space>,
    pub(super) now: &'a Space,
    pub(super) shmid: Shmid,
}

impl Drawing<'_> {
    /// The lines of the picture: before beside now, where both fit and differ.
    pub(super) fn lines(&self, width: usize) -> Vec<String> {
        let now = self.column(self.now);
        match self.before.filter(|before| *before != self.now) {
            Some(before) if width >= 2 * (ADDRESS + BOX + 5) + 2 => {
                beside(&titled("before", self.column(before)), &titled("now", now))
            }
            _ => now,
        }
    }

    fn column(&self, space: &Space) -> Vec<String> {
        let mut lines = Vec::new();
        for (position, part) in space.parts.iter().enumerate() {
            let (left, right) = if position == 0 { ('┌', '┐') } else { ('├', '┤') };
            lines.push(format!("{:ADDRESS$x} {left}{}{right}", part.end.0, "─".repeat(BOX)));
            lines.push(format!("{:ADDRESS$} │ {:<w$}│{}", "", part.what, self.arrow(part), w = BOX - 1));
        }
        if let Some(lowest) = space.parts.last() {
            lines.push(format!("{:ADDRESS$x} └{}┘", lowest.start.0, "─".repeat(BOX)));
        }
        lines
    }

    fn arrow(&self, part: &Part) -> String {
        match part.shmid {
            Some(id) if id == self.shmid => format!("→ {id}"),
            Some(id) => format!("→ {id}, another"),
            None => String::new(),
        }
    }
}

fn titled(title: &str, mut lines: Vec<String>) -> Vec<String> {
    lines.insert(0, format!("{:ADDRESS$} {title}", ""));
    lines
}

/// Two columns of lines side by side.
fn beside(left: &[String], right: &[String]) -> Vec<String> {
    let width = left.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let nothing = String::new();
    let at = |lines: &[String], row: usize| lines.get(row).unwrap_or(&nothing).clone();
    (0..left.len().max(right.len()))
        .map(|row| format!("{:<width$}  {}", at(left, row), at(right, row)))
        .collect()
}
