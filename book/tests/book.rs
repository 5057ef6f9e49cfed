//! The book holds what it promises: nothing is missing, nothing is stale, nothing is typed that a run could tell.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use book::module::{self, Module};
use book::preprocess::{Playground, filled};
use book::recording::{self, Purpose, Recording};
use book::scene::Scene;
use book::{coverage, exercise, picture, read, root, still, tables};
use mdbook_driver::MDBook;
use playground::course::{self, LESSONS};
use playground::story::event::Event;
use regex::Regex;

/// The chapters that the summary names.
fn chapters() -> Vec<(String, String)> {
    let summary = read("book/src/SUMMARY.md").expect("the summary");
    let link = Regex::new(r"\]\(([a-z0-9]+\.md)\)").expect("a pattern");
    let names = link.captures_iter(&summary).map(|found| found[1].to_owned());
    names.map(|name| (name.clone(), read(&format!("book/src/{name}")).expect("a chapter"))).collect()
}

#[test]
fn every_chapter_can_be_filled() {
    for (name, text) in chapters() {
        if let Err(problem) = filled(&text) {
            panic!("book/src/{name}: {problem:#}");
        }
    }
}

#[test]
fn every_chapter_is_in_the_summary() {
    let named: BTreeSet<String> = chapters().into_iter().map(|(name, _)| name).collect();
    let written: BTreeSet<String> = coverage::chapters().expect("the folder").into_iter().collect();
    assert_eq!(written, named);
}

#[test]
fn the_summary_names_each_lesson_as_it_names_itself_in_the_order_of_the_list() {
    let summary = read("book/src/SUMMARY.md").expect("the summary");
    let named: Vec<&str> = summary.lines().filter(|line| line.contains("](lesson")).collect();
    let title = |number| tables::title(number).expect("a title");
    let listed = course::in_order().map(|lesson| format!("- [{}]({}.md)", title(lesson.number), lesson.name));
    assert_eq!(named, listed.collect::<Vec<_>>());
}

#[test]
fn every_lesson_has_its_chapter_with_all_its_parts() {
    let parts = [
        "Why",
        "Predict",
        "Code",
        "Run",
        "What the kernel showed",
        "What goes wrong",
        "In C",
        "Exercise",
        "Further",
        "Questions",
    ];
    let chapters: BTreeMap<String, String> = chapters().into_iter().collect();
    for lesson in recording::told_lessons().expect("the lessons") {
        let name = format!("{}.md", lesson.name);
        let text = chapters.get(&name).unwrap_or_else(|| panic!("{name} is not in the summary"));
        let headings: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, parts, "the parts of {name}");
        assert!(text.contains(&format!("{{{{#player {}}}}}", lesson.number)), "{name} has its player");
    }
}

#[test]
fn every_exercise_stands_in_the_chapter_of_its_lesson_and_in_no_other() {
    let directive = Regex::new(r"\{\{#exercise (\d+)\}\}").expect("a pattern");
    let mut found = Vec::new();
    for (name, text) in chapters() {
        for number in directive.captures_iter(&text).map(|found| found[1].parse().expect("a number")) {
            let lesson = exercise::exercise(number).expect("an exercise").lesson;
            assert_eq!(name, format!("{lesson}.md"), "exercise {number} is of another lesson");
            found.push(number);
        }
    }
    assert_eq!(found, exercise::numbers().expect("the exercises"));
}

/// The C compiler, which the gate installs; elsewhere it may be missing.
fn compile(source: &str, program: &Path) -> Option<Output> {
    let options = ["-std=c11", "-O2", "-Wall", "-Wextra", "-x", "c", "-"];
    let mut cc = Command::new("cc");
    cc.args(options).args(["-pthread", "-lrt", "-o"]).arg(program);
    let Ok(mut cc) = cc.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() else {
        eprintln!("nothing is compiled: cc is not installed");
        return None;
    };
    cc.stdin.take().expect("a pipe").write_all(source.as_bytes()).expect("cc reads");
    Some(cc.wait_with_output().expect("cc"))
}

/// Where a test may put a program.
fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn what_chapters_show_in_c_compiles_without_a_warning_and_holds() {
    let program = scratch("chapters");
    let Some(output) = compile(&read("tests/c/chapters.c").expect("the file"), &program) else { return };
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // One for each lesson, and what to use today.
    for number in 0..=LESSONS.len() {
        let ran = Command::new(&program).arg(number.to_string()).output().expect("it runs");
        assert!(ran.status.success(), "{number}: {} {}", ran.status, String::from_utf8_lossy(&ran.stderr));
    }
}

