//! An event as HTML: readable without a script, and without colour.
//!
//! **Invariant:** no blank line is written, since it would end the HTML in the midst of Markdown.

use serde_json::Value;
use speed::spread::{self, Ratio, Spread};

use crate::recording::{GONE, NEW, kind, text};
use crate::rustdoc::inline;

/// Text that may stand in HTML, also in an attribute.
pub fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    text.replace('{', "&#123;").replace('\n', "&#10;")
}

/// A block of code, in a language that the highlighter knows.
pub fn code(language: &str, text: &str) -> String {
    format!("\n\n```{language}\n{}\n```\n\n", text.trim_end())
}

/// What was printed, exactly.
pub fn printed(text: &str) -> String {
    format!("<pre class=\"shm-out\" tabindex=\"0\"><code class=\"nohighlight\">{}</code></pre>", escape(text))
}

/// A table. Its cells are HTML.
pub fn table(caption: &str, heading: &[String], rows: &[Vec<String>]) -> String {
    let head: String = heading.iter().map(|cell| format!("<th scope=\"col\">{cell}</th>")).collect();
    let body: String = rows
        .iter()
        .map(|row| {
            let cells: String = row.iter().map(|cell| data_cell(cell)).collect();
            format!("<tr>{cells}</tr>")
        })
        .collect();
    let caption = if caption.is_empty() { String::new() } else { format!("<caption>{caption}</caption>") };
    format!(
        "<div class=\"table-wrapper shm-table\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table>{caption}\
         <thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
}

/// Events that show nothing here: they steer the story, or a terminal.
const SILENT: [&str; 7] = ["lesson", "step", "wait", "end", "reply", "moved", "space"];
/// Events that become a block.
const TOLD: [&str; 25] = [
    "say", "section", "why", "habit", "missing", "print", "erratum", "predict", "answer", "call", "memory",
    "bytes", "record", "segments", "maps", "table", "count", "fork", "exec", "signal", "started", "sleep",
    "speeds", "tool", "try",
];

/// Whether the book knows what to do with events of this kind. The `space` is the picture's, which is drawn anew.
pub fn knows(kind: &str) -> bool {
    SILENT.contains(&kind) || TOLD.contains(&kind) || kind == "warning"
}

/// So many letters are a sentence, which a narrow screen must not squeeze to a word a line.
const SENTENCE: usize = 40;

/// A cell of a table; its text is HTML.
pub fn data_cell(html: &str) -> String {
    let class = if html.len() > SENTENCE && html.contains(' ') { " class=\"shm-prose\"" } else { "" };
    format!("<td{class}>{html}</td>")
}

/// An event as a block; nothing for those that only steer.
pub fn event(event: &Value) -> Option<String> {
    let (class, inner) = match kind(event) {
        "say" => ("say", format!("<p>{}</p>", inline(text(event, "text")))),
        "section" => ("section", format!("<p><strong>{}</strong></p>", escape(text(event, "title")))),
        "why" => ("why", why(event)),
        "habit" => ("habit", labelled("Habit", text(event, "text"))),
        "missing" => ("missing", labelled("Missing", text(event, "text"))),
        "warning" => ("missing", labelled("Warning", text(event, "text"))),
        "print" => ("print", labelled("Prints", text(event, "text"))),
        "erratum" => ("erratum", erratum(event)),
        "predict" => ("predict", predict(event)),
        "answer" => ("answer", answer(event)),
        "call" if event["brief"] == true => ("brief", brief(event)),
        "call" => ("call", call(event)),
        "memory" if event["brief"] == true => ("brief", brief(event)),
        "memory" => ("call", memory(event)),
        "bytes" => ("bytes", bytes(event)),
        "record" => ("record", record(event)),
        "segments" => ("segments", segments(event)),
        "maps" => ("maps", maps(event)),
        "table" => ("table", filled(event)),
        "count" => {
            let told = format!("{}: {}", text(event, "what"), event["times"]);
            ("count", labelled("Counted", &told))
        }
        "fork" => ("process", labelled("Begins", &format!("{} is forked from this process.", who(event)))),
        "exec" => ("process", labelled("Runs", &format!("{} runs {}", who(event), text(event, "command")))),
        "signal" => ("process", labelled("Ends", &format!("{} {}.", who(event), text(event, "text")))),
        "started" => ("process", started(event)),
        "sleep" => ("process", labelled("Sleeps", &sleep(event))),
        "speeds" => ("speeds", speeds(event)),
        "tool" => ("tool", tool(event)),
        "try" => ("try", try_it(event)),
        _ => return None,
    };
    Some(format!("<div class=\"shm-ev shm-{class}\">{inner}</div>"))
}

fn labelled(label: &str, text: &str) -> String {
    format!("<p><strong>{label}</strong> {}</p>", inline(text))
}

fn why(event: &Value) -> String {
    format!("<details><summary>More</summary><p>{}</p></details>", inline(text(event, "text")))
}

fn erratum(event: &Value) -> String {
    let code = text(event, "code");
    let told = inline(text(event, "text"));
    let whose = match text(event, "fault") {
        "missing" => "The article leaves out",
        "manual" => "The manual page errs",
        _ => "The article errs",
    };
    format!("<p><strong><a href=\"errata.html#{code}\">{code}</a></strong> {whose}: {told}</p>")
}

/// A process, where it is not the one that tells.
fn who(event: &Value) -> String {
    match event["who"].as_str() {
        Some(who) => format!("{who} {}", event["pid"]),
        None => format!("process {}", event["pid"]),
    }
}

fn speaker(event: &Value) -> String {
    event["who"]
        .as_str()
        .map_or(String::new(), |who| format!("<span class=\"shm-who\">{}</span> ", escape(who)))
}

fn brief(event: &Value) -> String {
    format!("<p>{}<code>{}</code></p>", speaker(event), escape(text(event, "c")))
}

fn pair(term: &str, definition: &str) -> String {
    format!("<div><dt>{term}</dt><dd>{definition}</dd></div>")
}

fn languages(event: &Value) -> String {
    let c = pair("C", &format!("{}<code>{}</code>", speaker(event), escape(text(event, "c"))));
    match event["rust"].as_str() {
        Some(rust) => {
            let at = escape(text(event, "at"));
            c + &pair("Rust", &format!("<code>{}</code> <small>{at}</small>", escape(rust)))
        }
        None => c,
    }
}

fn call(event: &Value) -> String {
    let refused = !event["errno"].is_null();
    let why = if refused { pair("Why", &inline(text(event, "why"))) } else { String::new() };
    let advice = if refused { pair("Do", &inline(text(event, "try"))) } else { String::new() };
    format!("<dl>{}{why}{advice}</dl>", languages(event))
}

/// Something that a process does for a while, at the same time as others.
fn started(event: &Value) -> String {
    format!("<dl>{}</dl>", languages(event))
}

fn sleep(event: &Value) -> String {
    let (state, function) = (text(event, "state"), text(event, "function"));
    format!("{} is in state {state}, in the kernel's function `{function}`.", who(event))
}

/// Times, and how many times as fast as a pipe that is.
fn speeds(event: &Value) -> String {
    let sizes: Vec<String> = event["sizes"].as_array().into_iter().flatten().map(size).collect();
    let heading: Vec<String> = std::iter::once("by".to_owned()).chain(sizes).collect();
    let rows = |cell: fn(&Value) -> String| -> Vec<Vec<String>> {
        let rows = event["rows"].as_array().into_iter().flatten();
        rows.map(|row| {
            let cells = row["cells"].as_array().into_iter().flatten().map(cell);
            std::iter::once(escape(text(row, "name"))).chain(cells).collect()
        })
        .collect()
    };
    let what =
        if text(event, "traffic") == "stream" { "a message of a stream" } else { "a message there and back" };
    let times = format!("Time for {what}: the median, and how far the middle half of the rounds is from it");
    let ratios =
        format!("How many times as fast as a pipe {what} is; “unclear” where the rounds do not agree");
    table(&times, &heading, &rows(time)) + &table(&ratios, &heading, &rows(ratio))
}

fn size(bytes: &Value) -> String {
    spread::size(bytes.as_u64().unwrap_or_default() as usize)
}

fn figures(value: &Value) -> Option<Spread> {
    let part = |name: &str| value[name].as_f64();
    let rounds = value["rounds"].as_u64()? as usize;
    Some(Spread { low: part("low")?, median: part("median")?, high: part("high")?, rounds })
}

fn time(cell: &Value) -> String {
    match figures(&cell["time"]) {
        Some(found) => format!("{} ±{:.0}%", spread::time(found.median), found.percent()),
        None => escape(cell["refused"].as_str().map_or("-", |_| "refused")),
    }
}

fn ratio(cell: &Value) -> String {
    figures(&cell["ratio"]).map_or("-".to_owned(), |found| escape(&Ratio(found).to_string()))
}

fn memory(event: &Value) -> String {
    let doing = if text(event, "access") == "write" { "writing" } else { "reading" };
    let faults = match event["faults"].as_u64() {
        Some(0) => pair("Faults", &format!("no page fault while {doing}")),
        Some(1) => pair("Faults", &format!("1 page fault while {doing}")),
        Some(faults) => pair("Faults", &format!("{faults} page faults while {doing}")),
        None => String::new(),
    };
    format!("<dl>{}{faults}</dl>", languages(event))
}

fn letter(position: usize) -> char {
    char::from(b'a' + position as u8)
}

fn predict(event: &Value) -> String {
    let options = event["options"].as_array().map(Vec::as_slice).unwrap_or_default();
    let told = |(position, option): (usize, &Value)| {
        format!("<li>{}) {}</li>", letter(position), inline(option.as_str().unwrap_or_default()))
    };
    let options: String = options.iter().enumerate().map(told).collect();
    format!("<p><strong>Predict</strong> {}</p><ul>{options}</ul>", inline(text(event, "question")))
}

fn answer(event: &Value) -> String {
    let options = event["options"].as_array().map(Vec::as_slice).unwrap_or_default();
    let right = event["right"].as_u64().map(|right| right as usize);
    let told = |position: usize| {
        let option = &options[position];
        format!("{}) {}: {}", letter(position), inline(text(option, "text")), inline(text(option, "why")))
    };
    let best = match right {
        Some(right) => format!(
            "<p class=\"shm-right\" data-right=\"{right}\"><strong>Answer</strong> {}</p>",
            told(right)
        ),
        None => format!(
            "<p class=\"shm-right\"><strong>Answer</strong> None of these: {}</p>",
            escape(text(event, "value"))
        ),
    };
    let others = (0..options.len()).filter(|&position| Some(position) != right);
    let others: String =
        others.map(|other| format!("<li data-option=\"{other}\">Not {}</li>", told(other))).collect();
    format!("{best}<ul>{others}</ul>")
}

fn bytes(event: &Value) -> String {
    let bytes: Vec<u8> = event["bytes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|byte| byte.as_u64())
        .map(|byte| byte as u8)
        .collect();
    let start = event["offset"].as_u64().unwrap_or_default() as usize;
    let lines = bytes.chunks(16).enumerate().map(|(row, chunk)| {
        let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let shown: String = chunk
            .iter()
            .map(|&byte| if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '.' })
            .collect();
        format!("{:04x}: {:<47}  {shown}", start + row * 16, hex.join(" "))
    });
    let lines: Vec<String> = lines.collect();
    format!("<p><strong>Bytes</strong>, and the text that they spell</p>{}", printed(&lines.join("\n")))
}

fn cell(text: &str, changed: bool) -> String {
    if changed { format!("<mark>{}</mark>", escape(text)) } else { escape(text) }
}

fn record(event: &Value) -> String {
    let moments = event["moments"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut heading = vec!["field".to_owned()];
    heading.extend(moments.iter().map(|moment| escape(moment.as_str().unwrap_or_default())));
    heading.push("meaning".to_owned());
    let rows: Vec<Vec<String>> = event["fields"].as_array().into_iter().flatten().map(field).collect();
    let caption = format!("The record, struct shmid_ds, of segment {}", event["shmid"]);
    table(&caption, &heading, &rows)
}

fn field(field: &Value) -> Vec<String> {
    let moved = field["moved"] == true;
    let values = field["values"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut row = vec![format!("<code>{}</code>", text(field, "name"))];
    let last = values.len().saturating_sub(1);
    row.extend(
        values
            .iter()
            .enumerate()
            .map(|(position, value)| cell(value.as_str().unwrap_or_default(), moved && position == last)),
    );
    let changed = if moved { " (changed)" } else { "" };
    row.push(format!("{}{changed}", escape(text(field, "meaning"))));
    row
}

fn segments(event: &Value) -> String {
    let rows = event["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    let gone = event[GONE].as_array().map(Vec::as_slice).unwrap_or_default();
    let gone: Vec<String> = gone.iter().map(ToString::to_string).collect();
    let gone = match gone.as_slice() {
        [] => String::new(),
        [one] => format!("<p>Gone since the table before: segment {one}.</p>"),
        several => format!("<p>Gone since the table before: segments {}.</p>", several.join(", ")),
    };
    if rows.is_empty() {
        let none = "<p><strong>ipcs -m</strong> No segment of this lesson is in the kernel's table.</p>";
        return format!("{none}{gone}");
    }
    let columns = ["key", "shmid", "owner", "perms", "bytes", "nattch", "status"];
    let heading: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| ipcs_cell(row, column)).collect()).collect();
    table("The row of <code>ipcs -m</code>", &heading, &rows) + &gone
}

fn ipcs_cell(row: &Value, column: &str) -> String {
    let mode = text(row, "perms").parse::<String>().unwrap_or_default();
    let bits = u32::from_str_radix(&mode, 8).unwrap_or_default();
    let shown = match column {
        "key" => format!("{:#010x}", row["key"].as_i64().unwrap_or_default() as u32),
        "perms" => format!("{:o}", bits & 0o777),
        "bytes" => row["size"].to_string(),
        "owner" => text(row, "owner").to_owned(),
        "status" => status(bits),
        other => row[other].to_string(),
    };
    let changes = row["changed"].as_array().map(Vec::as_slice).unwrap_or_default();
    match changes.iter().find(|change| text(change, "column") == column) {
        Some(change) => {
            let was = Some(text(change, "was")).filter(|was| !was.is_empty()).unwrap_or("nothing");
            format!("<mark>{}</mark> <small>was {}</small>", escape(&shown), escape(was))
        }
        None if column == "shmid" && row[NEW] == true => {
            format!("<mark>{}</mark> <small>new</small>", escape(&shown))
        }
        None => escape(&shown),
    }
}

fn status(bits: u32) -> String {
    let words = [(0o1000, "dest"), (0o2000, "locked")];
    let words: Vec<&str> = words.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, word)| *word).collect();
    words.join(" ")
}

