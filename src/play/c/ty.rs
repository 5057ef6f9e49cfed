//! Types of values and of places.

use std::fmt;

use super::structs::{self, Struct};
use crate::language::{Base, Type};

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub enum Ty {
    /// No value at all, and what a `void *` points to.
    Void,
    /// An integer: its size in bytes, and whether it can be negative.
    Integer {
        /// In bytes.
        size: u8,
        /// Whether it can be negative.
        signed: bool,
    },
    /// A pointer, and what it points to.
    Pointer(Box<Ty>),
    /// So many of the same, one behind the other.
    Array(Box<Ty>, u64),
    /// A structure.
    Struct(&'static Struct),
}

impl Ty {
    /// `char`.
    pub const CHAR: Ty = Ty::Integer { size: 1, signed: true };
    /// `short`.
    pub const SHORT: Ty = Ty::Integer { size: 2, signed: true };
    /// `int`.
    pub const INT: Ty = Ty::Integer { size: 4, signed: true };
    /// `long`.
    pub const LONG: Ty = Ty::Integer { size: 8, signed: true };
    /// `size_t`.
    pub const SIZE: Ty = Ty::Integer { size: 8, signed: false };

    /// A pointer to this.
    pub fn pointer(self) -> Ty {
        Ty::Pointer(self.into())
    }

    /// How many bytes it takes. `void` counts as one, as gcc has it.
    pub fn size(&self) -> u64 {
        match self {
            Ty::Void => 1,
            Ty::Integer { size, .. } => (*size).into(),
            Ty::Pointer(_) => 8,
            Ty::Array(of, length) => of.size().saturating_mul(*length),
            Ty::Struct(of) => of.size,
        }
    }

    /// What an index or a star leads to, for a pointer or an array.
    pub fn pointee(&self) -> Option<&Ty> {
        match self {
            Ty::Pointer(of) | Ty::Array(of, _) => Some(of),
            _ => None,
        }
    }

    /// The type of an expression that names a place of this type: an array becomes a pointer to its first element.
    pub fn decayed(&self) -> Ty {
        match self {
            Ty::Array(of, _) => (**of).clone().pointer(),
            other => other.clone(),
        }
    }

    /// Whether it is an integer.
    pub fn is_integer(&self) -> bool {
        matches!(self, Ty::Integer { .. })
    }

    /// Whether it is a pointer, or becomes one.
    pub fn is_pointer(&self) -> bool {
        self.pointee().is_some()
    }
}

impl From<Type> for Ty {
    fn from(written: Type) -> Ty {
        let base = match written.base {
            Base::Void => Ty::Void,
            Base::Integer { size, signed } => Ty::Integer { size, signed },
            Base::ShmidDs => Ty::Struct(&structs::SHMID_DS),
            Base::ShmInfoLimits => Ty::Struct(&structs::SHMINFO),
            Base::ShmInfoUsage => Ty::Struct(&structs::SHM_INFO),
            Base::SemidDs => Ty::Struct(&structs::SEMID_DS),
            Base::SemInfo => Ty::Struct(&structs::SEMINFO),
            Base::Sembuf => Ty::Struct(&structs::SEMBUF),
            Base::Timespec => Ty::Struct(&structs::TIMESPEC),
        };
        (0..written.stars).fold(base, |ty, _| ty.pointer())
    }
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ty::Void => f.write_str("void"),
            Ty::Integer { size, signed } => {
                let name = match size {
                    1 => "char",
                    2 => "short",
                    4 => "int",
                    _ => "long",
                };
                write!(f, "{}{name}", if *signed { "" } else { "unsigned " })
            }
            Ty::Pointer(of) if of.is_pointer() => write!(f, "{of}*"),
            Ty::Pointer(of) => write!(f, "{of} *"),
            Ty::Array(of, length) => write!(f, "{of}[{length}]"),
            Ty::Struct(of) => write!(f, "struct {}", of.name),
        }
    }
}
