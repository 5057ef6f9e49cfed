//! The module's functions in the order of their names.
//!
//! gzip looks back over 32 KiB. The compiler writes a function where it comes upon it, so that `Vec<u8>::push` and
//! `Vec<i32>::push`, which are almost the same, stand far apart. By name they stand side by side. Places are written
//! in as few bytes as they need, too, which the linker does not do. The names themselves are left out.
//!
//! **Invariant:** the module does what it did before.

use std::convert::Infallible;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{CodeSection, FunctionSection, Module};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, FunctionSectionReader, KnownCustom, Name, NameSectionReader,
    Parser, Payload,
};

/// Writes a module anew, with its functions in the order of their names.
///
/// # Errors
///
/// It cannot be read, has no names, or cannot be written.
pub fn order(file: &Path, to: &Path) -> Result<()> {
    let module = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let ordered = by_name(&module).with_context(|| format!("{} cannot be ordered", file.display()))?;
    fs::write(to, ordered).with_context(|| format!("{} cannot be written", to.display()))
}

/// A module that imports nothing, with its functions in the order of their names.
fn by_name(module: &[u8]) -> Result<Vec<u8>> {
    let mut named: Vec<(String, u32)> = names(module)?;
    named.sort();
    let mut ordered = Module::new();
    Order::new(named.into_iter().map(|(_, old)| old).collect()).parse_core_module(
        &mut ordered,
        Parser::new(0),
        module,
    )?;
    Ok(ordered.finish())
}

/// The name and the place of each function.
fn names(module: &[u8]) -> Result<Vec<(String, u32)>> {
    let mut named = Vec::new();
    for subsection in name_section(module)?.context("it has no names")? {
        if let Name::Function(functions) = subsection? {
            for function in functions {
                let function = function?;
                named.push((function.name.to_owned(), function.index));
            }
        }
    }
    Ok(named)
}

fn name_section(module: &[u8]) -> Result<Option<NameSectionReader<'_>>> {
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CustomSection(section) = payload?
            && let KnownCustom::Name(names) = section.as_known()
        {
            return Ok(Some(names));
        }
    }
    Ok(None)
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
