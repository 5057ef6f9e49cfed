//! An event as HTML: readable without a script, and without colour.
//!
//! **Invariant:** no blank line is written, since it would end the HTML in the midst of Markdown.

use playground::call::Shmid;
use playground::clock;
use playground::evidence::maps::Mapping;
use playground::story::event::{
    Access, CallEvent, Choice, Event, Fault, Field, Rust, SegmentRow, Speed, SpeedRow, Timeline,
};
use speed::{Traffic, quartiles};

use crate::recording::Told;
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

/// So many letters are a sentence, which a narrow screen must not squeeze to a word a line.
const SENTENCE: usize = 40;

/// A cell of a table; its text is HTML.
pub fn data_cell(html: &str) -> String {
    let class = if html.len() > SENTENCE && html.contains(' ') { " class=\"shm-prose\"" } else { "" };
    format!("<td{class}>{html}</td>")
}

/// An event as a block; nothing for those that only steer the story, or a terminal. The `space` is the picture's,
/// which is drawn anew.
pub fn event(told: &Told) -> Option<String> {
    let (class, inner) = match &told.event {
        Event::Lesson { .. }
        | Event::Step { .. }
        | Event::Wait(_)
        | Event::End { .. }
        | Event::Reply { .. } => {
            return None;
        }
        Event::Moved { .. } | Event::Space { .. } | Event::Traced(_) => return None,
        Event::Say { text } => ("say", format!("<p>{}</p>", inline(text))),
        Event::Section { title } => ("section", format!("<p><strong>{}</strong></p>", escape(title))),
        Event::Why { text, .. } => ("why", why(text)),
        Event::Habit { text } => ("habit", labelled("Habit", text)),
        Event::Missing { text } => ("missing", labelled("Missing", text)),
        Event::Warning { text } => ("missing", labelled("Warning", text)),
        Event::Print { text } => ("print", labelled("Prints", text)),
        Event::Erratum { code, fault, text } => ("erratum", erratum(code, *fault, text)),
        Event::Predict { question, options } => ("predict", predict(question, options)),
        Event::Answer { value, right, options, .. } => ("answer", answer(value, *right, options)),
        Event::Call(call) if call.brief => ("brief", brief(call.who.as_ref(), &call.c)),
        Event::Call(call) => ("call", self::call(call)),
        Event::Memory(access) if access.brief => ("brief", brief(access.who.as_ref(), &access.c)),
        Event::Memory(access) => ("call", memory(access)),
        Event::Bytes { offset, bytes } => ("bytes", self::bytes(*offset, bytes)),
        Event::Record { shmid, moments, fields, now } => ("record", record(*shmid, moments, fields, *now)),
        Event::Timeline(timeline) => ("timeline", self::timeline(timeline)),
        Event::Segments { rows, .. } => ("segments", segments(rows, told.before.as_deref())),
        Event::Maps { pid, who, added, removed, kept } => {
            ("maps", maps(&named(*pid, who.as_ref()), [added, removed, kept]))
        }
        Event::Table { title, heading, rows } => ("table", filled(title, heading, rows)),
        Event::Speeds { traffic, sizes, rows } => ("speeds", speeds(*traffic, sizes, rows)),
        Event::Count { what, times } => ("count", labelled("Counted", &format!("{what}: {times}"))),
        Event::Fork { pid, who } => {
            let forked = format!("{} is forked from this process.", named(*pid, Some(who)));
            ("process", labelled("Begins", &forked))
        }
        Event::Exec { pid, who, command } => {
            ("process", labelled("Runs", &format!("{} runs {command}", named(*pid, who.as_ref()))))
        }
        Event::Signal { pid, who, text, .. } => {
            ("process", labelled("Ends", &format!("{} {text}.", named(*pid, who.as_ref()))))
        }
        Event::Started { who, c, rust, .. } => {
            ("process", format!("<dl>{}</dl>", languages(who.as_ref(), c, rust.as_ref().map(Rust::parts))))
        }
        Event::Sleep { pid, who, state, function } => {
            let who = named(*pid, who.as_ref());
            let sleeps = format!("{who} is in state {state}, in the kernel's function `{function}`.");
            ("process", labelled("Sleeps", &sleeps))
        }
        Event::Tool { command, status, output } => ("tool", tool(command, *status, output)),
        Event::Try { command, shows } => ("try", try_it(command, shows)),
    };
    Some(format!("<div class=\"shm-ev shm-{class}\">{inner}</div>"))
}

fn labelled(label: &str, text: &str) -> String {
    format!("<p><strong>{label}</strong> {}</p>", inline(text))
}

fn why(text: &str) -> String {
    format!("<details><summary>More</summary><p>{}</p></details>", inline(text))
}

fn erratum(code: &str, fault: Fault, text: &str) -> String {
    let whose = match fault {
        Fault::Missing => "The article leaves out",
        Fault::Manual => "The manual page errs",
        Fault::Wrong => "The article errs",
    };
    format!("<p><strong><a href=\"errata.html#{code}\">{code}</a></strong> {whose}: {}</p>", inline(text))
}

