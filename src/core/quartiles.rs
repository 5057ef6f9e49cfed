//! Results and how far to trust them: a median, the middle half, and what may be said of two of them.

use std::fmt;
use std::iter;

use serde::{Deserialize, Serialize};

/// Where the middle of several figures lies, and how far they spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quartiles {
    /// A quarter of the figures is below this.
    pub low: f64,
    /// Half of them are below this.
    pub median: f64,
    /// A quarter of them is above this.
    pub high: f64,
    /// How many there are.
    pub rounds: usize,
}

/// Of fewer figures the middle half says nothing: of one or two it is all of them, of three or four all but one.
pub const FEWEST: usize = 5;

impl Quartiles {
    /// The spread of some figures; nothing, if there are none.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Quartiles> {
        let mut sorted: Vec<_> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().checked_sub(1)?;
        // Rounded outwards: of 7 figures the second, the fourth and the sixth.
        let [low, median, high] = [last / 4, last / 2, last - last / 4].map(|position| sorted[position]);
        Some(Quartiles { low, median, high, rounds: sorted.len() })
    }

    /// How far the middle half spreads around the median, in percent.
    pub fn percent(self) -> f64 {
        50.0 * (self.high - self.low) / self.median
    }
}

/// The median, then the middle half, with as many digits as the format asks for, or two.
impl fmt::Display for Quartiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Quartiles { low, median, high, .. } = self;
        let digits = f.precision().unwrap_or(2);
        write!(f, "{median:.digits$} ({low:.digits$} to {high:.digits$})")
    }
}

/// How many times as fast one thing is as another, from the pairs of each round.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio(pub Quartiles);

/// What a ratio comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// More than so many times as fast, in most rounds.
    Faster,
    /// Neither is 1.25 times as fast as the other, in most rounds.
    Same,
    /// The other one is faster, in most rounds.
    Slower,
    /// The rounds do not agree, or are too few to say so.
    Unclear,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Finding::Faster => "faster",
            Finding::Same => "about as fast",
            Finding::Slower => "slower",
            Finding::Unclear => "unclear: the rounds do not agree",
        })
    }
}

/// Two times are about the same if neither is longer than so many times the other.
const SAME: f64 = 1.25;

/// A ratio whose middle half spreads further than this is none.
const WIDEST: f64 = 2.0;

impl Ratio {
    /// How many times as long the first takes as the second: what the pairs of each round say.
    pub fn of<'a>(
        first: impl IntoIterator<Item = &'a f64>,
        second: impl IntoIterator<Item = &'a f64>,
    ) -> Option<Ratio> {
        Quartiles::of(first.into_iter().zip(second).map(|(first, second)| first / second)).map(Ratio)
    }

    /// What the rounds agree on.
    pub fn finding(self) -> Finding {
        let Ratio(Quartiles { low, median, high, rounds }) = self;
        if rounds < FEWEST {
            Finding::Unclear
        } else if low >= 1.0 / SAME && high <= SAME {
            Finding::Same
        } else if low > 1.0 && median > SAME {
            Finding::Faster
        } else if high < 1.0 && median < 1.0 / SAME {
            Finding::Slower
        } else {
            Finding::Unclear
        }
    }

    /// Whether the rounds agree well enough for a number.
    pub fn is_told(self) -> bool {
        self.0.high <= WIDEST * self.0.low && self.finding() != Finding::Unclear
    }
}

/// How much faster, roughly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Not even a hundredth as fast.
    FarSlower,
    /// Not as fast.
    Slower,
    /// Faster, but not 10 times.
    Faster,
    /// 10 times, but not 50 times as fast.
    MuchFaster,
    /// At least 50 times as fast.
    FarFaster,
}

impl Scale {
    fn of(figure: f64) -> Scale {
        match figure {
            f if f < 0.01 => Scale::FarSlower,
            f if f < 1.0 => Scale::Slower,
            f if f < 10.0 => Scale::Faster,
            f if f < 50.0 => Scale::MuchFaster,
            _ => Scale::FarFaster,
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scale::FarSlower => "more than 100 times slower",
            Scale::Slower => "slower, but less than 100 times",
            Scale::Faster => "less than 10 times as fast",
            Scale::MuchFaster => "10 to 50 times as fast",
            Scale::FarFaster => "more than 50 times as fast",
        })
    }
}

impl Ratio {
    /// How much faster, roughly, if the rounds agree on that.
    pub fn scale(self) -> Option<Scale> {
        let scale = Scale::of(self.0.low);
        (self.0.rounds >= FEWEST && scale == Scale::of(self.0.high)).then_some(scale)
    }
}

/// With as many digits as the spread supports; a range where the rounds differ by more than a fifth.
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ratio(Quartiles { low, median, high, .. }) = *self;
        if !self.is_told() {
            f.write_str("unclear")
        } else if high < 0.01 {
            f.write_str("<0.01")
        } else if high <= 1.2 * low {
            f.write_str(&digits(median))
        } else {
            write!(f, "{}-{}", digits(low), digits(high))
        }
    }
}