fn maps(event: &Value) -> String {
    let line = |line: &Value| {
        let address = |field: &str| format!("{:08x}", line[field].as_u64().unwrap_or_default());
        let offset = line["offset"].as_u64().unwrap_or_default();
        format!(
            "{}-{} {} {offset:08x} {} {} {}",
            address("start"),
            address("end"),
            text(line, "perms"),
            text(line, "device"),
            line["inode"],
            text(line, "name")
        )
    };
    let lines = |field: &str| event[field].as_array().map(Vec::as_slice).unwrap_or_default();
    let kept = lines("kept").iter().map(|map| format!("<li><code>{}</code></li>", escape(&line(map))));
    let added = lines("added")
        .iter()
        .map(|map| format!("<li>new: <ins><code>{}</code></ins></li>", escape(&line(map))));
    let removed = lines("removed")
        .iter()
        .map(|map| format!("<li>gone: <del><code>{}</code></del></li>", escape(&line(map))));
    let all: String = added.chain(removed).chain(kept).collect();
    let all = if all.is_empty() { "<li>none</li>".to_owned() } else { all };
    format!("<p><strong>Maps</strong> of {}: the lines of attachments</p><ul>{all}</ul>", escape(&who(event)))
}

fn filled(event: &Value) -> String {
    let cells = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().map(|cell| escape(cell.as_str().unwrap_or_default())).collect()
    };
    let rows: Vec<Vec<String>> = event["rows"].as_array().into_iter().flatten().map(cells).collect();
    table(&escape(text(event, "title")), &cells(&event["heading"]), &rows)
}

fn tool(event: &Value) -> String {
    let status = match event["status"].as_i64() {
        Some(0) => String::new(),
        Some(status) => format!("\n(exit status {status})"),
        None => "\n(killed by a signal)".to_owned(),
    };
    let output: Vec<&str> = text(event, "output").lines().filter(|line| !line.is_empty()).collect();
    let screen = format!("$ {}\n{}{status}", text(event, "command"), output.join("\n").replace('\t', "    "));
    printed(&screen)
}

/// What to type in a second terminal. The numbers of the recorded run would lead nowhere.
fn try_it(event: &Value) -> String {
    let command = text(event, "command");
    let command = command.split_once("--preserve-credentials ").map_or(command, |(_, command)| command);
    let command = regex::Regex::new(r"-i \d+").expect("a pattern").replace_all(command, "-i ID");
    let command = regex::Regex::new(r"/proc/\d+").expect("a pattern").replace_all(&command, "/proc/PID");
    format!(
        "<p><strong>Try it</strong> in a second terminal, with the numbers of your own run: <code>{}</code> \
         shows {}.</p>",
        escape(&command),
        inline(text(event, "shows"))
    )
}
