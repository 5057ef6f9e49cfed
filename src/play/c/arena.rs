//! A process's variables: bytes of the prompt's own, at addresses that no process can have.
//!
//! A variable has an address, so that `&buf` is a value like others. The addresses lie in the half of the 64-bit range
//! that belongs to the kernel: what a segment is mapped to can never be one of them.

use playground_core::sorted::SortedMap;

use super::fixed::Fixed;
use super::ty::Ty;

/// Where the variables start.
const START: u64 = 0xffff_8000_0000_0000;
/// The bytes that all variables and strings of a process may take.
const LARGEST: usize = 1 << 20;

/// A variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// What it holds.
    pub ty: Ty,
    /// Where it is.
    pub address: u64,
    /// What may not be written.
    pub fixed: Fixed,
}

/// The variables of one process, and their bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Arena {
    variables: SortedMap<String, Variable>,
    bytes: Vec<u8>,
    /// String constants, which may be read only: where each begins, and how many bytes it has.
    constants: SortedMap<u64, u64>,
}

impl Default for Arena {
    /// The variables of a process that has just begun: `errno`.
    fn default() -> Arena {
        let mut arena =
            Arena { variables: SortedMap::default(), bytes: Vec::new(), constants: SortedMap::default() };
        arena.declare("errno", Ty::INT);
        arena
    }
}

impl Arena {
    /// The variable of this name.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }

    /// Every variable, by name.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.variables.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    /// Makes a variable of zeros; one of the same name is forgotten. Nothing, if there is no room.
    pub fn declare(&mut self, name: &str, ty: Ty) -> Option<Variable> {
        let address = self.reserve(ty.size())?;
        let variable = Variable { ty, address, fixed: Fixed::default() };
        self.variables.insert(name.to_owned(), variable.clone());
        Some(variable)
    }

    /// Forbids to write a variable, or what it points to.
    pub fn fix(&mut self, name: &str, fixed: Fixed) {
        if let Some(variable) = self.variables.get_mut(name) {
            variable.fixed = fixed;
        }
    }

    /// Makes bytes that are there a string constant.
    pub fn seal(&mut self, address: u64, length: u64) {
        self.constants.insert(address, length);
    }

    /// Whether an address lies in a string constant.
    pub fn is_constant(&self, address: u64) -> bool {
        let before = self.constants.range(..=address).next_back();
        before.is_some_and(|(start, length)| address - start < *length)
    }

    /// The variable that an address lies in, and how many of its bytes are left from there on.
    pub fn at(&self, address: u64) -> Option<(&str, u64)> {
        self.variables.iter().find_map(|(name, variable)| {
            let from = address.checked_sub(variable.address)?;
            Some((name.as_str(), variable.ty.size().checked_sub(from).filter(|rest| *rest > 0)?))
        })
    }

    /// Takes over another process's `errno`.
    pub fn take_errno_of(&mut self, other: &Arena) {
        let theirs = other.variable("errno").and_then(|errno| other.load(errno.address, errno.ty.size()));
        if let (Some(bytes), Some(ours)) = (theirs, self.variable("errno").cloned()) {
            let _ = self.store(ours.address, bytes);
        }
    }

    /// Whether it holds the same as another: each variable but `errno`, with its bytes. Bytes of no variable do not count.
    pub fn holds_as(&self, other: &Arena) -> bool {
        self.held().eq(other.held())
    }

    fn held(&self) -> impl Iterator<Item = (&str, &Ty, Fixed, Option<&[u8]>)> {
        let variables = self.variables().filter(|(name, _)| *name != "errno");
        variables.map(|(name, variable)| {
            (name, &variable.ty, variable.fixed, self.load(variable.address, variable.ty.size()))
        })
    }

    /// Sets aside bytes without a name, which are zeros. Nothing, if there is no room.
    pub fn reserve(&mut self, size: u64) -> Option<u64> {
        let start = self.bytes.len().next_multiple_of(16);
        let end = usize::try_from(size).ok()?.checked_add(start).filter(|end| *end <= LARGEST)?;
        self.bytes.resize(end, 0);
        Some(START + start as u64)
    }

    /// Whether an address is one of a variable or a string.
    pub fn holds(address: u64) -> bool {
        address.checked_sub(START).is_some_and(|offset| offset < LARGEST as u64)
    }

    /// The bytes at an address, if all are there.
    pub fn load(&self, address: u64, length: u64) -> Option<&[u8]> {
        let start = usize::try_from(address.checked_sub(START)?).ok()?;
        self.bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)
    }

    /// Changes the bytes at an address that lies in a variable, and what lies behind it, for which room is made.
    pub fn store_over(&mut self, address: u64, bytes: &[u8]) -> Option<()> {
        let end = usize::try_from(address.checked_sub(START)?).ok()?.checked_add(bytes.len())?;
        if end > self.bytes.len() && end <= LARGEST && self.at(address).is_some() {
            self.bytes.resize(end, 0);
        }
        self.store(address, bytes)
    }

    /// Changes the bytes at an address, if all are there.
    pub fn store(&mut self, address: u64, bytes: &[u8]) -> Option<()> {
        let start = usize::try_from(address.checked_sub(START)?).ok()?;
        self.bytes.get_mut(start..start.checked_add(bytes.len())?)?.copy_from_slice(bytes);
        Some(())
    }
}
