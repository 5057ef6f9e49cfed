//! A whole run in the page. It is text first: the script only hides what comes later, asks, and draws.

use playground::story::event::Event;
use serde_json::Value;

use crate::markup::{self, escape};
use crate::recording::{Header, Part, Recording, Told};
use crate::rustdoc::inline;
use crate::scene::{Scene, Watch};

/// The step player of a run.
pub fn player(run: &Recording) -> String {
    let mut teller = Teller::default();
    if let Some(first) = run.events.first() {
        teller.look(&first.event);
    }
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

    fn look(&mut self, event: &Event) {
        let now = self.watch.see(event);
        if self.scenes.last() != Some(now) {
            self.scenes.push(now.clone());
        }
    }

    /// An event's block, with the number of the scene that it leads to. What shows nothing still moves the picture.
    fn block(&mut self, told: &Told) -> Option<String> {
        self.look(&told.event);
        let number = self.scenes.len() - 1;
        let question =
            self.question(&told.event).map_or(String::new(), |number| format!(" data-question=\"{number}\""));
        let begin = format!("<div data-scene=\"{number}\"{question}");
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
