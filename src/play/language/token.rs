//! The tokens of C that the prompt knows.

use logos::Logos;

/// A token, and the text that it was written as.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
#[logos(skip r"[ \t\r\n]+", skip r"/\*([^*]|\*[^/])*\*/")]
pub(super) enum Token {
    /// A name of a variable, a function, a flag or a type.
    #[regex(r"[A-Za-z_][A-Za-z0-9_]*")]
    Name,
    /// A number in any notation of C. Letters that do not belong to it are taken, too, so that the error names all of it.
    #[regex(r"[0-9][A-Za-z0-9_.]*")]
    Number,
    /// A character between apostrophes.
    #[regex(r"'([^'\\\n]|\\.)*'")]
    Character,
    /// A string between quotation marks.
    #[regex(r#""([^"\\\n]|\\.)*""#)]
    String,
    /// An operator, a bracket, or a sign between two things.
    #[regex(r"<<=|>>=|\+\+|--|->|==|!=|<=|>=|&&|\|\||<<|>>|[-+*/%&|^]=|[-+*/%&|^~!<>=(){}\[\].,;]")]
    Symbol,
    /// What stands behind `#` or `//`, up to the end of the line.
    #[regex(r"(#|//)[^\n]*", logos::skip, allow_greedy = true)]
    Comment,
}
