//! A scene as a drawing that stands in the page: for paper, and for readers without scripts.
//!
//! The player's script draws the same scene so that it moves; here it is drawn once, with the same classes, and so with
//! the same colours.
//!
//! **Invariant:** only what the scene holds is drawn, and the caption says all of it in words.

use std::fmt::Write;

use crate::markup::escape;
use crate::scene::{FEW, Mapping, Process, Scene, Segment, SetShown};

/// The whole drawing, in units that are pixels where it is not scaled.
const WIDTH: usize = 640;
/// How wide a process is, where segments begin, and how wide they are.
const PROCESS: usize = 300;
const RIGHT: usize = 384;
const SEGMENT: usize = WIDTH - RIGHT - 4;
/// The heights of a title, of a mapping and of a line, and what is between two boxes.
const TITLE: usize = 28;
const ROW: usize = 22;
const LINE: usize = 17;
const GAP: usize = 14;
/// Cells of pages: how large, how many in a row, and how many at most.
const CELL: usize = 18;
const ACROSS: usize = (SEGMENT - 12) / CELL;
const MOST: u64 = 32;
/// How wide a letter is.
const LETTER: f64 = 7.3;

/// A scene as a figure: its drawing, where there is something to draw, and its caption.
pub fn figure(scene: &Scene) -> String {
    let is_empty = scene.segments.is_empty() && scene.sets.is_empty();
    let drawing = if is_empty { String::new() } else { Drawing::of(scene) };
    let caption = escape(&scene.caption());
    format!(
        "<figure class=\"shm-caption shm-picture\">{drawing}<figcaption><strong>Picture</strong> {caption}</figcaption></figure>"
    )
}

/// What is drawn so far.
#[derive(Default)]
struct Drawing {
    shapes: String,
    /// Where a line to a segment begins: which segment, and the height.
    ends: Vec<((i32, u64), usize)>,
}

impl Drawing {
    fn of(scene: &Scene) -> String {
        let mut drawing = Drawing::default();
        let left = scene.processes.iter().fold(2, |top, process| drawing.process(process, top));
        let right = drawing.segments(&scene.segments);
        let right = scene.sets.iter().fold(right, |top, set| drawing.set(set, top));
        let height = left.max(right);
        format!("<svg viewBox=\"0 0 {WIDTH} {height}\" aria-hidden=\"true\">{}</svg>", drawing.shapes)
    }

    fn draw(&mut self, shape: std::fmt::Arguments<'_>) {
        self.shapes.write_fmt(shape).expect("a String takes all");
    }

    fn text(&mut self, class: &str, (x, y): (usize, usize), text: &str, width: usize) {
        let text = escape(&fitted(text, width));
        self.draw(format_args!("<text{class} x=\"{x}\" y=\"{y}\">{text}</text>"));
    }

    /// A box with its name and lines of text; returns where the next may begin.
    fn boxed(
        &mut self,
        class: &str,
        (x, top, width): (usize, usize, usize),
        name: &str,
        lines: &[String],
        room: usize,
    ) -> usize {
        let height = TITLE + room + lines.len() * LINE + 5;
        self.draw(format_args!(
            "<g class=\"{class}\"><rect x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>"
        ));
        self.text(" class=\"shm-name\"", (x + 8, top + 19), name, width - 12);
        for (place, line) in lines.iter().enumerate() {
            self.text("", (x + 8, top + TITLE + room + place * LINE + 12), line, width - 14);
        }
        self.draw(format_args!("</g>"));
        top + height + GAP
    }

    fn process(&mut self, process: &Process, top: usize) -> usize {
        let ended = process.ended.iter().map(|how| format!("ended: {how}"));
        let waits = process.waits.iter().map(|call| format!("waits: {call}"));
        let lines: Vec<String> = ended.chain(waits).collect();
        let class = match (&process.ended, &process.waits) {
            (Some(_), _) => "shm-process shm-over",
            (None, Some(_)) => "shm-process shm-waits",
            (None, None) => "shm-process",
        };
        let maps = if process.ended.is_some() { &[] } else { &process.maps[..] };
        let name = format!("{} {}", process.name, process.pid);
        let next = self.boxed(class, (2, top, PROCESS), &name, &lines, maps.len() * ROW);
        for (place, map) in maps.iter().enumerate() {
            self.map(map, top + TITLE + place * ROW);
        }
        next
    }

