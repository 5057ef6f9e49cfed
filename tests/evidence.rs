//! What a program shows of the kernel is what other tools show of it at the same moment: while a step waits, the
//! segment really exists, and `ipcs` and `/proc` are asked from outside.

use crate::support;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::Value;
use support::{Format, Run, Running, Terminal, assert_nothing_left, program, programs};

/// The lines of `ipcs -m`, blanks folded, by the segment's id.
fn ipcs() -> BTreeMap<i64, String> {
    let output = Command::new("ipcs").arg("-m").env("LC_ALL", "C").output();
    let output = output.expect("these tests need `ipcs`, of the package util-linux");
    assert!(output.status.success(), "ipcs -m failed: {output:?}");
    let text = String::from_utf8(output.stdout).expect("ASCII");
    let lines = text.lines().filter(|line| line.starts_with("0x")).map(folded);
    lines.filter_map(|line| Some((line.split(' ').nth(1)?.parse().ok()?, line))).collect()
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes every program to each of its prompts in turn, and hands over what it told since the prompt before.
fn at_every_prompt(format: Format, mut look: impl FnMut(&Running, &str)) {
    for program in programs() {
        let mut running = Run::stepping(&program, format).start();
        let (mut prompt, mut told) = (1, 0);
        while running.until_prompt_or_end(prompt) {
            look(&running, &running.out()[told..]);
            told = running.out().len();
            running.send("\n");
            prompt += 1;
        }
        let finished = running.finish();
        finished.assert_exited(0);
        assert_nothing_left(&finished);
    }
}

/// The events in a stretch of JSON Lines that still hold at its end: those of this name, after the last event that
/// changes what the kernel would show.
fn still_true(told: &str, name: &str) -> Vec<Value> {
    let events: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    let last_change = events.iter().rposition(changes_something).map_or(0, |last| last + 1);
    events[last_change..].iter().filter(|event| event["event"] == name).cloned().collect()
}

fn changes_something(event: &Value) -> bool {
    let asks_only = event["args"]["cmd"] == "IPC_STAT";
    let operations = ["call", "memory", "fork", "exec", "signal", "tool"];
    !asks_only && operations.iter().any(|operation| event["event"] == *operation)
}

/// Runs every command that a lesson offers, at the prompt that follows.
#[test]
fn every_command_to_try_shows_what_is_said_of_it() {
    let (mut events, mut tried) = (Vec::new(), 0);
    at_every_prompt(Format::Json, |running, told| {
        let told = told.lines().map(|line| serde_json::from_str::<Value>(line).expect("an event"));
        let told: Vec<_> = told.collect();
        if told.iter().any(|event| event["event"] == "lesson") {
            events.clear();
        }
        events.extend(told.iter().cloned());
        for offer in told.iter().filter(|event| event["event"] == "try") {
            assert_shows_what_is_said(running, offer, &names(&events));
            tried += 1;
        }
    });
    assert!(tried > 20, "only {tried} commands were offered");
}

/// The ids of segments and sets that a story has told of so far, and its processes.
fn names(events: &[Value]) -> Vec<String> {
    let results =
        events.iter().filter(|event| ["shmget", "semget"].iter().any(|name| event["name"] == *name));
    let pids = events.iter().filter(|event| ["lesson", "fork"].iter().any(|name| event["event"] == *name));
    let numbers = results.map(|call| &call["result"]).chain(pids.map(|event| &event["pid"]));
    numbers.filter(|number| !number.is_null()).map(Value::to_string).collect()
}

fn assert_shows_what_is_said(running: &Running, offer: &Value, names: &[String]) {
    let [command, shows] = ["command", "shows"].map(|part| offer[part].as_str().expect("text"));
    // The two sides have tests of their own; and limits name nobody.
    if command.starts_with("cargo run") {
        return;
    }
    let output = Command::new("sh").args(["-c", command]).env("LC_ALL", "C").output().expect("sh");
    let text = String::from_utf8_lossy(&output.stdout);
    let seen = format!("{}: `{command}` is to show {shows:?}, and shows: {output:?}", running.name);
    assert!(output.status.success() && !text.trim().is_empty(), "{seen}");
    let values = shows.split(&[' ', ',', ':'][..]).filter(|word| word.contains('='));
    assert!(values.into_iter().all(|value| text.contains(value)), "{seen}");
    let numbers: Vec<_> = text.split(|c: char| !c.is_ascii_digit()).collect();
    let named = |id: &&str| names.iter().any(|name| name == id);
    let times = numbers.iter().copied().filter(named).count();
    let least =
        if command.contains("ipcs -m -l") { 0 } else { 1 + usize::from(shows.contains("two ranges")) };
    assert!(times >= least, "{seen}");
}

#[test]
fn the_table_on_the_screen_is_that_of_ipcs() {
    let mut compared = 0;
    at_every_prompt(Format::Json, |running, told| {
        let text = ipcs();
        for table in still_true(told, "segments") {
            for row in table["rows"].as_array().expect("rows") {
                let line = &text[&row["shmid"].as_i64().expect("an id")];
                assert_eq!(&row_as_ipcs_has_it(row), line, "{}", running.name);
                compared += 1;
            }
        }
    });
    assert!(compared > 3, "only {compared} rows were there to compare");
}

fn row_as_ipcs_has_it(row: &Value) -> String {
    let number = |name: &str| row[name].as_i64().expect("a number");
    let perms =
        row["perms"].as_str().and_then(|perms| i64::from_str_radix(perms, 8).ok()).expect("octal digits");
    let key = number("key") as i32;
    let owner = row["owner"].as_str().expect("an owner");
    let status = [(0o1000, "dest"), (0o2000, "locked")];
    let status: Vec<_> = status.iter().filter(|(bit, _)| perms & bit != 0).map(|(_, name)| *name).collect();
    folded(&format!(
        "{key:#010x} {} {owner} {:o} {} {} {}",
        number("shmid"),
        perms & 0o777,
        number("size"),
        number("nattch"),
        status.join(" ")
    ))
}

/// The text shows the very lines of `ipcs -m`, but for the blanks between the columns.
#[test]
fn the_table_in_the_text_has_the_lines_of_ipcs() {
    let mut compared = 0;
    at_every_prompt(Format::Text, |running, told| {
        // A table may have been overtaken by the calls after it.
        let Some((_, table)) =
            told.rsplit_once("\n  ipcs -m\n").filter(|(_, after)| !after.contains("\n  C  "))
        else {
            return;
        };
        let now: Vec<_> = ipcs().into_values().collect();
        for line in table.lines().map(folded).filter(|line| line.starts_with("0x0000")) {
            assert!(now.contains(&line), "{}: {line} is not in {now:#?}", running.name);
            compared += 1;
        }
    });
    assert!(compared > 3, "only {compared} lines were there to compare");
}

#[test]
fn the_maps_on_the_screen_are_those_of_proc() {
    let mut compared = 0;
    at_every_prompt(Format::Json, |_, told| {
        for maps in still_true(told, "maps") {
            let real = fs::read_to_string(format!("/proc/{}/maps", maps["pid"])).expect("the process waits");
            let real: Vec<_> = real.lines().filter(|line| line.contains("/SYSV")).map(folded).collect();
            let lists = ["added", "kept"].map(|list| maps[list].as_array().expect("a list").clone());
            let mut shown: Vec<_> = lists.iter().flatten().map(mapping_as_proc_has_it).collect();
            shown.sort();
            assert_eq!(shown, real);
            compared += shown.len();
        }
    });
    assert!(compared > 1, "only {compared} lines were there to compare");
}

fn mapping_as_proc_has_it(line: &Value) -> String {
    let number = |name: &str| line[name].as_u64().expect("a number");
    let word = |name: &str| line[name].as_str().expect("a word");
    let (start, end, offset) = (number("start"), number("end"), number("offset"));
    let (perms, device, inode, name) = (word("perms"), word("device"), number("inode"), word("name"));
    folded(&format!("{start:08x}-{end:08x} {perms} {offset:08x} {device} {inode} {name}"))
}

#[test]
fn the_maps_in_the_text_have_the_lines_of_proc() {
    let mut compared = 0;
    at_every_prompt(Format::Text, |running, told| {
        // Lines that are too long for the screen go on below; a mark stands before each.
        let told = folded(told);
        let real = fs::read_to_string(format!("/proc/{}/maps", running.pid())).expect("the process waits");
        let lines = real.lines().filter(|line| line.contains("/SYSV")).map(folded);
        compared += lines.filter(|line| told.contains(&format!("+ {line}"))).count();
    });
    assert!(compared > 1, "only {compared} lines were found");
}

/// The columns of `/proc/sysvipc/shm` and the fields of `struct shmid_ds` that say the same.
const SAME: [(&str, &str); 13] = [
    ("key", "shm_perm.__key"),
    ("uid", "shm_perm.uid"),
    ("gid", "shm_perm.gid"),
    ("cuid", "shm_perm.cuid"),
    ("cgid", "shm_perm.cgid"),
    ("perms", "shm_perm.mode"),
    ("size", "shm_segsz"),
    ("atime", "shm_atime"),
    ("dtime", "shm_dtime"),
    ("ctime", "shm_ctime"),
    ("cpid", "shm_cpid"),
    ("lpid", "shm_lpid"),
    ("nattch", "shm_nattch"),
];

#[test]
fn the_record_on_the_screen_is_that_of_proc() {
    let mut compared = 0;
    at_every_prompt(Format::Json, |running, told| {
        for record in still_true(told, "record") {
            let real = proc_row(&record["shmid"].to_string());
            for field in record["fields"].as_array().expect("fields") {
                let name = field["name"].as_str().expect("a name");
                let column = SAME.iter().find(|(_, same)| *same == name).expect("a field of the record").0;
                let shown = field["values"].as_array().and_then(|values| values.last()).expect("a value");
                let shown = number_in(name, shown.as_str().expect("text"));
                assert_eq!(shown, number_in(column, &real[column]), "{name}, {}", running.name);
                compared += 1;
            }
        }
    });
    assert!(compared >= 2 * SAME.len(), "only {compared} fields were there to compare");
}

/// The row of a segment in the kernel's own table, by the names of its columns.
fn proc_row(id: &str) -> BTreeMap<String, String> {
    let table = fs::read_to_string("/proc/sysvipc/shm").expect("System V IPC");
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut lines = table.lines().map(words);
    let heading = lines.next().expect("a heading");
    let row = lines.find(|row| row[1] == id).expect("the segment's row");
    heading.into_iter().zip(row).collect()
}

/// A cell as a number: keys are shown in hexadecimal, modes in octal; and words stand behind some numbers.
fn number_in(name: &str, cell: &str) -> i64 {
    let digits = cell.split(',').next().unwrap_or_default();
    let number = match (digits.strip_prefix("0x"), name) {
        (Some(hexadecimal), _) => i64::from_str_radix(hexadecimal, 16),
        (None, "perms" | "shm_perm.mode") => i64::from_str_radix(digits, 8),
        (None, _) => digits.parse(),
    };
    number.unwrap_or_else(|error| panic!("{name} is {cell:?}: {error}"))
}

/// The promise of the prompt: while a step waits, `ipcs -m` in a second terminal lists what the screen shows.
#[test]
fn while_a_step_waits_in_a_terminal_ipcs_lists_the_segment_on_its_screen() {
    let mut listed = 0;
    for program in programs() {
        let mut terminal = Terminal::start(Run::shortly(&program), 24, 80);
        let mut prompt = 1;
        while terminal.until_prompt_or_end(prompt) {
            let screen = terminal.screen();
            let now = ipcs();
            let rows = screen.lines().map(folded).filter(|line| line.starts_with("0x0000"));
            listed += rows.filter(|row| now.values().any(|line| line == row)).count();
            terminal.send("\n");
            prompt += 1;
        }
        assert_nothing_left(&terminal.into_running().finish());
    }
    assert!(listed > 1, "ipcs has listed {listed} of the rows on screens");
}

/// The form that Linux had before `ipcrm -m ID`: lesson 15 says that it still works.
#[test]
fn the_old_form_of_ipcrm_still_works() {
    let mut running = Run::stepping(&program("lesson01"), Format::Json).start().go_to_prompt(2);
    let made = running.events().into_iter().find(|event| event["name"] == "shmget").expect("a segment");
    let id = made["result"].to_string();
    assert!(ipcs().contains_key(&id.parse().expect("an id")));
    let removed = Command::new("ipcrm").args(["shm", &id]).status().expect("these tests need `ipcrm`");
    assert!(removed.success());
    assert!(!ipcs().contains_key(&id.parse().expect("an id")));
    running.send("q\n");
    assert_nothing_left(&running.finish());
}
