//! The types that can be named.

use std::fmt;

/// What a type is made of, before its stars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// `void`.
    Void,
    /// An integer: its size in bytes, and whether it has a sign.
    Integer {
        /// In bytes.
        size: u8,
        /// Whether it can be negative.
        signed: bool,
    },
    /// `struct shmid_ds`.
    ShmidDs,
    /// `struct shminfo`.
    ShmInfoLimits,
    /// `struct shm_info`.
    ShmInfoUsage,
    /// `struct semid_ds`.
    SemidDs,
    /// `struct seminfo`.
    SemInfo,
    /// `struct sembuf`.
    Sembuf,
    /// `struct timespec`.
    Timespec,
}

/// A type as it can be declared: a base, and how many pointers stand before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type {
    /// The name by which it was declared, as it is printed again.
    pub name: &'static str,
    /// What the name means.
    pub base: Base,
    /// How many stars follow the name.
    pub stars: usize,
    /// Whether `const` stands beside the name.
    pub is_const: bool,
    /// Whether `const` stands behind the last star.
    pub is_fixed: bool,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.base_name())?;
        if self.stars > 0 {
            write!(f, " {}", self.pointers().trim_end())?;
        }
        Ok(())
    }
}

impl Type {
    /// The name with its `const`, which all variables of a declaration share.
    pub(super) fn base_name(&self) -> String {
        format!("{}{}", if self.is_const { "const " } else { "" }, self.name)
    }

    /// The stars, with a `const` behind the last.
    pub(super) fn pointers(&self) -> String {
        let fixed = if self.is_fixed { "const " } else { "" };
        format!("{}{fixed}", "*".repeat(self.stars))
    }
}

const fn signed(size: u8) -> Base {
    Base::Integer { size, signed: true }
}

const fn unsigned(size: u8) -> Base {
    Base::Integer { size, signed: false }
}

/// The names of types, as Linux on 64-bit machines defines them.
pub(super) const NAMES: [(&str, Base); 38] = [
    ("void", Base::Void),
    ("char", signed(1)),
    ("signed char", signed(1)),
    ("unsigned char", unsigned(1)),
    ("short", signed(2)),
    ("unsigned short", unsigned(2)),
    ("int", signed(4)),
    ("signed", signed(4)),
    ("signed int", signed(4)),
    ("unsigned", unsigned(4)),
    ("unsigned int", unsigned(4)),
    ("long", signed(8)),
    ("long int", signed(8)),
    ("long long", signed(8)),
    ("unsigned long", unsigned(8)),
    ("unsigned long int", unsigned(8)),
    ("unsigned long long", unsigned(8)),
    ("int8_t", signed(1)),
    ("uint8_t", unsigned(1)),
    ("int16_t", signed(2)),
    ("uint16_t", unsigned(2)),
    ("int32_t", signed(4)),
    ("uint32_t", unsigned(4)),
    ("int64_t", signed(8)),
    ("uint64_t", unsigned(8)),
    ("uintptr_t", unsigned(8)),
    ("size_t", unsigned(8)),
    ("ssize_t", signed(8)),
    ("key_t", signed(4)),
    ("pid_t", signed(4)),
    ("uid_t", unsigned(4)),
    ("struct shmid_ds", Base::ShmidDs),
    ("struct shminfo", Base::ShmInfoLimits),
    ("struct shm_info", Base::ShmInfoUsage),
    ("struct semid_ds", Base::SemidDs),
    ("struct seminfo", Base::SemInfo),
    ("struct sembuf", Base::Sembuf),
    ("struct timespec", Base::Timespec),
];

/// Words that C puts before a type: `const` forbids to write, and the others change nothing here.
pub(super) const QUALIFIERS: [&str; 4] = ["const", "volatile", "static", "register"];

/// Whether a name begins a type.
pub(super) fn begins_type(name: &str) -> bool {
    QUALIFIERS.contains(&name)
        || NAMES.iter().any(|(known, _)| known.split(' ').next().is_some_and(|first| first == name))
}

/// The type of this name.
pub(super) fn named(name: &str) -> Option<Type> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(name, base)| Type {
        name,
        base: *base,
        stars: 0,
        is_const: false,
        is_fixed: false,
    })
}
