//! The operators of C.

use super::evaluate::{Evaluation, Place, Result, wrong};
use super::ty::Ty;
use super::value::Value;
use crate::language::{At, Binary, Expr, Kind, Unary};

/// The value of a number, of the first type that holds it: as C chooses it.
pub(super) fn literal(value: u64, text: &str) -> Value {
    let lower = text.to_ascii_lowercase();
    let is_decimal = !lower.starts_with('0') || lower == "0";
    let (has_u, has_l) =
        (lower.ends_with('u') || lower.contains("ul"), lower.ends_with('l') || lower.ends_with("lu"));
    let fits = |limit: u64| value <= limit;
    let ty = if !has_u && !has_l && fits(i32::MAX as u64) {
        Ty::INT
    } else if !has_l && (has_u || !is_decimal) && fits(u32::MAX.into()) {
        Ty::Integer { size: 4, signed: false }
    } else if !has_u && fits(i64::MAX as u64) {
        Ty::LONG
    } else {
        Ty::SIZE
    };
    Value::new(ty, value)
}

impl Evaluation<'_> {
    pub(super) fn unary(&mut self, unary: Unary, operand: &Expr, at: At) -> Result<Value> {
        match unary {
            Unary::AddressOf => {
                let place = self.place(operand)?;
                Ok(Value::new(place.ty.pointer(), place.address))
            }
            Unary::Dereference => {
                let pointer = Expr { at, kind: Kind::Unary(unary, operand.clone().into()) };
                let place = self.place(&pointer)?;
                self.read(&place, at)
            }
            Unary::SizeOf => self.size_of(operand),
            Unary::Increment | Unary::Decrement | Unary::IncrementAfter | Unary::DecrementAfter => {
                self.step(unary, operand, at)
            }
            Unary::Minus | Unary::Plus | Unary::Not | Unary::Complement => {
                let value = self.value(operand)?;
                if unary == Unary::Not {
                    self.note_null(operand, &value);
                }
                calculated(unary, &value, at)
            }
        }
    }

    fn size_of(&mut self, operand: &Expr) -> Result<Value> {
        let size = match operand.kind {
            Kind::Name(_) | Kind::String(_) | Kind::Index(..) | Kind::Member { .. } => {
                self.place(operand)?.ty.size()
            }
            _ => self.value(operand)?.ty.size(),
        };
        Ok(Value::new(Ty::SIZE, size))
    }

    /// `++` and `--`.
    fn step(&mut self, unary: Unary, operand: &Expr, at: At) -> Result<Value> {
        self.may_change(operand)?;
        let place = self.place(operand)?;
        let before = self.read(&place, at)?;
        let sign = match unary {
            Unary::Increment | Unary::IncrementAfter => Binary::Add,
            _ => Binary::Subtract,
        };
        let after = arithmetic(sign, &before, &Value::int(1), at)?;
        let after = self.write(&place, &after, at)?;
        Ok(if matches!(unary, Unary::Increment | Unary::Decrement) { after } else { before })
    }

    pub(super) fn binary(&mut self, binary: Binary, left: &Expr, right: &Expr, at: At) -> Result<Value> {
        let first = self.value(left)?;
        match binary {
            Binary::Both if !first.is_true() => return Ok(Value::int(0)),
            Binary::Either if first.is_true() => return Ok(Value::int(1)),
            Binary::Both | Binary::Either => return Ok(Value::int(self.value(right)?.is_true().into())),
            _ => {}
        }
        let second = self.value(right)?;
        if matches!(binary, Binary::Equal | Binary::Unequal) {
            if second.bits() == 0 {
                self.note_null(left, &first);
            }
            if first.bits() == 0 {
                self.note_null(right, &second);
            }
        }
        arithmetic(binary, &first, &second, at)
    }

    pub(super) fn assign(
        &mut self,
        with: Option<Binary>,
        left: &Expr,
        right: &Expr,
        at: At,
    ) -> Result<Value> {
        self.may_change(left)?;
        if matches!(&left.kind, Kind::Member { field, .. } if field == "mode") {
            self.note_mode(right);
        }
        let Some(binary) = with else {
            let value = self.value(right)?;
            let place = self.place_for(left, &value)?;
            return self.write(&place, &value, at);
        };
        let place: Place = self.place(left)?;
        let before = self.read(&place, at)?;
        let value = self.value(right)?;
        let after = arithmetic(binary, &before, &value, at)?;
        self.write(&place, &after, at)
    }
}

fn calculated(unary: Unary, value: &Value, at: At) -> Result<Value> {
    if unary == Unary::Not {
        return Ok(Value::int((!value.is_true()).into()));
    }
    if !value.ty.is_integer() {
        return wrong(at, format!("this operator wants a number, and this is of type {}", value.ty));
    }
    let ty = promoted(&value.ty);
    let bits = match unary {
        Unary::Minus => value.bits().wrapping_neg(),
        Unary::Complement => !value.bits(),
        _ => value.bits(),
    };
    Ok(Value::new(ty, bits))
}

