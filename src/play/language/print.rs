//! From statements to text: with no more brackets than C needs.

use std::fmt::{self, Display, Formatter};

use super::literal::written;
use super::syntax::{Declaration, Does, Expr, Initial, Kind, Statement, Unary};

/// How strongly an operand binds: more than any operator between two.
const OPERAND: u8 = 11;
/// How strongly what can stand before an index or a field binds.
const PRIMARY: u8 = 12;

impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (&self.process, &self.does) {
            (Some(process), Does::Move) => write!(f, "{process}:"),
            (Some(process), does) => write!(f, "{process}: {does}"),
            (None, does) => does.fmt(f),
        }
    }
}

impl Display for Does {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Does::Move => Ok(()),
            Does::Declare(declared) => declare(declared, f),
            Does::Evaluate(value) => value.fmt(f),
            Does::Word(word) => word.fmt(f),
        }
    }
}

fn declare(declared: &[Declaration], f: &mut Formatter<'_>) -> fmt::Result {
    for (number, declaration) in declared.iter().enumerate() {
        match number {
            0 => write!(f, "{} ", declaration.of.base_name())?,
            _ => f.write_str(", ")?,
        }
        write!(f, "{}{}", declaration.of.pointers(), declaration.name)?;
        array(declaration.array.as_ref().map(Option::as_ref), f)?;
        if let Some(initial) = &declaration.initial {
            write!(f, " = {initial}")?;
        }
    }
    Ok(())
}

fn array(length: Option<Option<&Expr>>, f: &mut Formatter<'_>) -> fmt::Result {
    match length {
        None => Ok(()),
        Some(None) => f.write_str("[]"),
        Some(Some(length)) => write!(f, "[{length}]"),
    }
}

fn separated<T: Display>(items: &[T], f: &mut Formatter<'_>) -> fmt::Result {
    for (number, item) in items.iter().enumerate() {
        let comma = if number == 0 { "" } else { ", " };
        write!(f, "{comma}{item}")?;
    }
    Ok(())
}

impl Display for Initial {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Initial::Value(value) => value.fmt(f),
            Initial::Field(field, value) => write!(f, ".{field} = {value}"),
            Initial::List(values) => {
                f.write_str("{")?;
                separated(values, f)?;
                f.write_str("}")
            }
        }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.bound(0, f)
    }
}

impl Expr {
    /// How strongly the expression holds together.
    fn strength(&self) -> u8 {
        match &self.kind {
            Kind::Assign(..) => 0,
            Kind::Binary(binary, ..) => binary.notation().1,
            Kind::Unary(Unary::IncrementAfter | Unary::DecrementAfter, _) => PRIMARY,
            // `0.x` would be read as one number.
            Kind::Unary(..) | Kind::Cast(..) | Kind::SizeOfType(_) | Kind::Integer { .. } => OPERAND,
            _ => PRIMARY,
        }
    }

    /// Prints it where something pulls at it so strongly, in brackets if it would not hold.
    fn bound(&self, pull: u8, f: &mut Formatter<'_>) -> fmt::Result {
        if self.strength() >= pull {
            return self.bare(f);
        }
        f.write_str("(")?;
        self.bare(f)?;
        f.write_str(")")
    }

    fn bare(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Integer { text, .. } => f.write_str(text),
            Kind::Character(byte) => write!(f, "'{}'", written(*byte, b'\'')),
            Kind::String(bytes) => {
                let inside: String = bytes.iter().map(|byte| written(*byte, b'"')).collect();
                write!(f, "\"{inside}\"")
            }
            Kind::Name(name) => f.write_str(name),
            Kind::Unary(unary, operand) => print_unary(*unary, operand, f),
            Kind::Binary(binary, left, right) => {
                let (symbol, strength) = binary.notation();
                left.bound(strength, f)?;
                write!(f, " {symbol} ")?;
                right.bound(strength + 1, f)
            }
            Kind::Assign(with, left, right) => {
                left.bound(1, f)?;
                write!(f, " {}= ", with.map_or("", |binary| binary.notation().0))?;
                right.bound(0, f)
            }
            Kind::Call(name, arguments) => {
                write!(f, "{name}(")?;
                separated(arguments, f)?;
                f.write_str(")")
            }
            Kind::Index(base, index) => {
                base.bound(PRIMARY, f)?;
                write!(f, "[{index}]")
            }
            Kind::Member { base, arrow, field } => {
                base.bound(PRIMARY, f)?;
                write!(f, "{}{field}", if *arrow { "->" } else { "." })
            }
            Kind::Cast(of, operand) => {
                write!(f, "({of})")?;
                operand.bound(OPERAND, f)
            }
            Kind::SizeOfType(of) => write!(f, "sizeof({of})"),
            Kind::Compound { of, array: length, values } => {
                write!(f, "({of}")?;
                array(length.as_ref().map(Option::as_deref), f)?;
                f.write_str("){")?;
                separated(values, f)?;
                f.write_str("}")
            }
        }
    }
}

fn print_unary(unary: Unary, operand: &Expr, f: &mut Formatter<'_>) -> fmt::Result {
    if let Some((symbol, _)) = Unary::BEHIND.iter().find(|(_, known)| *known == unary) {
        operand.bound(PRIMARY, f)?;
        return f.write_str(symbol);
    }
    let before = Unary::BEFORE.iter().find(|(_, known)| *known == unary);
    let symbol = before.map_or("sizeof ", |(symbol, _)| *symbol);
    f.write_str(symbol)?;
    // `- -x` is not `--x`, and `& &x` is not `&&x`.
    let touches = matches!(&operand.kind, Kind::Unary(inner, _)
        if Unary::BEFORE.iter().any(|(known, of)| of == inner && symbol.ends_with(&known[..1])));
    if touches {
        f.write_str(" ")?;
    }
    operand.bound(OPERAND, f)
}
