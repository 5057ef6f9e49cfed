//! A whole run in the page. It is text first: the script only hides what comes later, asks, and draws.

use anyhow::Result;
use playground::story::event::Event;
use serde_json::{Value, json};

use crate::markup::{self, escape};
use crate::recording::{Header, Part, Recording, Told};
use crate::rustdoc::inline;
use crate::scene::{Scene, Watch};
use crate::script::Script;
use crate::{excerpt, read, still};

/// The step player of a run.
///
/// # Errors
///
/// The lesson's file cannot be read.
pub fn player(run: &Recording) -> Result<String> {
    let mut teller = Teller::default();
    if let Some(first) = run.events.first() {
        teller.look(&first.event);
    }
    let parts: String = run.parts().iter().map(|part| teller.stretch(part)).collect();
    let file = excerpt::lesson_path(run.number);
    let told = json!({
        "scenes": captioned(&teller.scenes), "file": file, "source": read(&file)?, "lines": teller.script_so_far,
        "c": teller.c.join("\n"),
    });
    let told = serde_json::to_string(&told)?.replace('<', "\\u003c");
    Ok(format!(
        "<div class=\"shm-box\"><shm-player aria-label=\"Lesson {}, step by step\">{}{parts}\
         <script type=\"application/json\">{told}</script></shm-player></div>",
        run.number,
        source(run)
    ))
}

/// What is known of a run while it is told.
#[derive(Default)]
struct Teller {
    watch: Watch,
    scenes: Vec<Scene>,
    script: Script,
    /// The lines for the prompt that lead to where the run is; those that cannot be followed add none.
    script_so_far: Vec<String>,
    /// The run in C, line by line.
    c: Vec<String>,
    steps: usize,
    /// The questions that wait for their answer, by number, with their options.
    open: Vec<(usize, Vec<String>)>,
    asked: usize,
}

/// Which kernel answered, and when.
fn source(run: &Recording) -> String {
    let Header { kernel, machine, date, how, build, .. } = &run.header;
    let [kernel, machine, date, how, build] = [kernel, machine, date, how, build].map(|text| escape(text));
    format!(
        "<p class=\"shm-source\">A recorded run of <code>{how}</code>, {build} build: {kernel} on {machine}, {date}.</p>"
    )
}

impl Teller {
    fn stretch(&mut self, part: &Part<'_>) -> String {
        self.watch.begin_stretch();
        self.c.push(format!("/* {} */", part.heading()));
        let blocks: String = part.events.iter().filter_map(|event| self.block(event)).collect();
        if blocks.is_empty() {
            return String::new();
        }
        self.steps += 1;
        let (number, heading) = (self.name_of(part), escape(&part.heading()));
        let still = self.scenes.last().map(still::figure).unwrap_or_default();
        format!(
            "<section class=\"shm-step\" id=\"step-{number}\" role=\"group\" aria-label=\"{heading}\">\
             <p class=\"shm-title\" role=\"heading\" aria-level=\"3\" tabindex=\"-1\">{heading}</p>{blocks}\
             {still}</section>"
        )
    }

    /// The number that the step has in the run; what is told before the first is 0.
    fn name_of(&self, part: &Part<'_>) -> String {
        let number = part.label.rsplit(' ').next().filter(|word| word.parse::<usize>().is_ok());
        let other = if self.steps == 1 { "0" } else { "end" };
        number.unwrap_or(other).to_owned()
    }

    fn look(&mut self, event: &Event) {
        let now = self.watch.see(event);
        self.script.see(event, self.watch.replay());
        if let Some(lines) = self.script.lines() {
            self.script_so_far = lines.to_vec();
        }
        if self.scenes.last() != Some(&now) {
            self.scenes.push(now);
        }
    }