#[test]
fn the_compiler_rejects_the_misspelt_constant() {
    let with = |name: &str| format!("#include <sys/stat.h>\nint main(void) {{ return S_IRUSR | {name}; }}\n");
    let Some(right) = compile(&with("S_IWUSR"), &scratch("spelt")) else { return };
    assert!(right.status.success());
    let wrong = compile(&with("S_IWUSER"), &scratch("misspelt")).expect("cc");
    assert!(!wrong.status.success() && String::from_utf8_lossy(&wrong.stderr).contains("S_IWUSER"));
}

#[test]
fn every_recording_is_what_its_lesson_tells_today() {
    recording::build_lessons().expect("the lessons");
    let mut stale = Vec::new();
    for lesson in recording::told_lessons().expect("the lessons") {
        Recording::load_fresh(lesson.number).expect("a fresh recording");
        if !recording::can_run(lesson.name) {
            eprintln!("{} is not compared: its recording needs root", lesson.name);
            continue;
        }
        let committed = read(&format!("book/recordings/{}.jsonl", lesson.name)).expect("a recording");
        let anew = recording::run(lesson.name, Purpose::Compare).expect("a run");
        if let Some(difference) = recording::difference(lesson.name, &committed, &anew) {
            stale.push(format!("book/recordings/{}.jsonl\n{difference}", lesson.name));
        }
    }
    assert!(stale.is_empty(), "run `cargo run -p book -- record`:\n{}", stale.join("\n"));
}

#[test]
fn the_readmes_picture_shows_the_recorded_run() {
    let committed = read(picture::PATH).expect("the picture");
    assert!(committed == picture::drawn().expect("the run"), "run `cargo run -p book -- picture`");
    let readme = read("README.md").expect("README.md");
    assert!(readme.contains(picture::PATH), "README does not show it");
}

#[test]
fn the_module_was_built_from_its_sources() {
    let module = Module::committed().expect("the module");
    assert!(
        module.is_fresh().expect("its sources"),
        "src/core, src/play or src/web changed, and the module did not: {}",
        module::REBUILD
    );
}

/// A page loads it at the first use, whoever pays for the line.
#[test]
fn the_module_is_light() {
    let weight = Module::committed().and_then(|module| module.weight()).expect("the module");
    assert!(weight < 176 * 1024, "{weight} bytes, compressed");
}

/// For paper, and for readers without scripts.
#[test]
fn each_step_of_a_run_has_its_picture_in_the_page() {
    let page = told("{{#player 4}}");
    let steps: Vec<&str> = page.split("<section").skip(1).collect();
    assert!(steps.iter().all(|step| step.matches("class=\"shm-caption").count() == 1), "a picture each");
    let drawn = |step: &str, what: &str| step.contains("<svg") && step.contains(what);
    assert!(!still::figure(&Scene::default()).contains("<svg"), "nothing is drawn where there is nothing");
    for what in [
        "class=\"shm-full\"",
        "class=\"shm-empty\"",
        "nattch 1",
        "&quot;THIS IS A TEST&quot;</text>",
        "<path",
    ] {
        assert!(steps.iter().any(|step| drawn(step, what)), "{what}");
    }
}

#[test]
fn every_level_is_on_the_playground_page() {
    let page = told("{{#playground}}");
    let files = fs::read_dir(root().join("lessons/levels")).expect("the levels").count();
    assert_eq!(page.matches("<li><strong>").count(), files);
}

#[test]
fn the_rules_are_told_from_the_code() {
    let rules = told("{{#rules}}");
    for text in ["## shmat", "## Waiting and waking", "counts mappings, not processes"] {
        assert!(rules.contains(text), "{text}");
    }
    assert!(told("{{#unknown}}").contains("SHM_HUGETLB"));
}

#[test]
fn every_claim_has_one_anchor() {
    let anchored: BTreeSet<String> = coverage::claim_chapters().expect("one each").into_keys().collect();
    let expected: BTreeSet<String> = (1..=coverage::CLAIMS).map(|number| format!("C{number}")).collect();
    assert_eq!(anchored, expected);
}

#[test]
fn every_erratum_has_its_heading() {
    assert_eq!(coverage::missing_errata().expect("the chapter"), Vec::<String>::new());
}

#[test]
fn no_lesson_tells_an_erratum_that_the_chapter_does_not_prove_with_it() {
    let errata = read("book/src/errata.md").expect("the chapter");
    for lesson in recording::told_lessons().expect("the lessons") {
        for told in Recording::load(lesson.number).expect("a recording").events {
            if let Event::Erratum { code, .. } = told.event {
                let proof = Regex::new(&format!(r"\{{\{{#proof {code}[ }}]")).expect("a pattern");
                assert!(proof.is_match(&errata), "{} tells {code}, and its entry has no proof", lesson.name);
            }
        }
    }
}

/// A chapter as it is told, without its Markdown.
fn told(text: &str) -> String {
    filled(text).unwrap_or_else(|problem| panic!("{text}: {problem:#}"))
}