/// A process, by the name that it has where it is not the one that tells.
fn named(pid: i32, who: Option<&String>) -> String {
    format!("{} {pid}", who.map_or("process", String::as_str))
}

fn speaker(who: Option<&String>) -> String {
    who.map_or(String::new(), |who| format!("<span class=\"shm-who\">{}</span> ", escape(who)))
}

fn brief(who: Option<&String>, c: &str) -> String {
    format!("<p>{}<code>{}</code></p>", speaker(who), escape(c))
}

fn pair(term: &str, definition: &str) -> String {
    format!("<div><dt>{term}</dt><dd>{definition}</dd></div>")
}

fn languages(who: Option<&String>, c: &str, rust: Option<(&str, &str)>) -> String {
    let c = pair("C", &format!("{}<code>{}</code>", speaker(who), escape(c)));
    let rust = rust.map_or(String::new(), |(code, at)| {
        pair("Rust", &format!("<code>{}</code> <small>{}</small>", escape(code), escape(at)))
    });
    c + &rust
}

fn call(call: &CallEvent) -> String {
    let reason =
        |term, text: &Option<String>| text.as_ref().map_or(String::new(), |text| pair(term, &inline(text)));
    let statement = call.rust.as_deref().zip(call.at.as_deref());
    let told = languages(call.who.as_ref(), &call.c, statement);
    format!("<dl>{told}{}{}</dl>", reason("Why", &call.why), reason("Do", &call.advice))
}

/// Times, and how many times as fast as a pipe that is.
fn speeds(traffic: Traffic, sizes: &[usize], rows: &[SpeedRow]) -> String {
    let heading: Vec<String> =
        std::iter::once("by".to_owned()).chain(sizes.iter().map(|&bytes| quartiles::size(bytes))).collect();
    let cells = |cell: fn(&Speed) -> String| -> Vec<Vec<String>> {
        let line =
            |row: &SpeedRow| std::iter::once(escape(&row.name)).chain(row.cells.iter().map(cell)).collect();
        rows.iter().map(line).collect()
    };
    let what = match traffic {
        Traffic::Stream => "a message of a stream",
        Traffic::RoundTrip => "a message there and back",
    };
    let times = format!("Time for {what}: the median, and how far the middle half of the rounds is from it");
    let ratios =
        format!("How many times as fast as a pipe {what} is; “unclear” where the rounds do not agree");
    table(&times, &heading, &cells(time)) + &table(&ratios, &heading, &cells(ratio))
}

fn time(cell: &Speed) -> String {
    match cell.time {
        Some(found) => format!("{} ±{:.0}%", quartiles::time(found.median), found.percent()),
        None => cell.without_time().to_owned(),
    }
}

fn ratio(cell: &Speed) -> String {
    cell.ratio.map_or(cell.without_time().to_owned(), |found| escape(&found.to_string()))
}

fn memory(access: &Access) -> String {
    let faults = access.page_faults().map_or(String::new(), |faults| pair("Faults", &faults));
    let statement = access.rust.as_ref().map(Rust::parts);
    format!("<dl>{}{faults}</dl>", languages(access.who.as_ref(), &access.c, statement))
}

fn letter(position: usize) -> char {
    char::from(b'a' + position as u8)
}

fn predict(question: &str, options: &[String]) -> String {
    let told =
        |(position, option): (usize, &String)| format!("<li>{}) {}</li>", letter(position), inline(option));
    let options: String = options.iter().enumerate().map(told).collect();
    format!("<p><strong>Predict</strong> {}</p><ul>{options}</ul>", inline(question))
}

fn answer(value: &str, right: Option<usize>, options: &[Choice]) -> String {
    let told = |position: usize| {
        let Choice { text, why } = &options[position];
        let why = why.as_ref().map_or(String::new(), |why| format!(": {}", inline(why)));
        format!("{}) {}{why}", letter(position), inline(text))
    };
    let best = match right {
        Some(right) => format!(
            "<p class=\"shm-right\" data-right=\"{right}\"><strong>Answer</strong> {}</p>",
            told(right)
        ),
        None => format!(
            "<p class=\"shm-right\"><strong>Answer</strong> None of these: the kernel answered {}.</p>",
            escape(value)
        ),
    };
    let others = (0..options.len()).filter(|&position| Some(position) != right);
    let others: String =
        others.map(|other| format!("<li data-option=\"{other}\">Not {}</li>", told(other))).collect();
    format!("{best}<ul>{others}</ul>")
}

