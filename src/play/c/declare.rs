//! Declarations, and the values that variables, structures and arrays begin with.

use super::evaluate::{Evaluation, NO_ROOM, Place, Result, wrong};
use super::fields::no_field;
use super::fixed::Fixed;
use super::ty::Ty;
use crate::language::{At, Declaration, Expr, Initial, Kind, taken};

impl Evaluation<'_> {
    /// The type of a variable: an array has the length that is given, or that of its list.
    pub(super) fn whole(&mut self, ty: Ty, length: Option<Option<&Expr>>, listed: u64) -> Result<Ty> {
        Ok(match length {
            None => ty,
            Some(None) => Ty::Array(ty.into(), listed),
            Some(Some(length)) => Ty::Array(ty.into(), self.value(length)?.bits()),
        })
    }

    pub(super) fn declare(&mut self, declared: &[Declaration]) -> Result<()> {
        for declaration in declared {
            self.declare_one(declaration)?;
        }
        Ok(())
    }

    fn declare_one(&mut self, declaration: &Declaration) -> Result<()> {
        let at = declaration.at;
        let listed = match &declaration.initial {
            Some(Initial::List(values)) => values.len() as u64,
            Some(Initial::Value(Expr { kind: Kind::String(bytes), .. })) => bytes.len() as u64 + 1,
            _ => 0,
        };
        let length = declaration.array.as_ref().map(Option::as_ref);
        let ty = self.whole(declaration.of.into(), length, listed)?;
        // `int id = shmget(…)`: the value is found before the name means the new variable.
        let value = match &declaration.initial {
            Some(Initial::Value(value)) if !matches!(ty, Ty::Array(..)) => Some(self.value(value)?),
            _ => None,
        };
        if ty == Ty::Void {
            return wrong(at, "a variable cannot be of type void: a pointer to anything is void *");
        }
        let Some(variable) = self.arena.declare(&declaration.name, ty) else {
            return wrong(at, NO_ROOM);
        };
        self.notes.extend(taken(&declaration.name));
        self.arena.fix(&declaration.name, fixed(declaration));
        let place = Place { ty: variable.ty, address: variable.address };
        match (&declaration.initial, value) {
            (_, Some(value)) => self.write(&place, &value, at).map(|_| ()),
            (Some(Initial::List(values)), None) => self.fill(&place, values, at),
            (Some(Initial::Value(text)), None) => self.fill_with_text(&place, text, at),
            (Some(Initial::Field(..)), None) => wrong(at, "a field is named in braces: {.sem_op = -1}"),
            (None, None) => Ok(()),
        }
    }

    /// `char text[] = "…"`.
    fn fill_with_text(&mut self, place: &Place, text: &Expr, at: At) -> Result<()> {
        match &text.kind {
            Kind::String(bytes) if bytes.len() as u64 <= place.ty.size() => {
                self.store(place.address, bytes, at)
            }
            Kind::String(_) => wrong(text.at, "the string is longer than the array"),
            _ => wrong(text.at, "an array begins with values in { }, or with a string"),
        }
    }

    /// Puts values into a structure's fields, or an array's elements, in their order.
    pub(super) fn fill(&mut self, place: &Place, values: &[Initial], at: At) -> Result<()> {
        let mut rest = values;
        self.fill_with(place, &mut rest, true, at)?;
        match rest {
            [] => Ok(()),
            [Initial::Field(field, _), ..] => match place.ty {
                Ty::Struct(of) => Err(no_field(of, field, at)),
                ref ty => wrong(at, format!("{ty} has no field {field}")),
            },
            _ => wrong(at, format!("{} values are more than {} holds", values.len(), place.ty)),
        }
    }

    /// Takes as many values as the place holds. A part whose own braces are left out takes them from the same list, as in
    /// `struct shmid_ds buf = {0}`; a field that is named is looked for by the place that the braces are for.
    fn fill_with(&mut self, place: &Place, rest: &mut &[Initial], has_braces: bool, at: At) -> Result<()> {
        let mut number = 0;
        while let [value, after @ ..] = *rest {
            let is_named = matches!(value, Initial::Field(..));
            let value = match value {
                Initial::Field(..) if !has_braces => return Ok(()),
                Initial::Field(field, value) => {
                    let Some(place_of_field) = number_of(&place.ty, field) else { return Ok(()) };
                    number = place_of_field;
                    &**value
                }
                value => value,
            };
            let Some(part) = part(place, number) else { return Ok(()) };
            number += 1;
            match value {
                Initial::Value(_) if is_named && matches!(part.ty, Ty::Struct(_)) => {
                    return wrong(at, format!("{} has fields of its own: give them in braces", part.ty));
                }
                Initial::Value(_) if matches!(part.ty, Ty::Struct(_) | Ty::Array(..)) => {
                    self.fill_with(&part, rest, false, at)?;
                    continue;
                }
                Initial::Value(value) => {
                    let found = self.value(value)?;
                    self.write(&part, &found, value.at)?;
                }
                Initial::List(values) => self.fill(&part, values, at)?,
                Initial::Field(..) => return wrong(at, "a field is named twice here"),
            }
            *rest = after;
        }
        Ok(())
    }
}

/// What the words `const` of a declaration forbid to write.
fn fixed(declaration: &Declaration) -> Fixed {
    let of = declaration.of;
    Fixed { itself: of.is_fixed || (of.is_const && of.stars == 0), target: of.is_const && of.stars == 1 }
}

/// Which field of a structure this is.
fn number_of(ty: &Ty, field: &str) -> Option<u64> {
    let Ty::Struct(of) = ty else { return None };
    of.fields.iter().position(|known| known.name == field).map(|number| number as u64)
}

/// The part of a place that takes the next value of a list.
fn part(place: &Place, number: u64) -> Option<Place> {
    match &place.ty {
        Ty::Array(of, length) => (number < *length)
            .then(|| Place { ty: (**of).clone(), address: place.address + number * of.size() }),
        Ty::Struct(of) => {
            let field = of.fields.get(number as usize)?;
            Some(Place { ty: field.ty(), address: place.address + field.offset })
        }
        _ => (number == 0).then(|| place.clone()),
    }
}