/// An integer of fewer than 32 bits is calculated with as an `int`.
fn promoted(ty: &Ty) -> Ty {
    match ty {
        Ty::Integer { size: 1 | 2, .. } => Ty::INT,
        other => other.clone(),
    }
}

/// The type in which two integers meet: the wider one; of two that are as wide, the one without a sign.
fn common(left: &Ty, right: &Ty) -> Ty {
    match (promoted(left), promoted(right)) {
        (Ty::Integer { size: a, signed: s }, Ty::Integer { size: b, signed: t }) => {
            let signed = if a == b {
                s && t
            } else if a > b {
                s
            } else {
                t
            };
            Ty::Integer { size: a.max(b), signed }
        }
        (other, _) => other,
    }
}

/// What an operator makes of two values.
pub(super) fn arithmetic(binary: Binary, left: &Value, right: &Value, at: At) -> Result<Value> {
    if left.ty == Ty::Void || right.ty == Ty::Void {
        return wrong(at, "one side of this operator has no value");
    }
    if left.ty.is_pointer() || right.ty.is_pointer() {
        return with_pointer(binary, left, right, at);
    }
    let ty = match binary {
        Binary::ShiftLeft | Binary::ShiftRight => promoted(&left.ty),
        _ => common(&left.ty, &right.ty),
    };
    let (a, b) = (left.cast(ty.clone()), right.cast(ty.clone()));
    if let Some(truth) = compared(binary, &a, &b) {
        return Ok(Value::int(truth.into()));
    }
    match integers(binary, &a, &b) {
        Some(bits) => Ok(Value::new(ty, bits)),
        None => wrong(at, "this divides by zero, or shifts by more bits than there are"),
    }
}

fn is_signed(value: &Value) -> bool {
    matches!(value.ty, Ty::Integer { signed: true, .. })
}

fn compared(binary: Binary, a: &Value, b: &Value) -> Option<bool> {
    let order = if is_signed(a) { a.signed().cmp(&b.signed()) } else { a.bits().cmp(&b.bits()) };
    match binary {
        Binary::Less => Some(order.is_lt()),
        Binary::Greater => Some(order.is_gt()),
        Binary::LessOrEqual => Some(order.is_le()),
        Binary::GreaterOrEqual => Some(order.is_ge()),
        Binary::Equal => Some(order.is_eq()),
        Binary::Unequal => Some(order.is_ne()),
        _ => None,
    }
}

fn integers(binary: Binary, a: &Value, b: &Value) -> Option<u64> {
    let (x, y) = (a.bits(), b.bits());
    let width = 8 * a.ty.size();
    let shift = u32::try_from(y).ok().filter(|shift| u64::from(*shift) < width);
    match binary {
        Binary::Multiply => Some(x.wrapping_mul(y)),
        Binary::Divide if is_signed(a) => a.signed().checked_div(b.signed()).map(|bits| bits as u64),
        Binary::Divide => x.checked_div(y),
        Binary::Remainder if is_signed(a) => a.signed().checked_rem(b.signed()).map(|bits| bits as u64),
        Binary::Remainder => x.checked_rem(y),
        Binary::Add => Some(x.wrapping_add(y)),
        Binary::Subtract => Some(x.wrapping_sub(y)),
        Binary::ShiftLeft => shift.map(|shift| x << shift),
        Binary::ShiftRight if is_signed(a) => shift.map(|shift| (a.signed() >> shift) as u64),
        Binary::ShiftRight => shift.map(|shift| x >> shift),
        Binary::And => Some(x & y),
        Binary::ExclusiveOr => Some(x ^ y),
        Binary::Or => Some(x | y),
        _ => None,
    }
}

/// Pointers can be moved by elements, subtracted and compared, and no more.
fn with_pointer(binary: Binary, left: &Value, right: &Value, at: At) -> Result<Value> {
    if let Some(truth) = compared(binary, &left.cast(Ty::SIZE), &right.cast(Ty::SIZE)) {
        return Ok(Value::int(truth.into()));
    }
    let size = |value: &Value| value.ty.pointee().map(|of| of.size().max(1));
    match (binary, size(left), size(right)) {
        (Binary::Add, Some(size), None) => Ok(moved(left, right.bits().wrapping_mul(size))),
        (Binary::Add, None, Some(size)) => Ok(moved(right, left.bits().wrapping_mul(size))),
        (Binary::Subtract, Some(size), None) => {
            Ok(moved(left, right.bits().wrapping_mul(size).wrapping_neg()))
        }
        (Binary::Subtract, Some(size), Some(_)) => {
            let bytes = left.bits().wrapping_sub(right.bits()) as i64;
            Ok(Value::new(Ty::LONG, (bytes / size as i64) as u64))
        }
        _ => {
            wrong(at, "C knows no such operator for a pointer: cast it to long to calculate with its number")
        }
    }
}

fn moved(pointer: &Value, bytes: u64) -> Value {
    Value::new(pointer.ty.decayed(), pointer.bits().wrapping_add(bytes))
}
