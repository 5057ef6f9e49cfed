//! The program: scripts, exit statuses, JSON, and puzzles marked by a script.

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs `play` with these lines on standard input.
pub fn play(arguments: &[&str], lines: impl AsRef<[u8]>) -> Output {
    // What is solved here is nobody's progress.
    let home = ["--home", env!("CARGO_TARGET_TMPDIR")];
    let home = if arguments.contains(&"--home") { &[][..] } else { &home[..] };
    let mut child = Command::new(env!("CARGO_BIN_EXE_play"))
        .args(home)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that has ended reads no more.
    let _ = child.stdin.take().unwrap().write_all(lines.as_ref());
    child.wait_with_output().unwrap()
}

pub fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn an_errno_is_an_answer_and_nonsense_is_a_misuse() {
    assert_eq!(play(&[], "shmdt(NULL)\n").status.code(), Some(0));
    let output = play(&[], "getpid()\nshmgte(1)\ngetpid()\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("there is no function shmgte. Did you mean shmget?"), "{}", text(&output));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "play: line 2 was not understood\n");
    assert_eq!(play(&["/no/such/file"], "").status.code(), Some(1));
    assert_eq!(play(&["--level", "no-such-level"], "").status.code(), Some(2));
    assert_eq!(play(&[], "save /no/such/folder/file\n").status.code(), Some(1));
}

#[test]
fn the_first_line_says_whose_kernel_answers() {
    let model = play(&["--kernel", "model"], "");
    assert!(text(&model).starts_with("This is a model of Linux's rules, not your kernel."));
    let model = play(&["--kernel", "model", "--format", "json"], "");
    assert!(text(&model).starts_with("{\"event\":\"begin\",\"kernel\":\"model\"}\n"), "{}", text(&model));
    if namespaces() {
        let linux = play(&["--kernel", "linux", "--format", "json"], "");
        assert!(text(&linux).starts_with("{\"event\":\"begin\",\"kernel\":\"linux\"}\n"), "{}", text(&linux));
        assert_eq!(text(&play(&["--format", "json"], "")), text(&linux));
        assert_eq!(text(&play(&["--isolated", "--format", "json"], "")), text(&linux));
    }
}

/// Whether this system allows private namespaces.
pub fn namespaces() -> bool {
    let allowed = play(&["--kernel", "linux"], "").status.success();
    if !allowed {
        eprintln!("NOT RUN: the system forbids private namespaces");
    }
    allowed
}

#[test]
fn lines_may_end_as_on_windows_and_hold_any_bytes() {
    let output = play(&[], "int id = shmget(IPC_PRIVATE, 1, 0600)\r\nid\r\n\r\n# comment\r\n");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(play(&[], b"puts(\"\xff\xfe\")\n").status.code(), Some(0));
    assert_eq!(play(&[], b"\xff\xfe\n").status.code(), Some(2));
    let with_a_mark = play(&[], b"\xef\xbb\xbfint id = 5\r\nid\r\n");
    assert_eq!(with_a_mark.status.code(), Some(0), "{}", text(&with_a_mark));
}

#[test]
fn half_lines_and_large_numbers_are_misuses_that_are_explained() {
    for (line, wanted) in [
        ("shmget(IPC_PRIVATE, 1", "the line ends where ) is missing"),
        ("puts(\"half", "this string does not end"),
        ("'ab", "this character does not end"),
        ("((((", "the line ends where a value is missing"),
        ("99999999999999999999999", "does not fit into 64 bits"),
        ("int a[9999999999]", "at most 1 MiB"),
        ("1 << 200", "shifts by more bits"),
        ("B: getpid()", "there is no process B: there is A alone"),
    ] {
        let output = play(&["--kernel", "model"], line);
        assert_eq!(output.status.code(), Some(2), "{line}");
        let told = text(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(wanted), "{line}: {told}");
    }
}

#[test]
fn each_event_is_a_line_of_json() {
    let output = play(&["--format", "json"], "shmget(0x52, 1, 0)\nfork()\nB: exit(0)\nundo\n");
    let events: Vec<serde_json::Value> =
        text(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["begin", "call", "call", "begins", "call", "ends", "undo", "ends", "ends"]);
    assert_eq!((&events[1]["errno"], &events[1]["who"]), (&"ENOENT".into(), &"A".into()));
    assert_eq!(events[1]["c"], "shmget(0x00000052, 1, 0) = -1 ENOENT (No such file or directory)");
}

#[test]
fn a_puzzle_is_marked_by_its_exit_status() {
    let solved = play(&["--level", "nobody", "--format", "json"], "shmget(IPC_PRIVATE, 1, 0)\n");
    assert_eq!(solved.status.code(), Some(0));
    assert!(text(&solved).contains("{\"calls\":1,\"event\":\"solved\",\"par\":1}\n"), "{}", text(&solved));
    let missed = play(&["--level", "nobody"], "shmget(IPC_PRIVATE, 1, 0600)\n");
    assert_eq!(missed.status.code(), Some(3));
    assert!(text(&play(&["--level"], "")).contains("nobody"));
}

#[test]
fn a_session_that_was_saved_can_be_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session");
    let lines = format!(
        "int id = shmget(0x52, 100, IPC_CREAT | 0600)\nsave {0}\nrestart\nsource {0}\nid\n",
        file.display()
    );
    let output = play(&[], lines);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(text(&output).matches("shmget(0x00000052, 100, IPC_CREAT|0600) = 0").count(), 2);
}

