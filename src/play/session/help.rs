//! What `help` says: an overview, or what one name means.
//!
//! **Invariant:** every function, word, constant and structure that can be typed has an answer.

use crate::c::{CONSTANTS, STRUCTS};
use crate::language::{FUNCTIONS, Function, Misunderstood, function, manual, meaning, names};

/// Names that stand in no table of the manual, with what each means.
const MEANINGS: &[(&str, &str)] = &[
    ("NULL", "The address that is none. For shmat it means: the kernel chooses."),
    ("IPC_PRIVATE", "As a key: always a new segment or set, which no key leads to."),
    ("IPC_INFO", "Copies the limits into a struct shminfo or seminfo, and returns the highest index."),
    ("SHM_STAT", "As IPC_STAT, but takes an index of the table in the place of an id, and returns the id."),
    ("SHM_STAT_ANY", "As SHM_STAT, and does not ask for the right to read."),
    ("SHM_R", "0400: the owner may read."),
    ("SHM_W", "0200: the owner may write."),
    ("SHM_HUGETLB", "shmget: with huge pages, where the machine keeps some."),
    ("SHM_NORESERVE", "shmget: memory is counted when it is touched, and not before."),
    ("SHM_DEST", "In shm_perm.mode after IPC_STAT: marked for destruction."),
    ("SHM_LOCKED", "In shm_perm.mode after IPC_STAT: kept out of swap."),
    ("SHMLBA", "An address for shmat is a multiple of it: a page, on most machines."),
    ("SEM_STAT", "As IPC_STAT, but takes an index of the table in the place of an id, and returns the id."),
    ("SEM_STAT_ANY", "As SEM_STAT, and does not ask for the right to read."),
    ("SEM_INFO", "Copies into a struct seminfo how many sets and semaphores there are."),
    ("PROT_EXEC", "mprotect: code in these pages may run."),
    ("PROT_WRITE", "mprotect: these pages may be written."),
    ("S_IRUSR", "The owner may read."),
    ("S_IWUSR", "The owner may write."),
    ("S_IXUSR", "The owner may execute: System V IPC does not use this bit."),
    ("S_IRGRP", "The group may read."),
    ("S_IWGRP", "The group may write."),
    ("S_IROTH", "Others may read."),
    ("S_IWOTH", "Others may write."),
    ("SIGHUP", "A signal that ends a process here: its terminal is gone."),
    ("SIGINT", "A signal that ends a process here: Ctrl-C sends it."),
    ("SIGSEGV", "The signal for an access where nothing is mapped, or that the mapping forbids."),
    ("SIGTERM", "A signal that asks a process to end; here it does."),
    ("EXIT_SUCCESS", "The status of a program that has done its work: exit(EXIT_SUCCESS)."),
    ("EXIT_FAILURE", "The status of a program that has failed: exit(EXIT_FAILURE)."),
    ("EPERM", "Only the owner, the creator or root may do this."),
    ("ENOENT", "There is no such key, file or program."),
    ("E2BIG", "semop: more operations than the limit semopm allows."),
    ("ENOMEM", "There is not enough memory, or no room in the address space."),
    ("EFAULT", "The address of a buffer is outside of the process's memory."),
    ("errno", "Why the last call that failed was refused. perror(\"shmat\") prints it."),
    ("hint", "In a level: tells the next of three hints."),
    ("B:", "B: before a line lets process B act. B: alone moves the prompt to it."),
    ("sizeof", "How many bytes a type or a variable takes: sizeof(struct shmid_ds)."),
    ("level", "play --level lists the puzzles. play --level NAME starts one."),
];

/// What can be typed, or what a name means.
///
/// # Errors
///
/// Where the name means nothing, with the nearest that does.
pub(super) fn help(name: Option<&str>, line: &str) -> Result<Vec<String>, Misunderstood> {
    let Some(asked) = name else { return Ok(overview()) };
    let name = asked.trim_end_matches([';', ')', '(']).trim_start_matches(':');
    let name = name.strip_prefix("struct ").unwrap_or(name);
    of_function(name)
        .or_else(|| of_word(name))
        .or_else(|| of_structure(name))
        .or_else(|| of_name(name))
        .ok_or_else(|| {
            Misunderstood::new(line, 0, format!("there is no help for {asked}")).near(name, known())
        })
}

