//! A whole run in the page. It is text first: the script only hides what comes later, asks, and draws.

use serde_json::{Value, json};

use crate::markup::{self, escape};
use crate::recording::{Part, Recording, kind, text};
use crate::rustdoc::inline;
use crate::scene::{Scene, Watch};

/// The step player of a run.
pub fn player(run: &Recording) -> String {
    let mut teller = Teller::default();
    if let Some(first) = run.events.first() {
        teller.watch.see(first);
    }
    teller.look(&Value::Null);
    let parts: String = run.parts().iter().map(|part| teller.stretch(part)).collect();
    let told =
        serde_json::to_string(&captioned(&teller.scenes)).expect("a scene is JSON").replace('<', "\\u003c");
    format!(
        "<div class=\"shm-box\"><shm-player aria-label=\"Lesson {}, step by step\">{}{parts}\
         <script type=\"application/json\">{told}</script></shm-player></div>",
        run.number,
        source(run)
    )
}

/// What is known of a run while it is told.
#[derive(Default)]
struct Teller {
    watch: Watch,
    scenes: Vec<Scene>,
    /// The questions that wait for their answer, by number, with their options.
    open: Vec<(usize, Vec<Value>)>,
    asked: usize,
}

/// Which kernel answered, and when.
fn source(run: &Recording) -> String {
    let header = &run.header;
    format!(
        "<p class=\"shm-source\">A recorded run of <code>{}</code>, {} build: {} on {}, {}.</p>",
        escape(text(header, "how")),
        escape(text(header, "build")),
        escape(text(header, "kernel")),
        escape(text(header, "machine")),
        escape(text(header, "date"))
    )
}

impl Teller {
    fn stretch(&mut self, part: &Part<'_>) -> String {
        self.watch.see(&json!({ "event": "step" }));
        let blocks: String = part.events.iter().filter_map(|event| self.block(event)).collect();
        if blocks.is_empty() {
            return String::new();
        }
        let heading = escape(&part.heading());
        let caption = self.scenes.last().map(Scene::caption).unwrap_or_default();
        format!(
            "<section class=\"shm-step\" role=\"group\" aria-label=\"{heading}\">\
             <p class=\"shm-title\" role=\"heading\" aria-level=\"3\" tabindex=\"-1\">{heading}</p>{blocks}\
             <p class=\"shm-caption\"><strong>Picture</strong> {}</p></section>",
            escape(&caption)
        )
    }

    fn look(&mut self, event: &Value) {
        let now = self.watch.see(event);
        if self.scenes.last() != Some(now) {
            self.scenes.push(now.clone());
        }
    }

    /// An event's block, with the number of the scene that it leads to. What shows nothing still moves the picture.
    fn block(&mut self, event: &Value) -> Option<String> {
        self.look(event);
        if kind(event) == "end" {
            return None;
        }
        let number = self.scenes.len() - 1;
        let question =
            self.question(event).map_or(String::new(), |number| format!(" data-question=\"{number}\""));
        let begin = format!("<div data-scene=\"{number}\"{question}");
        markup::event(event).map(|block| block.replacen("<div", &begin, 1))
    }

    /// The number of a question; and of the question that an answer is to, which is known by its options.
    fn question(&mut self, event: &Value) -> Option<usize> {
        let options = event["options"].as_array()?.clone();
        if kind(event) == "predict" {
            self.asked += 1;
            self.open.push((self.asked, options));
            return Some(self.asked);
        }
        let texts: Vec<&Value> = options.iter().map(|option| &option["text"]).collect();
        let at = self.open.iter().position(|(_, open)| open.iter().eq(texts.iter().copied()))?;
        Some(self.open.remove(at).0)
    }
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
        for event in &part.events {
            match kind(event) {
                "say" => before.push(text(event, "text")),
                "predict" => {
                    items += &question(&part.title, &before, event);
                    before.clear();
                }
                _ => {}
            }
        }
    }
    format!("<ol class=\"shm-questions\">{items}</ol>")
}

fn question(title: &str, before: &[&str], event: &Value) -> String {
    let before: String = before.iter().map(|text| format!("<p>{}</p>", inline(text))).collect();
    let options = event["options"].as_array().into_iter().flatten();
    let options: String =
        options.map(|option| format!("<li>{}</li>", inline(option.as_str().unwrap_or_default()))).collect();
    format!(
        "<li><p><em>{}</em></p>{before}<p>{}</p><ol type=\"a\">{options}</ol></li>",
        escape(title),
        inline(text(event, "question"))
    )
}