#[test]
fn what_is_solved_by_a_person_is_kept_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let list = || text(&play(&["--home", home, "--level"], ""));
    assert!(list().contains("0 of 31 solved"), "{}", list());
    play(&["--home", home, "--level", "nobody", "--format", "json"], "shmget(IPC_PRIVATE, 1, 0)\n");
    assert!(
        list().contains("0 of 31 solved"),
        "a script that is marked is not the teacher's own: {}",
        list()
    );
    let solved = play(&["--home", home, "--level", "nobody"], "shmget(IPC_PRIVATE, 1, 0)\n");
    assert!(text(&solved).contains("Next: play --level past-the-end"), "{}", text(&solved));
    assert!(list().contains("1 of 31 solved"), "{}", list());
    let row = list().lines().find(|line| line.starts_with("nobody")).unwrap().to_owned();
    assert!(row.ends_with("solved"), "{row}");
}

#[test]
fn a_thousand_processes_begin_or_it_is_said_why_not() {
    let lines = "new\n".repeat(1000) + "getpid()\n";
    for kernel in ["model", "linux"] {
        if kernel == "linux" && !namespaces() {
            continue;
        }
        let output = play(&["--kernel", kernel], &lines);
        let all = text(&output);
        assert!(all.contains("ALM begins: process 1101") || all.contains("start a process"), "{kernel}");
        assert!(all.contains("begins: process 200"), "{kernel}");
    }
}

#[test]
fn with_ascii_what_a_program_prints_is_ascii_too() {
    let lines = "char *p = shmat(shmget(IPC_PRIVATE, 99, 0600), NULL, 0); strcpy(p, \"für ▲\")\nputs(p)\n";
    let printed = |arguments: &[&str]| text(&play(arguments, lines));
    assert!(printed(&["--kernel", "model"]).contains("prints für ▲"));
    assert!(printed(&["--kernel", "model", "--ascii"]).contains("prints fur"));
}

