//! The picture of an address space: its parts as boxes, the highest address on top, and what each of them is.

use crate::story::event::{Part, Space};

/// How wide a box is inside: enough for the longest id.
const BOX: usize = 20;
/// How wide an address is, in hexadecimal digits.
const ADDRESS: usize = 12;

/// The lines of the picture: before beside now, where both fit and differ.
pub(super) fn lines(before: Option<&Space>, now: &Space, width: usize) -> Vec<String> {
    match before.filter(|before| *before != now) {
        Some(before) if width >= 2 * (ADDRESS + BOX + 3) + 2 => {
            beside(&titled("before", column(before)), &titled("now", column(now)))
        }
        _ => column(now),
    }
}

fn column(space: &Space) -> Vec<String> {
    let mut lines = Vec::new();
    for (position, part) in space.parts.iter().enumerate() {
        let (left, right) = if position == 0 { ('┌', '┐') } else { ('├', '┤') };
        lines.push(format!("{:ADDRESS$x} {left}{}{right}", part.end.0, "─".repeat(BOX)));
        lines.push(format!("{:ADDRESS$} │ {:<w$}│", "", named(part), w = BOX - 1));
    }
    if let Some(lowest) = space.parts.last() {
        lines.push(format!("{:ADDRESS$x} └{}┘", lowest.start.0, "─".repeat(BOX)));
    }
    lines
}

fn named(part: &Part) -> String {
    part.shmid.map_or(part.what.to_owned(), |id| format!("{} {id}", part.what))
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
