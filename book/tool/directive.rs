//! What may stand in a chapter beside Markdown: `{{#name argument "another one"}}`.

use std::sync::LazyLock;

use anyhow::{Context, Result, bail, ensure};
use regex::Regex;

static DIRECTIVE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\{\{#([a-z-]+)((?:\s+(?:"[^"]*"|[^\s"}]+))*)\s*\}\}"#).expect("a pattern")
});
static ARGUMENT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""([^"]*)"|(\S+)"#).expect("a pattern"));

/// A directive in a chapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// What it asks for.
    pub name: String,
    /// Of what.
    pub arguments: Vec<String>,
}

impl Directive {
    /// The argument at a position.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn argument(&self, position: usize) -> Result<&str> {
        let argument = self.arguments.get(position).map(String::as_str);
        argument.with_context(|| format!("{} needs an argument number {}", self.name, position + 1))
    }

    /// The argument at a position, as a number.
    ///
    /// # Errors
    ///
    /// There is none, or it is no number.
    pub fn number(&self, position: usize) -> Result<usize> {
        let text = self.argument(position)?;
        text.parse().with_context(|| format!("{}: {text} is no number", self.name))
    }
}

/// Replaces every directive of a text by what `put` makes of it; links preprocessors of mdBook have their own.
///
/// # Errors
///
/// The first directive that cannot be replaced, with its line; or something that looks like one and is none.
pub fn replace(text: &str, put: &mut dyn FnMut(&Directive) -> Result<String>) -> Result<String> {
    let mut out = String::with_capacity(text.len() * 2);
    let mut end = 0;
    for found in DIRECTIVE.captures_iter(text) {
        let whole = found.get(0).expect("a match");
        let line = text[..whole.start()].matches('\n').count() + 1;
        let directive = Directive { name: found[1].to_owned(), arguments: arguments(&found[2]) };
        let told = put(&directive).with_context(|| format!("line {line}: {}", whole.as_str()))?;
        out += &text[end..whole.start()];
        out += &told;
        end = whole.end();
    }
    ensure_none_is_broken(&text[end..], text)?;
    Ok(out + &text[end..])
}

fn ensure_none_is_broken(rest: &str, text: &str) -> Result<()> {
    let opened = text.matches("{{#").count();
    let understood = DIRECTIVE.find_iter(text).count();
    ensure!(opened == understood, "{} of {opened} directives cannot be read", opened - understood);
    if rest.contains("}}") && !rest.contains("{{") {
        bail!("}}}} without {{{{#");
    }
    Ok(())
}

fn arguments(text: &str) -> Vec<String> {
    let argument = |found: regex::Captures<'_>| {
        found.get(1).or(found.get(2)).map(|part| part.as_str().to_owned()).unwrap_or_default()
    };
    ARGUMENT.captures_iter(text).map(argument).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_has_a_name_and_arguments() {
        let told = replace(r#"a {{#code 3 "Read it"}} b"#, &mut |directive| {
            assert_eq!(directive.arguments, ["3", "Read it"]);
            Ok(directive.name.clone())
        });
        assert_eq!(told.unwrap(), "a code b");
    }

    #[test]
    fn what_cannot_be_replaced_is_told_with_its_line() {
        let error = replace("one\n\n{{#code 99}}", &mut |_| bail!("no such lesson")).unwrap_err();
        assert_eq!(format!("{error:#}"), "line 3: {{#code 99}}: no such lesson");
        assert!(replace("{{#Broken", &mut |_| Ok(String::new())).is_err());
    }
}
