//! A whole run in the page. It is text first: the script only hides what comes later, asks, and draws.

use serde_json::Value;

use crate::markup::{self, escape};
use crate::recording::{Part, Recording, kind, text};
use crate::rustdoc::inline;
use crate::scene::{Scene, Watch};

/// The step player of a run.
pub fn player(run: &Recording) -> String {
    let mut watch = Watch::default();
    if let Some(first) = run.events.first() {
        watch.see(first);
    }
    let mut scenes = vec![watch.see(&Value::Null).clone()];
    let parts: String = run.parts().iter().map(|part| stretch(part, &mut watch, &mut scenes)).collect();
    let told = serde_json::to_string(&captioned(&scenes)).expect("a scene is JSON").replace('<', "\\u003c");
    format!(
        "<div class=\"shm-box\"><shm-player aria-label=\"Lesson {}, step by step\">{}{parts}\
         <script type=\"application/json\">{told}</script></shm-player></div>",
        run.number,
        source(run)
    )
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

fn stretch(part: &Part<'_>, watch: &mut Watch, scenes: &mut Vec<Scene>) -> String {
    let blocks: String = part.events.iter().filter_map(|event| block(event, watch, scenes)).collect();
    if blocks.is_empty() {
        return String::new();
    }
    let heading = escape(&part.heading());
    let caption = scenes.last().map(Scene::caption).unwrap_or_default();
    format!(
        "<section class=\"shm-step\" role=\"group\" aria-label=\"{heading}\">\
         <p class=\"shm-title\" role=\"heading\" aria-level=\"3\" tabindex=\"-1\">{heading}</p>{blocks}\
         <p class=\"shm-caption\"><strong>Picture</strong> {}</p></section>",
        escape(&caption)
    )
}

/// An event's block, with the number of the scene that it leads to. What shows nothing still moves the picture.
fn block(event: &Value, watch: &mut Watch, scenes: &mut Vec<Scene>) -> Option<String> {
    let now = watch.see(event).clone();
    if scenes.last() != Some(&now) {
        scenes.push(now);
    }
    if kind(event) == "end" {
        return None;
    }
    let number = scenes.len() - 1;
    markup::event(event).map(|block| block.replacen("<div", &format!("<div data-scene=\"{number}\""), 1))
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
