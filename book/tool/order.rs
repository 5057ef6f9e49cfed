//! The module's functions in the order of their last bytes.
//!
//! gzip looks back over 32 KiB. The compiler writes a function where it comes upon it, so that `Vec<u8>::push` and
//! `Vec<i32>::push`, which are almost the same, stand far apart. Functions that are alike end alike, mostly: so they
//! stand side by side. Places are written in as few bytes as they need, too, which the linker does not do.
//!
//! **Invariant:** the module does what it did before.

use std::convert::Infallible;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{CodeSection, FunctionSection, Module};
use wasmparser::{CodeSectionReader, CustomSectionReader, FunctionSectionReader, Parser, Payload};

/// Writes a module anew, with its functions in the order of their last bytes.
///
/// # Errors
///
/// It cannot be read or written.
pub fn order(file: &Path, to: &Path) -> Result<()> {
    let module = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let ordered = by_end(&module).with_context(|| format!("{} cannot be ordered", file.display()))?;
    fs::write(to, ordered).with_context(|| format!("{} cannot be written", to.display()))
}

/// A module that imports nothing, with its functions in the order of their last bytes.
fn by_end(module: &[u8]) -> Result<Vec<u8>> {
    let mut bodies: Vec<(&[u8], u32)> = bodies(module)?.into_iter().zip(0..).collect();
    bodies.sort_by(|(one, _), (other, _)| one.iter().rev().cmp(other.iter().rev()));
    let mut ordered = Module::new();
    Order::new(bodies.into_iter().map(|(_, old)| old).collect()).parse_core_module(
        &mut ordered,
        Parser::new(0),
        module,
    )?;
    Ok(ordered.finish())
}

/// The code of each function.
fn bodies(module: &[u8]) -> Result<Vec<&[u8]>> {
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CodeSectionEntry(body) = payload? {
            bodies.push(body.as_bytes());
        }
    }
    Ok(bodies)
}

/// Which function stands where.
struct Order {
    /// By new place, the old one.
    old: Vec<u32>,
    /// By old place, the new one.
    new: Vec<u32>,
}

impl Order {
    fn new(old: Vec<u32>) -> Order {
        let mut new = vec![0; old.len()];
        old.iter().zip(0..).for_each(|(old, place)| new[*old as usize] = place);
        Order { old, new }
    }
}

type Written<T = ()> = Result<T, Error<Infallible>>;

impl Reencode for Order {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Written<u32> {
        Ok(self.new[function as usize])
    }

    fn parse_function_section(
        &mut self,
        out: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Written {
        let types = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.old.iter().for_each(|old| {
            out.function(types[*old as usize]);
        });
        Ok(())
    }

    fn parse_code_section(&mut self, out: &mut CodeSection, section: CodeSectionReader<'_>) -> Written {
        let bodies = section.into_iter().collect::<Result<Vec<_>, _>>()?;
        for old in self.old.clone() {
            self.parse_function_body(out, bodies[old as usize].clone())?;
        }
        Ok(())
    }

    fn parse_custom_section(&mut self, _: &mut Module, _: CustomSectionReader<'_>) -> Written {
        Ok(())
    }
}