#[test]
fn help_fits_a_narrow_terminal() {
    let calls = play::language::FUNCTIONS.iter().map(|function| format!("help {}\n", function.name));
    let lines = calls.fold("help\n".to_owned(), |lines, line| lines + &line);
    let told = text(&play(&["--kernel", "model"], lines));
    let wide: Vec<&str> = told.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn who_lives_or_waits_at_the_end_of_a_script_is_ended_and_it_is_told() {
    let lines = "int s = semget(IPC_PRIVATE, 1, 0600)\nfork()\nnew\nC: exit(0)\n\
                 B: semop(s, (struct sembuf[]){{0, -1, 0}}, 1)\n";
    for last in ["", "nonsense\n", "quit\n"] {
        let told = text(&play(&["--kernel", "model"], format!("{lines}{last}")));
        let mut end: Vec<&str> = told.lines().rev().take(2).collect();
        end.sort_unstable();
        assert_eq!(
            end,
            ["A   is ended with the script", "B   is ended with the script, in semop(0, [{0, -1, 0}], 1)"]
        );
    }
}

/// What both kernels tell of these lines, but for the first, which says whose kernel answers.
fn told_by_each_kernel(lines: &str) -> Vec<String> {
    let kernels = ["model", "linux"];
    let there = kernels.into_iter().filter(|kernel| *kernel == "model" || namespaces());
    let told = there.map(|kernel| text(&play(&["--kernel", kernel], lines)));
    told.map(|told| told.split_once('\n').unwrap().1.to_owned()).collect()
}

/// The same without what is said of the time that passes: the model's passes at once.
fn told_in_any_time(lines: &str) -> Vec<String> {
    let told = told_by_each_kernel(lines);
    let stays = |line: &&str| !line.starts_with("    ... waits ");
    told.iter().map(|told| told.lines().filter(stays).flat_map(|line| [line, "\n"]).collect()).collect()
}

/// As execlp(3) has it: the program, then its own name, then what it is told.
#[test]
fn another_program_runs_with_its_own_arguments_and_its_end_is_told() {
    let lines = "fork()\nB: execlp(\"sleep\", \"x\", \"0.1\", NULL)\nkill(B, 0)\nkill(B, 0)\n";
    for told in told_by_each_kernel(lines) {
        let at = |text: &str| told.find(text).unwrap_or_else(|| panic!("{text}: {told}"));
        assert!(at("kill(102, 0) = 0") < at("is over: its program exited with status 0"), "{told}");
        assert!(at("is over: its program") < at("It is a zombie until A, its parent"), "{told}");
        assert_eq!(told.matches("kill(102, 0) = 0").count(), 2, "{told}");
    }
}

#[test]
fn an_attachment_keeps_the_name_of_the_key_that_its_segment_was_made_with() {
    let lines = "id = shmget(0x52, 1, IPC_CREAT | 0600); p = shmat(id, NULL, 0); shmctl(id, IPC_RMID, NULL)\ncat /proc/self/maps\n";
    for told in told_by_each_kernel(lines) {
        assert!(told.contains("key 0x00000052 -> 0x00000000"), "{told}");
        assert!(told.contains("/SYSV00000052 (deleted)"), "{told}");
    }
}

/// The rules' clock decides when a program is over, so that no script depends on how fast this computer is.
#[test]
fn programs_come_to_the_same_end_on_both_kernels() {
    let mut lines = String::new();
    for (letter, words) in
        [("B", "\"true\""), ("C", "\"cat\""), ("D", "\"sleep\", \"1\""), ("E", "\"false\"")]
    {
        let name = words.split(", ").next().unwrap();
        lines += &format!("A: fork()\n{letter}: execlp({name}, {words}, NULL)\nA: int x = 1\nx\n");
    }
    lines += "undo 3\nredo 3\nkill(D, 0)\nkill(E, 0)\n";
    let told = told_in_any_time(&lines);
    assert!(told.iter().all(|each| *each == told[0]), "{told:#?}");
    assert_eq!(told[0].matches("is over: its program exited with status 0").count(), 3, "{}", told[0]);
    assert_eq!(told[0].matches("is over: its program exited with status 1").count(), 1, "{}", told[0]);
    assert!(!told[0].contains("Done again"), "{}", told[0]);
}

/// What a program's end was is known when the lines before it are done again: the time is not. To wait ten times more would
/// take twenty seconds.
#[test]
fn undo_does_not_wait_again_for_a_program_that_has_ended() {
    let again = "undo\nredo\n".repeat(10);
    let script = format!(
        "fork()\nB: execlp(\"sleep\", \"sleep\", \"2\", NULL)\nint a\nint b\nint d\n{again}kill(B, 0)\n"
    );
    let begun = std::time::Instant::now();
    let told = told_in_any_time(&script);
    assert!(begun.elapsed() < std::time::Duration::from_secs(15), "{:?}", begun.elapsed());
    assert!(told.iter().all(|each| *each == told[0]), "{told:#?}");
    assert_eq!(told[0].matches("is over: its program exited with status 0").count(), 1, "{}", told[0]);
    assert!(told[0].contains("kill(102, 0) = 0"), "{}", told[0]);
}

#[test]
fn what_a_program_prints_is_shown_with_its_name_and_the_model_runs_none() {
    let model = |script: &str| text(&play(&["--kernel", "model"], script));
    let told = model("execlp(\"sleep\", \"sleep\", \"soon\", NULL)\n");
    assert!(told.contains("The model runs no program: what sleep prints"), "{told}");
    let told = model("execlp(\"true\", \"true\", NULL)\n");
    assert!(!told.contains("The model runs no program"), "{told}");
    if !namespaces() {
        return;
    }
    let linux = |script: &str| text(&play(&["--kernel", "linux"], script));
    let told = linux("execlp(\"echo\", \"echo\", \"hello\", NULL)\n");
    assert!(
        told.contains("\nA   echo prints hello\nA   is over: its program exited with status 0\n"),
        "{told}"
    );
    let told = linux("new\nexeclp(\"yes\", \"yes\", NULL)\nB: getpid()\nB: getpid()\n");
    assert_eq!(told.matches("yes prints y\n").count(), 40, "{told}");
    assert_eq!(told.matches("yes prints more than 40 lines").count(), 1, "{told}");
}

/// What is heard with a line that is not understood is told all the same.
#[test]
fn the_end_of_a_program_is_told_beside_a_line_that_is_not_understood() {
    for told in told_by_each_kernel("fork()\nB: execlp(\"true\", \"true\", NULL)\nB: getpid()\n") {
        assert!(told.contains("B   is over: its program exited with status 0"), "{told}");
    }
}

#[test]
fn what_is_waited_for_in_real_time_is_said() {
    let script = "fork()\nB: execlp(\"sleep\", \"sleep\", \"1\", NULL)\nwait(NULL)\nA: getpid()\n";
    for (told, waits) in told_by_each_kernel(script).iter().zip([false, true]) {
        assert!(told.contains("A   wait(NULL) = 102"), "{told}");
        assert_eq!(told.contains("s, until sleep 1 ends"), waits, "{told}");
    }
}

#[test]
fn what_the_model_cannot_run_it_says_in_words() {
    let told = text(&play(&["--kernel", "model"], "execlp(\"sh\", \"sh\", \"-c\", \"exit 3\", NULL)\n"));
    assert!(told.contains("the model cannot tell what sh -c exit 3 does"), "{told}");
    let told = text(&play(&["--kernel", "model"], "execlp(\"ls\", \"ls\", NULL)\n"));
    assert!(told.contains("The model has these programs and no others: cat, false, sh, sleep,"), "{told}");
}

/// Where a session is written, and what there was before.
#[test]
fn what_cannot_be_saved_leaves_the_file_and_the_session_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session");
    std::fs::write(&file, "int old = 1\n").unwrap();
    for (name, why) in
        [("/dev/full", "No space left"), ("/no/such/folder/x", "No such file"), ("/", "directory")]
    {
        let output = play(&["--kernel", "model"], format!("int x = 1\nsave {name}\n"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains(&format!("{name} was not saved: ")) && said.contains(why), "{said}");
    }
    let output = play(&["--kernel", "model"], format!("int x = 1\nsave {}\nx\n", file.display()));
    assert!(text(&output).contains("Saved in") && text(&output).contains("= 1   int"), "{}", text(&output));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "int x = 1\n");
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["session"]);
}

