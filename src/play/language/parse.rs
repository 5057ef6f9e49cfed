//! From text to statements.
//!
//! Operators are read by their strength (Pratt's way): an operand, then every operator that binds at least as strongly
//! as asked for, with its right operand.

mod foreign;
mod named;
mod nesting;

use std::ops::Range;

use logos::Logos;

use super::functions::{FUNCTIONS, function};
use super::literal;
use super::misunderstood::Misunderstood;
use super::syntax::{At, Binary, Declaration, Does, Expr, Initial, Kind, Statement, Unary};
use super::token::Token;
use super::types::{self, Type};
use super::words;
pub(crate) use foreign::of_the_shell;
use foreign::{BARE_LIST, function_defined, no_function, not_here, unknown};

pub use foreign::preprocessed;

/// What a line says: its statements, in order. A line that is empty, or only a comment, says nothing.
///
/// # Errors
///
/// Where the line is not understood, and what would be right there.
pub fn parse(line: &str) -> Result<Vec<Statement>, Misunderstood> {
    let (mut statements, mut start, mut process) = (Vec::new(), 0, None);
    while start < line.len() {
        let end = end_of_statement(line, start);
        let (label, after) = label(line, start..end);
        process = label.map(str::to_owned).or(process);
        let does = does(line, after..end)?.or(label.map(|_| Does::Move));
        statements.extend(does.map(|does| Statement { process: process.clone(), does }));
        start = end + 1;
    }
    Ok(statements)
}

/// Where the statement that starts here ends: at a semicolon that is in no string and no comment, or with the line.
fn end_of_statement(line: &str, start: usize) -> usize {
    let tokens = Token::lexer(&line[start..]).spanned();
    let mut ends = tokens.filter(|(_, span)| &line[start..][span.clone()] == ";");
    ends.next().map_or(line.len(), |(_, span)| start + span.start)
}

/// The process's letter before a colon, if the text begins with one, and where what follows begins.
fn label(line: &str, range: Range<usize>) -> (Option<&str>, usize) {
    let text = &line[range.clone()];
    match text.split_once(':') {
        Some((name, _)) if is_letter(name.trim()) => (Some(name.trim()), range.start + name.len() + 1),
        _ => (None, range.start),
    }
}

/// Whether this can be the name of a process: A to Z, then AA and so on.
fn is_letter(name: &str) -> bool {
    (1..=3).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn does(line: &str, range: Range<usize>) -> Result<Option<Does>, Misunderstood> {
    let text = line[range.clone()].split('#').next().unwrap_or_default();
    let offset = range.start + text.len() - text.trim_start().len();
    if let Some(word) = words::word(text) {
        return word
            .map(|word| Some(Does::Word(word)))
            .map_err(|form| Misunderstood::new(line, offset, form));
    }
    let first = text.split_whitespace().next().unwrap_or_default();
    of_c(line, range).map_err(|error| match of_the_shell(first) {
        Some(message) => Misunderstood::new(line, offset, message),
        None => error,
    })
}

fn of_c(line: &str, range: Range<usize>) -> Result<Option<Does>, Misunderstood> {
    let mut parser = Parser::new(line, range)?;
    if parser.rest().is_empty() {
        return Ok(None);
    }
    let does = parser.statement()?;
    match parser.peek() {
        "" => Ok(Some(does)),
        text => Err(parser.wrong(format!("{text} cannot stand here: end the statement with ; before it"))),
    }
}

type Parsed<T> = Result<T, Misunderstood>;

struct Parser<'a> {
    line: &'a str,
    tokens: Vec<(Token, Range<usize>)>,
    next: usize,
    /// In how many brackets and operators the next token stands.
    depth: usize,
    /// How many operators nest in one another by standing one behind the other: at most so many up to here.
    links: usize,
    end: usize,
}

impl<'a> Parser<'a> {
    fn new(line: &'a str, range: Range<usize>) -> Parsed<Parser<'a>> {
        let mut tokens = Vec::new();
        for (token, span) in Token::lexer(&line[range.clone()]).spanned() {
            let span = range.start + span.start..range.start + span.end;
            match token {
                Ok(token) => tokens.push((token, span)),
                Err(()) => return Err(unknown(line, &span)),
            }
        }
        Ok(Parser { line, tokens, next: 0, depth: 0, links: 0, end: range.end })
    }

    fn rest(&self) -> &[(Token, Range<usize>)] {
        &self.tokens[self.next.min(self.tokens.len())..]
    }

    /// The next token's text; empty at the end.
    fn peek(&self) -> &'a str {
        self.ahead(0)
    }

