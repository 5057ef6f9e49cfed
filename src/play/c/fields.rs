//! Structures and their fields: the place of one, and help where a name or a sign is wrong.

use super::evaluate::{Evaluation, Place, Result, Stop, wrong};
use super::structs::Struct;
use super::ty::Ty;
use super::value::Value;
use crate::language::{At, Expr, Kind, nearest};

impl Evaluation<'_> {
    /// The structure that an expression names, if it names one without a pointer on the way.
    pub(super) fn struct_named(&self, expression: &Expr) -> Option<&'static Struct> {
        let ty = match &expression.kind {
            Kind::Name(name) => self.arena.variable(name)?.ty.clone(),
            Kind::Member { base, arrow: false, field } => self.struct_named(base)?.field(field)?.ty(),
            _ => return None,
        };
        if let Ty::Struct(of) = ty { Some(of) } else { None }
    }

    /// Whether an expression names something that is shown part by part: a structure, or an array that is no text and
    /// not too long for a screen.
    pub(super) fn has_parts(&self, expression: &Expr) -> bool {
        const MOST: u64 = 16;
        let variable = match &expression.kind {
            Kind::Name(name) => self.arena.variable(name),
            _ => None,
        };
        let is_array =
            matches!(variable.map(|variable| &variable.ty), Some(Ty::Array(of, ..=MOST)) if of.size() > 1);
        is_array || self.struct_named(expression).is_some()
    }

    /// The place of a field, behind `.` or `->`.
    pub(super) fn member(&mut self, base: &Expr, arrow: bool, field: &str, at: At) -> Result<Place> {
        if arrow && let Some(of) = self.struct_named(base) {
            let message =
                format!("{base} is a struct {} and no pointer to one: write {base}.{field}", of.name);
            return wrong(at, message);
        }
        let place = if arrow { self.pointed_to(base, 0)? } else { self.place(base)? };
        match place.ty {
            Ty::Struct(of) => match of.field(field) {
                Some(found) => {
                    Ok(Place { ty: found.ty(), address: place.address.wrapping_add(found.offset) })
                }
                None => Err(no_field(of, field, at)),
            },
            Ty::Pointer(ref to) if !arrow && matches!(**to, Ty::Struct(_)) => {
                wrong(at, format!("{base} is a pointer to a {to}: write {base}->{field}"))
            }
            ty => {
                let sign = if arrow { "->" } else { "." };
                wrong(at, format!("what stands before {sign} is of type {ty}, and has no fields"))
            }
        }
    }

    /// The names and the values of all elements and fields, those of inner structures with the name of those before them.
    pub(super) fn fields(&mut self, name: &str, place: &Place, at: At) -> Result<Vec<(String, Value)>> {
        let mut fields = Vec::new();
        if let Ty::Array(of, length) = &place.ty {
            for number in 0..*length {
                let address = place.address.wrapping_add(number * of.size());
                let element = Place { ty: (**of).clone(), address };
                fields.extend(self.fields(&format!("{name}[{number}]"), &element, at)?);
            }
            return Ok(fields);
        }
        let Ty::Struct(of) = place.ty else {
            return Ok(vec![(name.to_owned(), self.read(place, at)?)]);
        };
        for field in of.fields {
            let inner = Place { ty: field.ty(), address: place.address.wrapping_add(field.offset) };
            fields.extend(self.fields(&format!("{name}.{}", field.name), &inner, at)?);
        }
        Ok(fields)
    }
}

/// A field that a structure has not: the nearest that it has, or all of them.
pub(super) fn no_field(of: &Struct, field: &str, at: At) -> Stop {
    let message = format!("struct {} has no field {field}", of.name);
    let known = known(of);
    let near = nearest(field, known.iter().map(|(name, _)| name.as_str()));
    let meant = near.and_then(|near| known.into_iter().find(|(name, _)| *name == near));
    match meant {
        Some((_, path)) => Stop::Wrong { at, message, nearest: Some(path) },
        None => {
            let names: Vec<_> = of.fields.iter().map(|field| field.name).collect();
            let message = format!("{message}. It has {}", names.join(", "));
            Stop::Wrong { at, message, nearest: None }
        }
    }
}

/// What a field may be called, and how it is written: with its prefix or without, and with the inner structure's name.
fn known(of: &Struct) -> Vec<(String, String)> {
    let mut known = Vec::new();
    for field in of.fields {
        let bare = field.name.split_once('_').map_or(field.name, |(_, bare)| bare);
        known.extend([field.name, bare].map(|name| (name.to_owned(), field.name.to_owned())));
        if let Ty::Struct(inner) = field.ty() {
            let within = |inner: &super::structs::Field| {
                (inner.name.to_owned(), format!("{}.{}", field.name, inner.name))
            };
            known.extend(inner.fields.iter().map(within));
        }
    }
    known
}