fn bytes(start: usize, bytes: &[u8]) -> String {
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

fn record(shmid: Shmid, moments: &[String], fields: &[Field], now: i64) -> String {
    let mut heading = vec!["field".to_owned()];
    heading.extend(moments.iter().map(|moment| escape(moment)));
    heading.push("meaning".to_owned());
    let rows: Vec<Vec<String>> = fields.iter().map(|one| field(one, now)).collect();
    table(&format!("The record, struct shmid_ds, of segment {shmid}"), &heading, &rows)
}

fn timeline(timeline: &Timeline) -> String {
    let title = format!("the record of segment {} from moment to moment", timeline.shmid);
    let note = format!("<p>{}.</p>", timeline.note(clock::utc));
    filled(&title, &Timeline::HEADING.map(str::to_owned), &timeline.rows(clock::utc)) + &note
}

fn field(field: &Field, now: i64) -> Vec<String> {
    let last = field.values.len().saturating_sub(1);
    let mut row = vec![format!("<code>{}</code>", field.name)];
    let values = field.told(now, clock::utc).into_iter().enumerate();
    row.extend(values.map(|(position, value)| cell(&value, field.moved && position == last)));
    let changed = if field.moved { " (changed)" } else { "" };
    row.push(format!("{}{changed}", escape(&field.meaning)));
    row
}

/// The kernel's table. Which rows are new, and which have gone, follows from the table before; the first has none.
fn segments(rows: &[SegmentRow], before: Option<&[Shmid]>) -> String {
    let ids: Vec<Shmid> = rows.iter().map(|row| row.row.shmid).collect();
    let gone = before.into_iter().flatten().filter(|id| !ids.contains(id));
    let gone: Vec<String> = gone.map(ToString::to_string).collect();
    let gone = match gone.as_slice() {
        [] => String::new(),
        [one] => format!("<p>Gone since the table before: segment {one}.</p>"),
        several => format!("<p>Gone since the table before: segments {}.</p>", several.join(", ")),
    };
    if rows.is_empty() {
        let none = "<p><strong>ipcs -m</strong> No segment of this lesson is in the kernel's table.</p>";
        return format!("{none}{gone}");
    }
    let is_new = |row: &SegmentRow| before.is_some_and(|before| !before.contains(&row.row.shmid));
    let heading = ["key", "shmid", "owner", "perms", "bytes", "nattch", "status"].map(str::to_owned);
    let rows: Vec<Vec<String>> = rows.iter().map(|row| ipcs(row, is_new(row))).collect();
    table("The row of <code>ipcs -m</code>", &heading, &rows) + &gone
}

fn ipcs(told: &SegmentRow, new: bool) -> Vec<String> {
    let row = &told.row;
    let cells = [
        ("key", format!("{:#010x}", row.key.0)),
        ("shmid", row.shmid.to_string()),
        ("owner", told.owner.clone()),
        ("perms", format!("{:o}", row.perms & 0o777)),
        ("bytes", row.size.to_string()),
        ("nattch", row.nattch.to_string()),
        ("status", row.status()),
    ];
    let cell = |(column, shown): (&str, String)| {
        let shown = escape(&shown);
        match told.changed.iter().find(|change| change.column == column) {
            Some(change) => {
                let was = if change.was.is_empty() { "nothing" } else { &change.was };
                format!("<mark>{shown}</mark> <small>was {}</small>", escape(was))
            }
            None if column == "shmid" && new => format!("<mark>{shown}</mark> <small>new</small>"),
            None => shown,
        }
    };
    cells.into_iter().map(cell).collect()
}

fn maps(who: &str, [added, removed, kept]: [&[Mapping]; 3]) -> String {
    let items = |lines: &[Mapping], before: &str, after: &str| -> String {
        let item =
            |line: &Mapping| format!("<li>{before}<code>{}</code>{after}</li>", escape(&line.to_string()));
        lines.iter().map(item).collect()
    };
    let mut all = items(added, "new: <ins>", "</ins>");
    all += &items(removed, "gone: <del>", "</del>");
    all += &items(kept, "", "");
    let all = if all.is_empty() { "<li>none</li>" } else { &all };
    format!("<p><strong>Maps</strong> of {}: the lines of attachments</p><ul>{all}</ul>", escape(who))
}

fn filled(title: &str, heading: &[String], rows: &[Vec<String>]) -> String {
    let cells = |cells: &Vec<String>| -> Vec<String> { cells.iter().map(|cell| escape(cell)).collect() };
    let rows: Vec<Vec<String>> = rows.iter().map(cells).collect();
    table(&escape(title), &cells(&heading.to_vec()), &rows)
}

fn tool(command: &str, status: Option<i32>, output: &str) -> String {
    let status = match status {
        Some(0) => String::new(),
        Some(status) => format!("\n(exit status {status})"),
        None => "\n(killed by a signal)".to_owned(),
    };
    let output: Vec<&str> = output.lines().filter(|line| !line.is_empty()).collect();
    printed(&format!("$ {command}\n{}{status}", output.join("\n").replace('\t', "    ")))
}

/// What to type in a second terminal. The numbers of the recorded run would lead nowhere.
fn try_it(command: &str, shows: &str) -> String {
    let command = command.split_once("--preserve-credentials ").map_or(command, |(_, command)| command);
    let command = regex::Regex::new(r"-i \d+").expect("a pattern").replace_all(command, "-i ID");
    let command = regex::Regex::new(r"/proc/\d+").expect("a pattern").replace_all(&command, "/proc/PID");
    format!(
        "<p><strong>Try it</strong> in a second terminal, with the numbers of your own run: <code>{}</code> \
         shows {}.</p>",
        escape(&command),
        inline(shows)
    )
}