    fn map(&mut self, map: &Mapping, top: usize) {
        let rights = if map.writable { "" } else { "r--s " };
        self.draw(format_args!(
            "<g class=\"shm-map\"><rect x=\"8\" y=\"{top}\" width=\"{}\" height=\"{}\" rx=\"3\"/>",
            PROCESS - 12,
            ROW - 4
        ));
        self.text("", (14, top + 13), &format!("{rights}{}", map.shown), PROCESS - 24);
        self.draw(format_args!("</g>"));
        self.ends.push(((map.segment, map.world), top + ROW / 2 - 2));
    }

    /// Segments that somebody has attached come first; of many others only their number is told.
    fn segments(&mut self, segments: &[Segment]) -> usize {
        let is_used = |one: &&Segment| self.ends.iter().any(|(place, _)| *place == (one.id, one.world));
        let (used, unused): (Vec<&Segment>, Vec<&Segment>) = segments.iter().partition(is_used);
        let (one_by_one, folded) =
            if unused.len() > FEW { (&[][..], unused.len()) } else { (&unused[..], 0) };
        let top = used.iter().chain(one_by_one).fold(2, |top, segment| self.segment(segment, top));
        if folded == 0 {
            return top;
        }
        self.boxed(
            "shm-segment",
            (RIGHT, top, SEGMENT),
            &format!("{folded} segments more"),
            &["attached nowhere".to_owned()],
            0,
        )
    }

    fn segment(&mut self, segment: &Segment, top: usize) -> usize {
        let cells = if segment.untold { 0 } else { segment.pages.min(MOST) };
        let room = (cells as usize).div_ceil(ACROSS) * CELL;
        let (marked, dest) = if segment.marked { (" shm-marked", " dest") } else { ("", "") };
        let name = format!("segment {}{dest}", segment.id);
        let next =
            self.boxed(&format!("shm-segment{marked}"), (RIGHT, top, SEGMENT), &name, &told(segment), room);
        for cell in 0..cells {
            self.cell(segment, cell, top + TITLE - 4);
        }
        let middle = (top + next - GAP) / 2;
        let place = (segment.id, segment.world);
        let from: Vec<usize> = self.ends.iter().filter(|end| end.0 == place).map(|end| end.1).collect();
        for height in from {
            let (x, bend) = (PROCESS - 4, PROCESS + (RIGHT - PROCESS) / 2);
            self.draw(format_args!(
                "<path d=\"M{x} {height}C{bend} {height} {bend} {middle} {RIGHT} {middle}\"/>"
            ));
        }
        next
    }

    /// A page; where there are many, several of them.
    fn cell(&mut self, segment: &Segment, cell: u64, top: usize) {
        let of = |page: u64| if segment.pages <= MOST { page } else { page * MOST / segment.pages };
        let class =
            if segment.filled.iter().any(|&page| of(page) == cell) { "shm-full" } else { "shm-empty" };
        let (x, y) = (RIGHT + 8 + cell as usize % ACROSS * CELL, top + cell as usize / ACROSS * CELL);
        let size = CELL - 4;
        self.draw(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{size}\" height=\"{size}\"/>"
        ));
    }

    fn set(&mut self, set: &SetShown, top: usize) -> usize {
        let values: Vec<String> = set.values.iter().map(i32::to_string).collect();
        let mut lines = vec![format!("values {}", values.join(" "))];
        if !set.waiting.is_empty() {
            lines.push(format!("waiting: {}", set.waiting.join(", ")));
        }
        self.boxed(
            "shm-segment shm-set",
            (RIGHT, top, SEGMENT),
            &format!("semaphore set {}", set.id),
            &lines,
            0,
        )
    }
}

/// What is known of a segment beside its pages.
fn told(segment: &Segment) -> Vec<String> {
    let of = if segment.untold { String::new() } else { format!("{} of ", segment.filled.len()) };
    let mut lines = vec![
        format!("{of}{} pages, mode {}", segment.pages, segment.mode),
        format!("nattch {}", segment.nattch),
    ];
    lines.extend(segment.key.iter().map(|key| format!("key {key}")));
    lines.extend(segment.times.iter().cloned());
    lines.extend(begins(&segment.bytes));
    lines
}

/// What a segment begins with: text, or the first bytes.
fn begins(bytes: &[u8]) -> Option<String> {
    let text: String = bytes.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
    let is_text = text.len() > 1 && text.chars().all(|letter| letter == ' ' || letter.is_ascii_graphic());
    let hex = || bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    (!bytes.is_empty()).then(|| if is_text { format!("\"{text}\"") } else { hex() })
}

/// A text no longer than its place, as far as letters of one width tell.
fn fitted(text: &str, width: usize) -> String {
    let most = (width as f64 / LETTER) as usize;
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