/// Two digits that count.
pub fn digits(figure: f64) -> String {
    // Rounded first: 0.999 is 1.0, not 1.00.
    let figure: f64 = if figure < 10.0 { format!("{figure:.1e}").parse().unwrap_or(figure) } else { figure };
    let edges = iter::successors(Some(10.0), |edge| Some(edge / 10.0));
    let places = if figure > 0.0 { edges.take_while(|edge| figure < *edge).count() } else { 0 };
    format!("{figure:.places$}")
}

/// A time in the unit that fits it.
pub fn time(nanoseconds: f64) -> String {
    let (figure, unit) = match nanoseconds {
        n if n < 1e3 => (n, "ns"),
        n if n < 1e6 => (n / 1e3, "us"),
        n => (n / 1e6, "ms"),
    };
    let places = if figure < 10.0 { 1 } else { 0 };
    format!("{figure:.places$} {unit}")
}

/// A size in the unit that fits it.
pub fn size(bytes: usize) -> String {
    match bytes {
        b if b >= 1 << 20 => format!("{} MiB", b >> 20),
        b if b >= 1 << 10 => format!("{} KiB", b >> 10),
        b => format!("{b} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio<const N: usize>(figures: [f64; N]) -> Ratio {
        Ratio(Quartiles::of(figures).expect("there are some"))
    }

    #[test]
    fn the_middle_half_of_seven_leaves_one_out_at_each_end() {
        let spread = Quartiles::of([7.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).expect("seven");
        assert_eq!(spread, Quartiles { low: 2.0, median: 4.0, high: 6.0, rounds: 7 });
        assert_eq!(Quartiles::of([]), None);
        assert_eq!([format!("{spread}"), format!("{spread:.0}")], ["4.00 (2.00 to 6.00)", "4 (2 to 6)"]);
    }

    #[test]
    fn few_rounds_agree_on_nothing() {
        for few in [ratio([57.0]), ratio([57.0; 2]), ratio([57.0; 3]), ratio([57.0; 4])] {
            assert_eq!((few.is_told(), few.finding(), few.scale()), (false, Finding::Unclear, None));
            assert_eq!(few.to_string(), "unclear");
        }
        let enough = ratio([57.0; FEWEST]);
        assert_eq!((enough.is_told(), enough.finding()), (true, Finding::Faster));
        assert_eq!(enough.scale(), Some(Scale::FarFaster));
    }

    #[test]
    fn a_ratio_pairs_the_times_of_each_round() {
        let told = Ratio::of(&[2.0, 4.0, 6.0, 8.0, 10.0], &[1.0, 2.0, 3.0, 4.0, 5.0]).expect("five");
        assert_eq!(told.to_string(), "2.0");
        assert_eq!(Ratio::of(&[], &[1.0]), None);
    }

    #[test]
    fn a_ratio_is_told_only_if_the_rounds_agree() {
        assert_eq!(ratio([100.0; 7]).to_string(), "100");
        assert_eq!(ratio([90.0, 80.0, 100.0, 95.0, 110.0, 120.0, 130.0]).to_string(), "90-120");
        assert_eq!(ratio([0.7, 0.8, 0.9, 1.0, 1.2, 1.3, 1.4]).to_string(), "unclear");
        assert_eq!(ratio([1.0, 2.0, 3.0, 5.0, 9.0, 9.0, 9.0]).to_string(), "unclear");
        assert_eq!(ratio([0.19, 0.2, 0.2, 0.2, 0.21, 0.21, 0.3]).to_string(), "0.20");
    }

    #[test]
    fn about_the_same_is_a_finding_and_disagreement_is_another() {
        assert_eq!(ratio([0.95, 0.95, 1.0, 1.0, 1.0, 1.05, 1.1]).finding(), Finding::Same);
        assert_eq!(ratio([0.5, 0.6, 0.8, 1.0, 1.2, 1.6, 1.9]).finding(), Finding::Unclear);
        assert_eq!(ratio([2.0; 7]).finding(), Finding::Faster);
        assert_eq!(ratio([0.5; 7]).finding(), Finding::Slower);
    }

    #[test]
    fn two_digits_count() {
        assert_eq!([0.0209, 0.0998, 0.997, 9.96, 311.4].map(digits), ["0.021", "0.10", "1.0", "10", "311"]);
    }

    #[test]
    fn a_scale_is_told_only_if_the_rounds_agree_on_it() {
        assert_eq!(ratio([70.0, 80.0, 300.0, 400.0, 300.0, 90.0, 100.0]).scale(), Some(Scale::FarFaster));
        assert_eq!(ratio([40.0, 45.0, 45.0, 49.0, 55.0, 60.0, 60.0]).scale(), None);
        assert_eq!(ratio([0.001; 7]).scale(), Some(Scale::FarSlower));
    }

    #[test]
    fn times_and_sizes_are_told_in_the_unit_that_fits() {
        assert_eq!([time(104.0), time(1234.0), time(8_400_000.0)], ["104 ns", "1.2 us", "8.4 ms"]);
        assert_eq!([size(64), size(65536), size(1 << 20)], ["64 B", "64 KiB", "1 MiB"]);
    }
}