/// Everything that there is help for.
fn known() -> impl Iterator<Item = &'static str> {
    let functions = FUNCTIONS.iter().map(|function| function.name);
    let constants = CONSTANTS.iter().map(|(name, ..)| *name);
    let structures = STRUCTS.iter().map(|of| of.name);
    functions.chain(names()).chain(constants).chain(structures).chain(MEANINGS.iter().map(|(name, _)| *name))
}

fn of_function(name: &str) -> Option<Vec<String>> {
    let Function { prototype, does, example, .. } = function(name)?;
    let first = prototype.lines().chain([*does]).map(str::to_owned);
    let flags = listed("Flags:", manual::flags(name));
    let errors = listed("Errors:", manual::errors(name));
    let example = ["For example:".to_owned(), format!("  {example}")];
    Some(first.chain(flags).chain(errors).chain(example).collect())
}

fn of_word(name: &str) -> Option<Vec<String>> {
    let (form, does) = meaning(name)?;
    Some(vec![form.to_owned(), does.to_owned()])
}

/// The fields of a structure, with their types; of a field, the structure that has it.
fn of_structure(name: &str) -> Option<Vec<String>> {
    if let Some(of) = STRUCTS.iter().find(|of| of.name == name) {
        let fields = of.fields.iter().map(|field| format!("  {:<16}  {}", field.name, field.ty()));
        return Some([format!("struct {name}, {} bytes:", of.size)].into_iter().chain(fields).collect());
    }
    let of: Vec<String> = STRUCTS
        .iter()
        .filter_map(|of| Some((of.name, of.field(name)?)))
        .map(|(of, field)| format!("{name} is a field of struct {of}, of type {}.", field.ty()))
        .collect();
    (!of.is_empty()).then_some(of)
}

/// What the manual pages say of a flag, a command or an error, function by function.
fn of_name(name: &str) -> Option<Vec<String>> {
    let constant = CONSTANTS.iter().find(|(known, ..)| *known == name);
    let value = constant.map(|(_, value, header)| format!("{name} is {value} (0{value:o}), from {header}."));
    let own = MEANINGS.iter().find(|(known, _)| *known == name || is_letter(name) && *known == "B:");
    let own = own.map(|(_, means)| (*means).to_owned());
    let (rows, mentions): (Vec<_>, Vec<_>) = manual::rows_about(name).partition(|(_, row, _)| *row == name);
    let rows = rows.into_iter().map(|(function, _, means)| format!("  {function:<10}  {means}"));
    let mut lines: Vec<String> = value.into_iter().chain(own).chain(rows).collect();
    // Some rows tell of two names, under the first of them.
    if lines.len() < 2 {
        lines
            .extend(mentions.iter().map(|(function, row, means)| format!("  {function:<10}  {row} {means}")));
    }
    (!lines.is_empty()).then_some(lines)
}

/// Whether a name is a process's, with its colon or without.
fn is_letter(name: &str) -> bool {
    let letters = name.trim_end_matches(':');
    !letters.is_empty() && letters.len() < 3 && letters.chars().all(|c| c.is_ascii_uppercase())
}

/// Names with what each means, under a heading.
fn listed(heading: &str, names: &[(&str, &str)]) -> Vec<String> {
    let rows = names.iter().map(|(name, means)| format!("  {name:<11} {means}"));
    let heading = (!names.is_empty()).then(|| heading.to_owned());
    heading.into_iter().chain(rows).collect()
}

/// No line is longer than a narrow terminal, with its indent.
fn overview() -> Vec<String> {
    const FUNCTIONS_A_LINE: usize = 8;
    const FIRST: [&str; 2] =
        ["Type C as in the manual page: int id = shmget(IPC_PRIVATE, 4096, 0600)", "Functions:"];
    const REST: [&str; 8] = [
        "B: before a line lets process B act. B: alone moves the prompt to it.",
        "fork() and new start processes.",
        "ipcs, ipcrm, cat, sysctl as in the shell.",
        "show draws the world, why explains the last error.",
        "undo, redo, restart go through the session. save FILE keeps it.",
        "c and rust print the session as a program that makes the same calls.",
        ":c is this word, where c is a variable of yours. So are :show and others.",
        "help shmget explains a function, help IPC_CREAT a flag. quit ends.",
    ];
    let names: Vec<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
    let functions = names.chunks(FUNCTIONS_A_LINE).map(|names| format!("  {}", names.join(", ")));
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    lines(&FIRST).into_iter().chain(functions).chain(lines(&REST)).collect()
}
