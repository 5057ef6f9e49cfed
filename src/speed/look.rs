//! How each mechanism looks in a diagram: its colour, the mark of its points, its line.
//!
//! **Invariant:** a mechanism looks the same in every diagram, and no two look alike, in colour or without.

use super::ways::Mechanism;

/// How a mechanism is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Red, green, blue: neither too pale for a white ground, nor too dark for the black one of a page in the book.
    pub colour: [u8; 3],
    /// The corners of what marks its points.
    pub marker: &'static [(i32, i32)],
    /// Whether that is filled, or an outline.
    pub filled: bool,
    /// How thick its line is.
    pub thick: u32,
}

impl Look {
    /// Its mark, with the middle at the origin.
    pub fn mark(&self) -> String {
        let corners: Vec<String> = self.marker.iter().map(|(x, y)| format!("{x},{y}")).collect();
        let ground = if self.filled { self.ink() } else { "#FFFFFF".to_owned() };
        format!(
            "<polygon points=\"{}\" fill=\"{ground}\" stroke=\"{}\" stroke-width=\"2\"/>",
            corners.join(" "),
            self.ink()
        )
    }

    /// A piece of its line, through these points.
    pub fn line(&self, points: &[(f64, f64)]) -> String {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"/>",
            points.join(" "),
            self.ink(),
            self.thick
        )
    }

    fn ink(&self) -> String {
        let [red, green, blue] = self.colour;
        format!("#{red:02X}{green:02X}{blue:02X}")
    }
}

const CIRCLE: &[(i32, i32)] = &[
    (6, 0),
    (5, 3),
    (3, 5),
    (0, 6),
    (-3, 5),
    (-5, 3),
    (-6, 0),
    (-5, -3),
    (-3, -5),
    (0, -6),
    (3, -5),
    (5, -3),
];
const SQUARE: &[(i32, i32)] = &[(-5, -5), (5, -5), (5, 5), (-5, 5)];
const DIAMOND: &[(i32, i32)] = &[(0, -7), (7, 0), (0, 7), (-7, 0)];
const UP: &[(i32, i32)] = &[(0, -7), (7, 5), (-7, 5)];
const DOWN: &[(i32, i32)] = &[(0, 7), (7, -5), (-7, -5)];
const PLUS: &[(i32, i32)] = &[
    (-2, -7),
    (2, -7),
    (2, -2),
    (7, -2),
    (7, 2),
    (2, 2),
    (2, 7),
    (-2, 7),
    (-2, 2),
    (-7, 2),
    (-7, -2),
    (-2, -2),
];
const CROSS: &[(i32, i32)] = &[
    (0, -3),
    (4, -7),
    (7, -4),
    (3, 0),
    (7, 4),
    (4, 7),
    (0, 3),
    (-4, 7),
    (-7, 4),
    (-3, 0),
    (-7, -4),
    (-4, -7),
];

/// How a mechanism is drawn, in whatever diagram.
pub fn look(way: Mechanism) -> Look {
    let (colour, marker, filled) = match way {
        Mechanism::Spin => (0x0072B2, CIRCLE, true),
        Mechanism::InPlace => (0x0E8A8A, CIRCLE, false),
        Mechanism::Yield => (0x1E88A8, CROSS, false),
        Mechanism::Futex => (0xD55E00, SQUARE, true),
        Mechanism::Semop => (0xB07D00, SQUARE, false),
        Mechanism::Fresh => (0xC0392B, DIAMOND, true),
        Mechanism::File => (0x8A63D2, DIAMOND, false),
        Mechanism::Pipe => (0x000000, UP, true),
        Mechanism::Unix => (0x5B8C00, UP, false),
        Mechanism::Tcp => (0x009E73, DOWN, true),
        Mechanism::Posix => (0xCF4A8C, PLUS, true),
        Mechanism::SystemV => (0xA0522D, CROSS, true),
        Mechanism::Line => (0x7A7A7A, DOWN, false),
    };
    let [_, red, green, blue] = u32::to_be_bytes(colour);
    // A pipe is what the others are compared with.
    let thick = if way == Mechanism::Pipe { 4 } else { 2 };
    Look { colour: [red, green, blue], marker, filled, thick }
}
