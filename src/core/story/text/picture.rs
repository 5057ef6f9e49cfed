//! The picture of an address space: its parts as boxes, the highest address on top, and what each of them is.

use crate::call::Address;
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

/// Each part between its first address and the one after its last; what lies between two parts is a gap.
fn column(space: &Space) -> Vec<String> {
    let mut lines = Vec::new();
    let mut parts = space.parts.iter().peekable();
    let mut corners = ('┌', '┐');
    while let Some(part) = parts.next() {
        lines.push(border(part.end, corners));
        lines.push(format!("{:ADDRESS$} │ {:<w$}│", "", named(part), w = BOX - 1));
        corners = ('├', '┤');
        match parts.peek() {
            None => lines.push(border(part.start, ('└', '┘'))),
            Some(below) if below.end == part.start => {}
            Some(_) => {
                lines.push(border(part.start, corners));
                lines.push(format!("{:ADDRESS$} ┆{:BOX$}┆", "", ""));
            }
        }
    }
    lines
}

fn border(address: Address, (left, right): (char, char)) -> String {
    format!("{:ADDRESS$x} {left}{}{right}", address.0, "─".repeat(BOX))
}

fn named(part: &Part) -> String {
    part.shmid.map_or(part.what.to_string(), |id| format!("{} {id}", part.what))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Shmid;

    fn part(what: &'static str, start: usize, end: usize) -> Part {
        let shmid = (what == "segment").then_some(Shmid(7));
        Part { what: what.into(), start: start.into(), end: end.into(), shmid }
    }

    #[test]
    fn each_part_is_drawn_from_its_start_to_its_end() {
        let parts = vec![
            part("libraries", 0x7f00_0000_9000, 0x7f00_0001_0000),
            part("segment", 0x7f00_0000_2000, 0x7f00_0000_9000),
            part("heap", 0x5000, 0x6000),
        ];
        let drawn = lines(None, &Space { parts }, 80).join("\n");
        let expected = "\
7f0000010000 ┌────────────────────┐
             │ libraries          │
7f0000009000 ├────────────────────┤
             │ segment 7          │
7f0000002000 ├────────────────────┤
             ┆                    ┆
        6000 ├────────────────────┤
             │ heap               │
        5000 └────────────────────┘";
        assert_eq!(drawn, expected);
    }
}