#[test]
fn a_solved_level_that_cannot_be_kept_is_solved_all_the_same() {
    let lines = "shmget(IPC_PRIVATE, 1, 0)\n";
    let output = play(&["--level", "nobody", "--kernel", "model", "--home", "/no/such/folder"], lines);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output).contains("could not be kept for the next time: No such file"), "{}", text(&output));
}

#[test]
fn what_the_shells_commands_are_refused_is_an_answer() {
    for kernel in ["model", "linux"] {
        if kernel == "linux" && !namespaces() {
            continue;
        }
        let output = play(&["--kernel", kernel], "ipcrm -m 77\nsysctl kernel.shmmni=-1\n");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        assert!(text(&output).contains("ipcrm: invalid id (77)"), "{}", text(&output));
    }
}

#[test]
fn a_hint_is_an_event_like_any_other() {
    let output = play(&["--level", "nobody", "--kernel", "model", "--format", "json"], "hint\n");
    assert!(text(&output).lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    assert!(text(&output).contains("\"event\":\"hint\""), "{}", text(&output));
}

#[test]
fn help_tells_flags_and_errors_of_every_system_call() {
    for call in ["shmget", "shmat", "shmctl", "semget", "semop", "semtimedop", "semctl", "kill", "mprotect"] {
        let told = text(&play(&["--kernel", "model"], format!("help {call}\n")));
        for part in ["Flags:", "Errors:", "For example:"] {
            assert!(told.contains(part), "{call}: {told}");
        }
    }
}

#[test]
fn a_session_can_begin_where_a_lesson_is() {
    let so_far = "int id = shmget(IPC_PRIVATE, 25600, 0600)\n# left out: something\nfork()\nB: char *p = shmat(id, NULL, 0)";
    let lines = "restart\nid\nB: p[0]\nundo\nipcs -m\n";
    for kernel in ["model", "linux"] {
        if kernel == "linux" && !namespaces() {
            continue;
        }
        let output = play(&["--kernel", kernel, "--so-far", so_far], lines);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        assert!(text(&output).contains("25600      1"), "{}", text(&output));
        assert!(text(&output).contains("Until now"), "{}", text(&output));
        assert!(text(&output).contains("1 step of the lesson is left out"), "{}", text(&output));
        assert!(!text(&output).contains("# left out"), "{}", text(&output));
    }
}

#[test]
fn a_level_that_there_is_not_is_near_one_that_there_is_and_hints_are_counted() {
    let output = play(&["--level", "helo"], "");
    assert!(String::from_utf8_lossy(&output.stderr).contains("Did you mean hello?"), "{output:?}");
    let home = tempfile::tempdir().unwrap();
    let home = home.path().to_str().unwrap();
    let level = ["--home", home, "--kernel", "model", "--level"];
    play(&[&level[..], &["hello"]].concat(), "hint\nhint\n");
    let listed = text(&play(&["--home", home, "--level"], ""));
    let row = listed.lines().find(|line| line.starts_with("hello ")).unwrap();
    assert!(row.ends_with("hints 2"), "{row}");
}