    fn ahead(&self, by: usize) -> &'a str {
        self.rest().get(by).map_or("", |(_, span)| &self.line[span.clone()])
    }

    /// Where the next token stands.
    fn at(&self) -> At {
        At(self.rest().first().map_or(self.end, |(_, span)| span.start))
    }

    /// Takes the next token, if it is this symbol.
    fn take(&mut self, symbol: &str) -> bool {
        let is_next = self.peek() == symbol && !symbol.is_empty();
        self.next += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.take(symbol) { Ok(()) } else { Err(self.missing(symbol)) }
    }

    fn missing(&self, what: &str) -> Misunderstood {
        match self.peek() {
            "" => self.wrong(format!("the line ends where {what} is missing")),
            text => self.wrong(format!("{what} is missing before {text}")),
        }
    }

    fn wrong(&self, message: impl Into<String>) -> Misunderstood {
        Misunderstood::new(self.line, self.at().0, message)
    }

    fn statement(&mut self) -> Parsed<Does> {
        if let Some(message) = not_here(self.peek()) {
            return Err(self.wrong(message));
        }
        if types::begins_type(self.peek()) {
            return self.declaration();
        }
        self.expression(0).map(Does::Evaluate)
    }

    /// `type name = value, *other`.
    fn declaration(&mut self) -> Parsed<Does> {
        let base = self.base_type()?;
        let mut declared = vec![self.declarator(base)?];
        while self.take(",") {
            declared.push(self.declarator(base)?);
        }
        Ok(Does::Declare(declared))
    }

    fn declarator(&mut self, base: Type) -> Parsed<Declaration> {
        self.links = 0;
        let of = self.stars(base)?;
        let at = self.at();
        let name = self.name("a name")?.to_owned();
        if self.peek() == "(" {
            return Err(Misunderstood::new(self.line, at.0, function_defined(&name)));
        }
        let array = self.array()?;
        let initial = if self.take("=") { Some(self.initial()?) } else { None };
        Ok(Declaration { of, name, array, initial, at })
    }

    /// `[length]` or `[]`, where one of them is next.
    fn array(&mut self) -> Parsed<Option<Option<Expr>>> {
        if !self.take("[") {
            return Ok(None);
        }
        let length = if self.peek() == "]" { None } else { Some(self.expression(0)?) };
        self.expect("]")?;
        Ok(Some(length))
    }

    fn initial(&mut self) -> Parsed<Initial> {
        if self.peek() == "{" {
            return self.list().map(Initial::List);
        }
        if self.take(".") {
            let field = self.name("the name of a field")?.to_owned();
            self.expect("=")?;
            return Ok(Initial::Field(field, self.nested(Parser::initial)?.into()));
        }
        self.expression(0).map(Initial::Value)
    }

    /// Values in braces.
    fn list(&mut self) -> Parsed<Vec<Initial>> {
        self.nested(|parser| {
            parser.expect("{")?;
            parser.items("}", Parser::initial)
        })
    }

    fn name(&mut self, what: &str) -> Parsed<&'a str> {
        match self.rest().first() {
            Some((Token::Name, _)) => {
                let name = self.peek();
                self.next += 1;
                Ok(name)
            }
            _ => Err(self.missing(what)),
        }
    }

    /// An expression whose operators bind at least so strongly.
    fn expression(&mut self, strength: u8) -> Parsed<Expr> {
        self.nested(|parser| {
            let mut left = parser.operand()?;
            while let Some((binary, binds)) =
                Binary::written(parser.peek()).filter(|found| found.1 >= strength)
            {
                parser.link()?;
                let at = parser.at();
                parser.next += 1;
                let right = parser.expression(binds + 1)?;
                left = Expr { at, kind: Kind::Binary(binary, left.into(), right.into()) };
            }
            if strength == 0 { parser.assignment(left) } else { Ok(left) }
        })
    }

    /// `left = right`, `left += right`, where such a sign is next; otherwise `left`.
    fn assignment(&mut self, left: Expr) -> Parsed<Expr> {
        let sign = self.peek();
        let with = sign.strip_suffix('=').filter(|operator| !operator.is_empty());
        let operator = with.and_then(Binary::written).filter(|(_, binds)| ![1, 2, 6, 7].contains(binds));
        if sign != "=" && operator.is_none() {
            return Ok(left);
        }
        let at = self.at();
        self.next += 1;
        let right = self.expression(0)?;
        Ok(Expr { at, kind: Kind::Assign(operator.map(|(binary, _)| binary), left.into(), right.into()) })
    }

    /// What an operator stands between.
    fn operand(&mut self) -> Parsed<Expr> {
        let (at, symbol) = (self.at(), self.peek());
        if symbol == "sizeof" {
            self.next += 1;
            return self.size_of(at);
        }
        if symbol == "(" && types::begins_type(self.ahead(1)) {
            self.next += 1;
            return self.cast(at);
        }
        if let Some((_, unary)) = Unary::BEFORE.iter().find(|(known, _)| *known == symbol) {
            self.next += 1;
            let operand = self.nested(Parser::operand)?;
            return Ok(Expr { at, kind: Kind::Unary(*unary, operand.into()) });
        }
        let primary = self.primary()?;
        self.postfix(primary)
    }

    fn size_of(&mut self, at: At) -> Parsed<Expr> {
        if self.peek() == "(" && types::begins_type(self.ahead(1)) {
            self.next += 1;
            let of = self.full_type()?;
            self.expect(")")?;
            return Ok(Expr { at, kind: Kind::SizeOfType(of) });
        }
        let operand = self.nested(Parser::operand)?;
        Ok(Expr { at, kind: Kind::Unary(Unary::SizeOf, operand.into()) })
    }

    fn full_type(&mut self) -> Parsed<Type> {
        let base = self.base_type()?;
        self.stars(base)
    }

    /// `(type) operand`, or `(type){…}`, after its opening bracket.
    fn cast(&mut self, at: At) -> Parsed<Expr> {
        let of = self.full_type()?;
        let array = self.array()?.map(|length| length.map(Box::new));
        self.expect(")")?;
        if self.peek() == "{" {
            let values = self.list()?;
            return self.postfix(Expr { at, kind: Kind::Compound { of, array, values } });
        }
        if array.is_some() {
            return Err(self.missing("a list of values in { }"));
        }
        let operand = self.nested(Parser::operand)?;
        Ok(Expr { at, kind: Kind::Cast(of, operand.into()) })
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let at = self.at();
        let Some((token, _)) = self.rest().first() else { return Err(self.missing("a value")) };
        let (token, text) = (*token, self.peek());
        let literal = |message| Misunderstood::new(self.line, at.0, message);
        let kind = match token {
            Token::Number => {
                Kind::Integer { value: literal::integer(text).map_err(literal)?, text: text.to_owned() }
            }
            Token::Character => Kind::Character(literal::character(text).map_err(literal)?),
            Token::String => Kind::String(literal::bytes(text).map_err(literal)?),
            Token::Name if self.ahead(1) == "(" => return self.call(),
            Token::Name => Kind::Name(text.to_owned()),
            Token::Symbol if text == "(" => return self.in_brackets(),
            Token::Symbol if text == "{" => return Err(self.wrong(BARE_LIST)),
            Token::Symbol | Token::Comment => return Err(self.missing("a value")),
        };
        self.next += 1;
        Ok(Expr { at, kind })
    }

    fn in_brackets(&mut self) -> Parsed<Expr> {
        self.expect("(")?;
        let inside = self.expression(0)?;
        self.expect(")")?;
        Ok(inside)
    }

    fn call(&mut self) -> Parsed<Expr> {
        let (at, name) = (self.at(), self.peek());
        if function(name).is_none() {
            if let Some(message) = no_function(name).or_else(|| not_here(name)) {
                return Err(self.wrong(message));
            }
            let names = FUNCTIONS.iter().map(|function| function.name);
            return Err(self.wrong(format!("there is no function {name}")).near(name, names));
        }
        self.next += 2;
        let arguments = self.items(")", |parser| parser.expression(0))?;
        Ok(Expr { at, kind: Kind::Call(name.to_owned(), arguments) })
    }

    /// What stands behind an operand and belongs to it: an index, a field, `++`.
    fn postfix(&mut self, mut base: Expr) -> Parsed<Expr> {
        loop {
            let (at, symbol) = (self.at(), self.peek());
            let behind = Unary::BEHIND.iter().find(|(known, _)| *known == symbol);
            let kind = match (symbol, behind) {
                (_, Some((_, unary))) => {
                    self.next += 1;
                    Kind::Unary(*unary, base.into())
                }
                ("[", _) => {
                    self.next += 1;
                    let index = self.expression(0)?;
                    self.expect("]")?;
                    Kind::Index(base.into(), index.into())
                }
                ("." | "->", _) => {
                    self.next += 1;
                    let field = self.name("the name of a field")?.to_owned();
                    Kind::Member { base: base.into(), arrow: symbol == "->", field }
                }
                _ => return Ok(base),
            };
            self.link()?;
            base = Expr { at, kind };
        }
    }
}
