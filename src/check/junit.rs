//! Verdicts as JUnit XML, which every server that runs tests can show.

use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::exercises::exercise;
use super::verdict::Verdict;

/// A suite for each student, or for each learner one, and in it a case for each exercise.
///
/// # Errors
///
/// None but those of writing to memory.
pub fn junit<'a>(suites: impl IntoIterator<Item = (&'a str, &'a [Verdict])>) -> io::Result<String> {
    let mut writer =
        Writer::new_with_indent(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_vec(), b' ', 2);
    writer.create_element("testsuites").with_attribute(("name", "check")).write_inner_content(|writer| {
        suites.into_iter().try_for_each(|(name, verdicts)| suite(writer, name, verdicts))
    })?;
    let mut text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    text.retain(is_allowed);
    text.push('\n');
    Ok(text)
}

/// Whether XML 1.0 lets a document hold this character: some it forbids even where they are escaped.
fn is_allowed(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

fn suite(writer: &mut Writer<Vec<u8>>, name: &str, verdicts: &[Verdict]) -> io::Result<()> {
    if verdicts.is_empty() {
        return nothing_handed_in(writer, name);
    }
    let failures = verdicts.iter().filter(|verdict| !verdict.passed).count().to_string();
    let tests = verdicts.len().to_string();
    let element = writer.create_element("testsuite");
    let element =
        element.with_attributes([("name", name), ("tests", tests.as_str()), ("failures", failures.as_str())]);
    element
        .write_inner_content(|writer| verdicts.iter().try_for_each(|verdict| case(writer, verdict)))
        .map(drop)
}

/// A suite without a case would be green.
fn nothing_handed_in(writer: &mut Writer<Vec<u8>>, name: &str) -> io::Result<()> {
    let element = writer.create_element("testsuite");
    let element = element.with_attributes([("name", name), ("tests", "1"), ("failures", "1")]);
    let failure = |writer: &mut Writer<Vec<u8>>| {
        let failure = writer.create_element("failure").with_attribute(("type", "nothing-handed-in"));
        failure.with_attribute(("message", "No exercise was handed in.")).write_empty().map(drop)
    };
    let case = |writer: &mut Writer<Vec<u8>>| {
        let case = writer.create_element("testcase").with_attribute(("classname", "exercises"));
        case.with_attribute(("name", "handed in")).write_inner_content(failure).map(drop)
    };
    element.write_inner_content(case).map(drop)
}

fn case(writer: &mut Writer<Vec<u8>>, verdict: &Verdict) -> io::Result<()> {
    let title = exercise(verdict.exercise).map(|exercise| exercise.texts().title).unwrap_or_default();
    let name = format!("exercise{:02} {title}", verdict.exercise);
    let element = writer.create_element("testcase");
    let element = element.with_attributes([("classname", "exercises"), ("name", name.as_str())]);
    let removed = verdict.removed.iter().map(|left| format!("Removed: {left}"));
    let said: Vec<String> = removed.chain(verdict.notes.iter().cloned()).collect();
    element
        .write_inner_content(|writer| {
            failure(writer, verdict)?;
            match said.is_empty() {
                true => Ok(()),
                false => {
                    let text = said.join("\n");
                    writer.create_element("system-out").write_text_content(BytesText::new(&text)).map(drop)
                }
            }
        })
        .map(drop)
}

fn failure(writer: &mut Writer<Vec<u8>>, verdict: &Verdict) -> io::Result<()> {
    let Some(first) = verdict.findings.first() else { return Ok(()) };
    let lines = verdict.findings.iter().map(|finding| format!("{}: {}", finding.code, finding.message));
    let all = lines.collect::<Vec<_>>().join("\n");
    let (code, message) = (first.code.name(), first.message.as_str());
    let failure = writer.create_element("failure");
    let failure = failure.with_attributes([("type", code.as_str()), ("message", message)]);
    failure.write_text_content(BytesText::new(&all)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;
    use crate::verdict::Finding;

    #[test]
    fn what_xml_forbids_is_left_out() {
        let mut verdict = Verdict::new(1, "lesson01", vec![Finding::new(Code::Failed, "")]);
        verdict.findings[0].message = "a\u{1b}\u{0}\u{fffe}b \u{1f600} <&".to_owned();
        let text = junit([("st\u{7}udent", [verdict].as_slice())]).unwrap();
        assert!(text.contains("message=\"ab \u{1f600} &lt;&amp;\""), "{text}");
        assert!(text.contains("name=\"student\""), "{text}");
    }
}