#[test]
fn what_only_speaks_of_an_erratum_is_not_said_to_show_it() {
    let first = told("{{#proof E3 \"told 0\" \"The article's own text\"}}");
    assert!(first.contains("<li>The article's own text.</li>") && first.contains("Told in <a"), "{first}");
    assert!(!first.contains("Shown by"), "{first}");
    assert!(told("{{#proof E7}}").contains("Shown by <a href=\"lesson04.html#run\">lesson 4</a>"));
    assert!(filled("{{#proof E3 \"told 0\"}}").is_err(), "a telling proves nothing");
    assert!(filled("{{#proof E3 \"told 5\" \"shmget(2)\"}}").is_err(), "lesson 5 does not tell it");
}

#[test]
fn rows_that_are_new_or_gone_are_told_in_words() {
    let tables = |lesson: usize, step: &str| told(&format!("{{{{#show {lesson} \"{step}\" segments}}}}"));
    let new = tables(15, "Attach it, then remove it at once");
    let row = Regex::new(r"<td><mark>\d+</mark> <small>new</small></td>").expect("a pattern");
    assert!(row.is_match(&new), "{new}");
    let gone = Regex::new(r"<p>Gone since the table before: segment \d+\.</p>").expect("a pattern");
    assert!(gone.is_match(&new), "{new}");
    // The first table of a run has none before it.
    assert!(!tables(15, "Die before removing").contains("<small>new</small>"));
}

#[test]
fn an_error_is_told_with_its_reason_and_by_every_call_that_gives_it() {
    let chapter = read("book/src/reference.md").expect("the chapter");
    let directive = chapter.lines().find(|line| line.starts_with("{{#errors by-call")).expect("the table");
    let table = told(directive);
    let of = |call: &str| {
        let rows = table.split(&format!("<code>{call}</code></th>")).nth(1).expect("the call").to_owned();
        rows.split("rowgroup").next().expect("its rows").to_owned()
    };
    assert!(!table.contains("see <code>"), "a reason is no reference");
    for (call, error, reason) in [
        ("shmat", "EPERM", "mmap_min_addr"),
        ("shmget", "EPERM", "SHM_HUGETLB"),
        ("shmget", "ENOMEM", "huge pages"),
        ("shmget", "ENFILE", "open files"),
        ("shmctl, IPC_RMID", "EPERM", "CAP_SYS_ADMIN"),
    ] {
        let row =
            Regex::new(&format!("<code>{error}</code></td><td[^>]*>[^\n]*{reason}")).expect("a pattern");
        assert!(of(call).split("</tr>").any(|told| row.is_match(told)), "{call} {error}: {}", of(call));
    }
}

#[test]
fn the_listings_of_ipcs_and_lsipc_are_there_with_their_columns() {
    let [errata, tools] = ["errata", "tools"].map(|name| read(&format!("book/src/{name}.md")).expect("it"));
    let told_of =
        |text: &str| told(&text.lines().filter(|line| line.starts_with("{{#show")).collect::<String>());
    assert!(
        told_of(&errata).contains("key        shmid      owner      perms      bytes      nattch     status")
    );
    let tools = told_of(&tools);
    assert!(
        tools.contains("nattch     status") && tools.contains("rw-------") && tools.contains(" 25K "),
        "{tools}"
    );
}

/// What may be typed: words. Code, output, numbers and tables come from files that are run.
#[test]
fn nothing_is_typed_that_a_file_could_tell() {
    let put_in =
        Regex::new(r"\[[Ll]esson \d+\]\([^)]*\)|version 24\.04|\{\{#[^}]*\}\}|\{#E\d+\}|### E\d+: |\]\([^)]*\)|\[[CE]\d+\]")
            .expect("a pattern");
    let number = Regex::new(r"\b\d{2,}\b|\b0x").expect("a pattern");
    let german = Regex::new(r"\b(?:leav|left)\w*(?: [\w`']+){0,3} away\b").expect("a pattern");
    for (name, text) in chapters() {
        assert!(!german.is_match(&text), "book/src/{name}: what is not done is left out, not away");
        let text = put_in.replace_all(&text, "");
        for (place, line) in text.lines().enumerate() {
            let place = format!("book/src/{name}:{}: {line}", place + 1);
            assert!(!number.is_match(line), "a number is typed: {place}");
            assert!(!line.starts_with('|'), "a table is typed: {place}");
            assert!(!line.starts_with("```") || matches!(line, "```" | "```quiz"), "code is typed: {place}");
        }
    }
}

#[test]
fn a_missing_piece_stops_the_build_and_is_told_with_its_line() {
    let error = format!("{:#}", filled("\n\n{{#code 1 \"No such step\"}}").expect_err("it is missing"));
    assert!(error.starts_with("line 3: {{#code 1") && error.contains("lessons/lesson01.rs"), "{error}");
}

