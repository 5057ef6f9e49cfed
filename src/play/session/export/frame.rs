//! What stands around the calls: the head of the program, its processes, and the scheduler.

use super::Turn;
use super::notation::Language;
use super::symbols::{Kind, Symbols};

/// The whole program.
pub fn whole(
    language: Language,
    many: bool,
    processes: usize,
    symbols: &Symbols,
    turns: &[Turn],
) -> Vec<String> {
    let mut text = match (language, many) {
        (Language::C, _) => C_HEAD.to_owned(),
        (Language::Rust, _) => RUST_HEAD.to_owned(),
    };
    if many {
        text += &shared(language, processes, symbols);
        text += if language == Language::C { C_SHARED } else { RUST_SHARED };
        (0..processes).for_each(|number| text += &process(language, number, turns));
        text += &start(language, processes);
        text += &scheduler(language, processes, turns);
    } else {
        text += &alone(language, symbols, turns);
    }
    text.lines().map(str::to_owned).collect()
}

fn declared(language: Language, kind: Kind, name: &str) -> String {
    match (language, kind) {
        (Language::C, Kind::Address) => format!("char *{name}"),
        (Language::C, Kind::Key) => format!("key_t {name}"),
        (Language::C, _) => format!("int {name}"),
        (Language::Rust, Kind::Address) => format!("{name}: *mut u8"),
        (Language::Rust, _) => format!("{name}: i32"),
    }
}

/// The variables that all processes share.
fn shared(language: Language, processes: usize, symbols: &Symbols) -> String {
    let variables = symbols.all().map(|(kind, name)| declared(language, kind, name));
    match language {
        Language::C => {
            let variables: String = variables.map(|one| format!("    {one};\n")).collect();
            format!(
                "static struct shared {{\n    pid_t pid[{processes}];\n    atomic_int turn[{processes}], done[{processes}];\n{variables}}} *shared;\n"
            )
        }
        Language::Rust => {
            let variables: String = variables.map(|one| format!("    {one},\n")).collect();
            format!(
                "struct Shared {{\n    pid: [i32; {processes}],\n    turn: [AtomicI32; {processes}],\n    done: [AtomicI32; {processes}],\n{variables}}}\n"
            )
        }
    }
}

fn indented(lines: &[String]) -> String {
    lines.iter().map(|line| format!("    {line}\n")).collect()
}

/// What one process does, turn by turn.
fn process(language: Language, number: usize, turns: &[Turn]) -> String {
    let turns = turns.iter().filter(|turn| turn.who == Some(number));
    let body: String = turns
        .map(|turn| {
            let done = if turn.leaves { String::new() } else { format!("    done({number});\n") };
            format!("    await_turn({number});\n{}{done}", indented(&turn.lines))
        })
        .collect();
    match language {
        Language::C => format!(
            "\nstatic _Noreturn void process_{number}(void)\n{{\n    unsigned record[64];\n    (void)record;\n{body}    for (;;) pause();\n}}\n"
        ),
        Language::Rust => format!(
            "\nunsafe fn process_{number}() -> ! {{ unsafe {{\n    let shared = SHARED;\n    let mut record = [0u32; 64];\n{body}    loop {{ pause(); }}\n}} }}\n"
        ),
    }
}

/// Starts a process by its number: it goes on in a function of its own.
fn start(language: Language, processes: usize) -> String {
    let numbers = 0..processes;
    match language {
        Language::C => {
            let cases: String =
                numbers.map(|number| format!("    case {number}: process_{number}();\n")).collect();
            format!(
                "\nstatic void start(int number)\n{{\n    pid_t pid = fork();\n    if (pid == -1) fail(\"fork\");\n    if (pid != 0) {{\n        shared->pid[number] = pid;\n        return;\n    }}\n    signal(SIGCHLD, SIG_DFL);\n    switch (number) {{\n{cases}    }}\n}}\n"
            )
        }
        Language::Rust => {
            let cases: String =
                numbers.map(|number| format!("        {number} => process_{number}(),\n")).collect();
            format!(
                "\nunsafe fn start(number: usize) {{ unsafe {{\n    let pid = fork();\n    if pid == -1 {{ fail(\"fork\") }}\n    if pid != 0 {{\n        (*SHARED).pid[number] = pid;\n        return;\n    }}\n    signal(SIGCHLD, SIG_DFL);\n    match number {{\n{cases}        _ => _exit(1),\n    }}\n}} }}\n"
            )
        }
    }
}

/// The first process: it starts the others, and gives each its turn.
fn scheduler(language: Language, processes: usize, turns: &[Turn]) -> String {
    let steps: String = turns
        .iter()
        .map(|turn| match (turn.who, turn.leaves) {
            (None, _) => indented(&turn.lines),
            (Some(number), false) => format!("    run({number});\n"),
            (Some(number), true) => format!("    let_go_on({number});\n"),
        })
        .collect();
    match language {
        Language::C => format!(
            "\nint main(void)\n{{\n    unsigned record[64];\n    (void)record;\n    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);\n    if (shared == MAP_FAILED) fail(\"mmap\");\n    signal(SIGCHLD, SIG_IGN); // Nothing stays of a process of its own that has ended.\n    start(0);\n{steps}    for (int i = 0; i < {processes}; i++) if (shared->pid[i] > 0) settle(i);\n    for (int i = 0; i < {processes}; i++) if (shared->pid[i] > 0) kill(shared->pid[i], SIGKILL);\n    return 0;\n}}\n"
        ),
        Language::Rust => format!(
            "\nfn main() {{ unsafe {{\n    let mut record = [0u32; 64];\n    SHARED = mmap(null_mut(), size_of::<Shared>(), 3, 0x21, -1, 0).cast();\n    if SHARED as usize == usize::MAX {{ fail(\"mmap\") }}\n    let shared = SHARED;\n    signal(SIGCHLD, SIG_IGN); // Nothing stays of a process of its own that has ended.\n    start(0);\n{steps}    for number in 0..{processes} {{\n        if (*shared).pid[number] > 0 {{ settle(number); }}\n    }}\n    for pid in (*shared).pid {{\n        if pid > 0 {{ kill(pid, 9); }}\n    }}\n}} }}\n"
        ),
    }
}

/// A program of one process.
fn alone(language: Language, symbols: &Symbols, turns: &[Turn]) -> String {
    let body: String = turns.iter().map(|turn| indented(&turn.lines)).collect();
    let variables = symbols.all();
    match language {
        Language::C => {
            let variables: String =
                variables.map(|(kind, name)| format!("    {};\n", declared(language, kind, name))).collect();
            format!(
                "\nint main(void)\n{{\n    unsigned record[64];\n    (void)record;\n{variables}\n{body}    return 0;\n}}\n"
            )
        }
        Language::Rust => {
            let variables: String = variables
                .map(|(kind, name)| {
                    let nothing = if kind == Kind::Address { "null_mut()" } else { "-1" };
                    format!("    let mut {} = {nothing};\n", declared(language, kind, name))
                })
                .collect();
            format!("\nfn main() {{ unsafe {{\n    let mut record = [0u32; 64];\n{variables}\n{body}}} }}\n")
        }
    }
}

const C_HEAD: &str = include_str!("head.c");
const RUST_HEAD: &str = include_str!("head.rs.txt");
const C_SHARED: &str = include_str!("shared.c");
const RUST_SHARED: &str = include_str!("shared.rs.txt");
