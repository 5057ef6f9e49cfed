//! A word of memory as the number that its program sees in it.
//!
//! **Invariant:** the bits are what was there; the form only says how to read them.

use serde::{Serialize, Serializer};

/// How a number stands in the bytes of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A whole number of one byte.
    Byte,
    /// Of two.
    Short,
    /// Of four: of a number of eight, it is the lower half.
    Int,
    /// Of eight.
    Long,
    /// `float`.
    Float,
    /// `double`.
    Double,
}

impl Form {
    /// A whole number of so many bytes, if the processor has one.
    pub fn whole(size: usize) -> Option<Form> {
        [Form::Byte, Form::Short, Form::Int, Form::Long].into_iter().find(|form| form.size() == size)
    }

    /// How many bytes it has.
    pub fn size(self) -> usize {
        match self {
            Form::Byte => 1,
            Form::Short => 2,
            Form::Int | Form::Float => 4,
            Form::Long | Form::Double => 8,
        }
    }

    /// What stands in these bytes, of which there are as many as it has.
    pub fn word(self, bytes: &[u8]) -> Word {
        let bits = bytes.iter().rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte));
        Word { bits, form: self }
    }
}

/// What stands in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its bytes, the lowest first.
    pub bits: u64,
    /// What they mean.
    pub form: Form,
}

impl Word {
    /// The number as a count: the largest, if it is none.
    pub fn count(self) -> u64 {
        match self.float() {
            None => self.bits,
            Some(float) if float.fract() == 0.0 && float >= 0.0 => float as u64,
            Some(_) => u64::MAX,
        }
    }

    /// How far it is from another of its form: 0 only if it is the same.
    pub fn distance(self, other: Word) -> u64 {
        match (self.float(), other.float()) {
            (Some(one), Some(another)) => match (one - another).abs() as u64 {
                0 => u64::from(self.bits != other.bits),
                far => far,
            },
            _ => {
                let unused = u64::BITS - 8 * self.form.size() as u32;
                let by = self.bits.wrapping_sub(other.bits) << unused;
                by.min(by.wrapping_neg()) >> unused
            }
        }
    }

    fn float(self) -> Option<f64> {
        match self.form {
            Form::Double => Some(f64::from_bits(self.bits)),
            Form::Float => Some(f32::from_bits(self.bits as u32).into()),
            Form::Byte | Form::Short | Form::Int | Form::Long => None,
        }
    }
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.float() {
            // As a C or Rust program would have to write it: 7 is 7.0.
            Some(float) => write!(f, "{float:?}"),
            None => write!(f, "{}", self.bits),
        }
    }
}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.float() {
            Some(float) => serializer.serialize_f64(float),
            None => serializer.serialize_u64(self.bits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(number: f64) -> Word {
        Form::Double.word(&number.to_le_bytes())
    }

    #[test]
    fn a_word_reads_as_the_number_that_its_program_sees() {
        assert_eq!(double(19_999.0).to_string(), "19999.0");
        assert_eq!(Form::Float.word(&0.5f32.to_le_bytes()).to_string(), "0.5");
        assert_eq!(Form::Int.word(&[0x20, 0x4e, 0, 0]).to_string(), "20000");
    }

    #[test]
    fn a_number_that_is_whole_is_a_count() {
        assert_eq!(double(20_000.0).count(), 20_000);
        assert_eq!(Form::Float.word(&20_000f32.to_le_bytes()).count(), 20_000);
        for no_count in [0.5, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(double(no_count).count(), u64::MAX, "{no_count}");
        }
    }

    #[test]
    fn what_is_not_the_same_is_some_way_off() {
        assert_eq!(double(7.0).distance(double(8.0)), 1);
        assert_eq!(double(7.0).distance(double(7.5)), 1);
        assert_eq!(double(7.0).distance(double(7.0)), 0);
        let short = |number: u16| Form::Short.word(&number.to_le_bytes());
        assert_eq!(short(0xffff).distance(short(1)), 2);
        assert_eq!(short(1).distance(short(0xffff)), 2);
        assert_eq!(Form::Long.word(&[0xff; 8]).distance(Form::Long.word(&[0; 8])), 1);
    }
}