    /// An event's block, with the number of the scene that it leads to. What shows nothing still moves the picture.
    fn block(&mut self, told: &Told) -> Option<String> {
        self.look(&told.event);
        let number = self.scenes.len() - 1;
        let question =
            self.question(&told.event).map_or(String::new(), |number| format!(" data-question=\"{number}\""));
        let lines =
            self.script.lines().map_or(String::new(), |lines| format!(" data-lines=\"{}\"", lines.len()));
        let at = statement(&told.event).map_or(String::new(), |line| format!(" data-at=\"{line}\""));
        let c = in_c(&told.event).map_or(String::new(), |line| {
            self.c.push(line);
            format!(" data-c=\"{}\"", self.c.len())
        });
        let begin = format!("<div data-scene=\"{number}\"{question}{lines}{at}{c}");
        markup::event(told).map(|block| block.replacen("<div", &begin, 1))
    }

    /// The number of a question; and of the question that an answer is to, which is known by its options.
    fn question(&mut self, event: &Event) -> Option<usize> {
        match event {
            Event::Predict { options, .. } => {
                self.asked += 1;
                self.open.push((self.asked, options.clone()));
                Some(self.asked)
            }
            Event::Answer { options, .. } => {
                let texts = || options.iter().map(|option| &option.text);
                let at = self.open.iter().position(|(_, open)| open.iter().eq(texts()))?;
                Some(self.open.remove(at).0)
            }
            _ => None,
        }
    }
}

/// The line of the lesson's file that did it.
fn statement(event: &Event) -> Option<&str> {
    let at = match event {
        Event::Call(call) => call.at.as_deref(),
        Event::Memory(access) => access.rust.as_ref().map(|rust| rust.at.as_str()),
        Event::Started { rust, .. } => rust.as_ref().map(|rust| rust.at.as_str()),
        _ => None,
    }?;
    at.rsplit_once(':').map(|(_, line)| line)
}

/// What a process did, as a statement of C with its answer behind it.
fn in_c(event: &Event) -> Option<String> {
    let (who, c) = match event {
        Event::Call(call) => (&call.who, &call.c),
        Event::Memory(access) => (&access.who, &access.c),
        Event::Started { who, c, .. } => (who, c),
        Event::Fork { who, pid } => return Some(format!("fork(); /* = {pid}: {who} */")),
        _ => return None,
    };
    let who = who.as_ref().map_or(String::new(), |who| format!("/* {who} */ "));
    Some(match (c.split_once(") = "), c.split_once(" // ")) {
        (Some((call, answer)), _) => format!("{who}{call}); /* = {answer} */"),
        (None, Some((access, value))) => format!("{who}{access}; /* {value} */"),
        (None, None) => format!("{who}{c};"),
    })
}

fn captioned(scenes: &[Scene]) -> Vec<Value> {
    let one = |scene: &Scene| {
        let mut value = serde_json::to_value(scene).expect("a scene is JSON");
        value["caption"] = Value::from(scene.caption());
        value
    };
    scenes.iter().map(one).collect()
}

/// The questions of a run, for those who write their answers down first: each under its step, with what was said
/// before it, and the answers to choose from.
pub fn questions(run: &Recording) -> String {
    let mut items = String::new();
    for part in run.parts() {
        let mut before: Vec<&str> = Vec::new();
        for told in &part.events {
            match &told.event {
                Event::Say { text } => before.push(text),
                Event::Predict { question, options } => {
                    items += &self::question(&part.title, &before, question, options);
                    before.clear();
                }
                _ => {}
            }
        }
    }
    format!("<ol class=\"shm-questions\">{items}</ol>")
}

fn question(title: &str, before: &[&str], question: &str, options: &[String]) -> String {
    let before: String = before.iter().map(|text| format!("<p>{}</p>", inline(text))).collect();
    let options: String = options.iter().map(|option| format!("<li>{}</li>", inline(option))).collect();
    format!(
        "<li><p><em>{}</em></p>{before}<p>{}</p><ol type=\"a\">{options}</ol></li>",
        escape(title),
        inline(question)
    )
}
