//! Values: integers and pointers, each with its type.

use super::ty::Ty;

/// An integer or a pointer.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Its type.
    pub ty: Ty,
    /// Its bits, extended to 64 as its type says.
    bits: u64,
}

impl Value {
    /// A value of this type, cut to the type's size.
    pub fn new(ty: Ty, bits: u64) -> Value {
        let bits = match ty {
            Ty::Integer { size, signed } => extended(bits, size, signed),
            _ => bits,
        };
        Value { ty, bits }
    }

    /// An `int`.
    pub fn int(value: i32) -> Value {
        Value::new(Ty::INT, i64::from(value) as u64)
    }

    /// No value, as a function of type `void` returns it.
    pub fn none() -> Value {
        Value::new(Ty::Void, 0)
    }

    /// Its bits, as the address that they are or as an unsigned number.
    pub fn bits(&self) -> u64 {
        self.bits
    }

    /// Its value as a signed number.
    pub fn signed(&self) -> i64 {
        self.bits as i64
    }

    /// Its digits, with a sign where its type has one.
    pub fn in_decimal(&self) -> String {
        match self.ty {
            Ty::Integer { signed: true, .. } => self.signed().to_string(),
            _ => self.bits.to_string(),
        }
    }

    /// As an argument of type `int`: the lowest 32 bits.
    pub fn as_int(&self) -> i32 {
        self.bits as i32
    }

    /// Whether it is a number below 0.
    pub fn is_negative(&self) -> bool {
        matches!(self.ty, Ty::Integer { signed: true, .. }) && self.signed() < 0
    }

    /// Whether an integer type has too few bits for it, with a sign or without.
    pub fn is_cut_by(&self, ty: &Ty) -> bool {
        let Ty::Integer { size, .. } = *ty else { return false };
        let held = [true, false].map(|signed| extended(self.bits, size, signed));
        self.ty.is_integer() && !held.contains(&self.bits)
    }

    /// Whether it is a number above what a `short` holds, which is below 0 in one.
    pub fn changes_sign_in_short(&self, ty: &Ty) -> bool {
        *ty == Ty::SHORT && self.ty.is_integer() && self.cast(Ty::SHORT).signed() != self.signed()
    }

    /// Whether C takes it for true.
    pub fn is_true(&self) -> bool {
        self.bits != 0
    }

    /// The value as another type has it.
    pub fn cast(&self, ty: Ty) -> Value {
        Value::new(ty, self.bits)
    }

    /// Its bytes in memory.
    pub fn bytes(&self) -> Vec<u8> {
        self.bits.to_le_bytes()[..self.ty.size().min(8) as usize].to_vec()
    }

    /// The value that these bytes are in memory.
    pub fn from_bytes(ty: Ty, bytes: &[u8]) -> Value {
        let mut all = [0; 8];
        let length = bytes.len().min(8);
        all[..length].copy_from_slice(&bytes[..length]);
        Value::new(ty, u64::from_le_bytes(all))
    }
}

/// The lowest bytes of a number, with their sign where they have one.
fn extended(bits: u64, size: u8, signed: bool) -> u64 {
    let unused = 64 - 8 * u32::from(size.clamp(1, 8));
    if signed { ((bits << unused) as i64 >> unused) as u64 } else { bits << unused >> unused }
}
