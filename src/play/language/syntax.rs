//! What a line means, as values.

use super::types::Type;
use super::words::Word;

/// The byte of the line at which something stands.
///
/// Two expressions that differ in nothing else are the same, so any two places are equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct At(pub usize);

impl PartialEq for At {
    fn eq(&self, _: &At) -> bool {
        true
    }
}

/// One thing to do, and who does it.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The process that acts, where the line names one.
    pub process: Option<String>,
    /// What it does.
    pub does: Does,
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq)]
pub enum Does {
    /// Nothing: a process's letter alone moves the prompt there.
    Move,
    /// Makes variables: `int a = 1, *p`.
    Declare(Vec<Declaration>),
    /// Finds a value.
    Evaluate(Expr),
    /// A word of the shell, or of the prompt itself.
    Word(Word),
}

/// A variable that is declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// Its type, or that of its elements.
    pub of: Type,
    /// Its name.
    pub name: String,
    /// For an array its length, where it is given.
    pub array: Option<Option<Expr>>,
    /// What it is at first; zeros, where nothing is said.
    pub initial: Option<Initial>,
    /// Where the name stands.
    pub at: At,
}

/// What a variable, a structure or an array is at first.
#[derive(Clone, Debug, PartialEq)]
pub enum Initial {
    /// A value.
    Value(Expr),
    /// Values in braces, for an array or a structure.
    List(Vec<Initial>),
    /// `.field = value`, in the braces of a structure.
    Field(String, Box<Initial>),
}

/// An expression, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Where its first token stands; for an operator between two operands, where the operator stands.
    pub at: At,
    /// What it is.
    pub kind: Kind,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A number, and how it was written.
    Integer {
        /// Its value.
        value: u64,
        /// The notation that it was written in, which is the one that it is printed in.
        text: String,
    },
    /// `'x'`.
    Character(u8),
    /// `"text"`, without the zero byte at its end.
    String(Vec<u8>),
    /// A variable, a flag, or a process's letter.
    Name(String),
    /// An operator before or behind its operand.
    Unary(Unary, Box<Expr>),
    /// An operator between its operands.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// `left = right`, or with an operator as in `left += right`.
    Assign(Option<Binary>, Box<Expr>, Box<Expr>),
    /// `name(arguments)`.
    Call(String, Vec<Expr>),
    /// `base[index]`.
    Index(Box<Expr>, Box<Expr>),
    /// `base.field`, or `base->field` where `base` is a pointer.
    Member {
        /// The structure, or the pointer to it.
        base: Box<Expr>,
        /// Whether it was written as an arrow.
        arrow: bool,
        /// The field's name.
        field: String,
    },
    /// `(type) expression`.
    Cast(Type, Box<Expr>),
    /// `sizeof(type)`.
    SizeOfType(Type),
    /// `(type){…}`, or `(type[]){…}` for an array.
    Compound {
        /// The type, or that of the elements.
        of: Type,
        /// For an array its length, where it is given.
        array: Option<Option<Box<Expr>>>,
        /// The values.
        values: Vec<Initial>,
    },
}

/// An operator with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `-x`
    Minus,
    /// `+x`
    Plus,
    /// `!x`
    Not,
    /// `~x`
    Complement,
    /// `*x`: what a pointer points to.
    Dereference,
    /// `&x`: a pointer to it.
    AddressOf,
    /// `++x`
    Increment,
    /// `--x`
    Decrement,
    /// `x++`
    IncrementAfter,
    /// `x--`
    DecrementAfter,
    /// `sizeof x`
    SizeOf,
}

impl Unary {
    /// The operators that stand before their operand, as they are written.
    pub(super) const BEFORE: [(&'static str, Unary); 8] = [
        ("-", Unary::Minus),
        ("+", Unary::Plus),
        ("!", Unary::Not),
        ("~", Unary::Complement),
        ("*", Unary::Dereference),
        ("&", Unary::AddressOf),
        ("++", Unary::Increment),
        ("--", Unary::Decrement),
    ];

    /// Those that stand behind it.
    pub(super) const BEHIND: [(&'static str, Unary); 2] =
        [("++", Unary::IncrementAfter), ("--", Unary::DecrementAfter)];
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is documented by its symbol, below")]
pub enum Binary {
    Multiply,
    Divide,
    Remainder,
    Add,
    Subtract,
    ShiftLeft,
    ShiftRight,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    Equal,
    Unequal,
    And,
    ExclusiveOr,
    Or,
    Both,
    Either,
}

impl Binary {
    /// Each operator, how it is written, and how strongly it binds: as in C.
    pub(super) const ALL: [(&'static str, Binary, u8); 18] = [
        ("*", Binary::Multiply, 10),
        ("/", Binary::Divide, 10),
        ("%", Binary::Remainder, 10),
        ("+", Binary::Add, 9),
        ("-", Binary::Subtract, 9),
        ("<<", Binary::ShiftLeft, 8),
        (">>", Binary::ShiftRight, 8),
        ("<", Binary::Less, 7),
        (">", Binary::Greater, 7),
        ("<=", Binary::LessOrEqual, 7),
        (">=", Binary::GreaterOrEqual, 7),
        ("==", Binary::Equal, 6),
        ("!=", Binary::Unequal, 6),
        ("&", Binary::And, 5),
        ("^", Binary::ExclusiveOr, 4),
        ("|", Binary::Or, 3),
        ("&&", Binary::Both, 2),
        ("||", Binary::Either, 1),
    ];

    /// The operator that is written so, and how strongly it binds.
    pub(super) fn written(symbol: &str) -> Option<(Binary, u8)> {
        Binary::ALL
            .iter()
            .find(|(known, ..)| *known == symbol)
            .map(|(_, binary, strength)| (*binary, *strength))
    }

    /// How it is written, and how strongly it binds.
    pub(super) fn notation(self) -> (&'static str, u8) {
        let found = Binary::ALL.iter().find(|(_, binary, _)| *binary == self);
        found.map_or(("", 0), |(symbol, _, strength)| (*symbol, *strength))
    }
}