#[test]
fn every_link_in_the_book_has_its_target() {
    let folder = root().join("target/book-links");
    let mut book = MDBook::load(root().join("book")).expect("the book");
    book.config.build.build_dir = folder.clone();
    book.with_preprocessor(Playground);
    book.build().expect("a book");
    let pages = pages(&folder);
    let id = Regex::new(r#"\bid="([^"]+)""#).expect("a pattern");
    let ids: BTreeMap<&str, BTreeSet<&str>> = pages
        .iter()
        .map(|(name, text)| {
            (name.as_str(), id.captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect())
        })
        .collect();
    let link = Regex::new(r#"<a [^>]*href="([^"]+)""#).expect("a pattern");
    for (name, text) in &pages {
        for found in link.captures_iter(text) {
            let target = &found[1];
            assert!(!target.starts_with("http"), "{name} leads out of the book: {target}");
            let (page, anchor) = target.split_once('#').unwrap_or((target, ""));
            let page = if page.is_empty() { name } else { page };
            let there = ids.get(page).unwrap_or_else(|| panic!("{name}: there is no page {target}"));
            assert!(anchor.is_empty() || there.contains(anchor), "{name}: {target} leads nowhere");
        }
    }
    fs::remove_dir_all(folder).ok();
}

/// A plain `mdbook build book` calls our program for the chapters, as book.toml says.
#[test]
fn a_plain_mdbook_builds_the_same_pages() {
    let build = |name: &str, ours: bool| {
        let folder = root().join("target").join(name);
        let mut book = MDBook::load(root().join("book")).expect("the book");
        book.config.build.build_dir = folder.clone();
        if ours {
            book.with_preprocessor(Playground);
        }
        book.build().expect("a book");
        let pages = pages(&folder);
        fs::remove_dir_all(folder).ok();
        pages
    };
    assert!(build("book-ours", true) == build("book-plain", false), "the pages differ");
}

fn pages(folder: &Path) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the built book").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".html") && name != "404.html" {
            pages.insert(name, fs::read_to_string(entry.path()).expect("a page"));
        }
    }
    pages
}

/// The tables of the chapter on the proof are written by the proof: one that is older lacks a rule, or has one too many.
#[test]
fn the_wrong_rules_that_were_found_are_those_of_the_proof() {
    let rule = Regex::new(r#"Rules::(?:deciding|changing)\(\s*"([^"]+)""#).expect("a pattern");
    let row = Regex::new(r#"\["\d+", "([^"]+)"\]"#).expect("a pattern");
    let named = |pattern: &Regex, text: &str| -> BTreeSet<String> {
        pattern.captures_iter(text).map(|found| found[1].to_owned()).collect()
    };
    let files = fs::read_dir(root().join("tests/model/mutants")).expect("the folder").flatten();
    let sources: String = files.map(|file| fs::read_to_string(file.path()).expect("a source")).collect();
    let table = read("book/data/wrong-rules.toml").expect("a table");
    assert_eq!(named(&row, &table), named(&rule, &sources), "run the proof with MODEL_FIGURES once more");
}

/// The words of chapters and tables, looked up in a dictionary. The gate installs it; elsewhere it may be missing.
#[test]
fn every_word_is_spelt_as_in_the_dictionary() {
    let words = root().join("book/data/words.txt");
    let hunspell = Command::new("hunspell")
        .args(["-l", "-i", "utf-8", "-d", "en_GB", "-p"])
        .arg(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut hunspell) = hunspell else {
        eprintln!("spelling is not checked: hunspell is not installed");
        return;
    };
    hunspell.stdin.take().expect("a pipe").write_all(prose().as_bytes()).expect("hunspell reads");
    let output = hunspell.wait_with_output().expect("hunspell");
    let unknown: BTreeSet<&str> = std::str::from_utf8(&output.stdout).expect("UTF-8").lines().collect();
    assert!(unknown.is_empty(), "not in the dictionary, nor in book/data/words.txt: {unknown:?}");
}

/// Everything that is written for the book, without code and names.
fn prose() -> String {
    let mut text: String = chapters().into_iter().map(|(_, text)| text + "\n").collect();
    for entry in fs::read_dir(root().join("book/data")).expect("the folder").flatten() {
        if entry.path().extension().is_some_and(|ending| ending == "toml") {
            text += &fs::read_to_string(entry.path()).expect("a table");
        }
    }
    let no_words = [
        r"\[[CE]\d+\]\([^)]*\)",
        r"\{\{#[^}]*\}\}",
        r"\{#E\d+\}",
        r"(?m)^### E\d+:",
        r"\]\([^)]*\)",
        r"(?m)^[CE]\d+ =",
        "`[^`\n]*`",
        "(?m)^```.*$",
    ];
    no_words.iter().fold(text, |text, pattern| {
        Regex::new(pattern).expect("a pattern").replace_all(&text, " ").into_owned()
    })
}
