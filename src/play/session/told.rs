//! What came of a line, in the order in which it came.

use playground_core::Errno;
use serde::Serialize;

/// Something that a session tells.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Told {
    /// A call, and its answer.
    Call {
        /// The letter of the process that made it.
        who: String,
        /// The call's name.
        name: &'static str,
        /// The call and its answer in C notation.
        c: String,
        /// Whether it has waited: its beginning was told before.
        waited: bool,
        /// What it returned, where it succeeded.
        result: Option<i64>,
        /// Why it was refused, where it was.
        #[serde(serialize_with = "by_name")]
        errno: Option<Errno>,
        /// For an error: the reason.
        why: Option<String>,
        /// For an error: what to do.
        #[serde(rename = "try")]
        advice: Option<String>,
    },
    /// Bytes that a process wrote to memory that it has attached.
    Wrote {
        /// Its letter.
        who: String,
        /// Where.
        address: u64,
        /// How many.
        length: usize,
    },
    /// A call that waits.
    Waits {
        /// The letter of the process.
        who: String,
        /// The call in C notation.
        c: String,
        /// What it waits for.
        why: String,
    },
    /// A process begins.
    Begins {
        /// Its letter.
        who: String,
        /// Its process id.
        pid: i32,
        /// `fork`, or `new` for one that is unrelated.
        how: &'static str,
    },
    /// A process ends, or runs another program from now on.
    Ends {
        /// Its letter.
        who: String,
        /// How, as the end of a sentence.
        how: String,
        /// The reason, where there is more to say.
        why: Option<String>,
    },
    /// A process printed something.
    Prints {
        /// Its letter.
        who: String,
        /// The text.
        text: String,
        /// The program that printed it, where the process runs another one.
        #[serde(skip_serializing_if = "Option::is_none")]
        program: Option<String>,
    },
    /// The value of an expression.
    Value {
        /// As C would print it, with a second notation where that helps.
        text: String,
    },
    /// The shell changed something: `ipcrm`, or `sysctl` with a value.
    Ran {
        /// The command.
        command: String,
    },
    /// A row of the kernel's tables has changed.
    Changed {
        /// Which row: `segment 0`.
        what: String,
        /// The fields that moved: name, before, after.
        fields: Vec<(String, String, String)>,
    },
    /// What C takes in silence, or what is new here.
    Note {
        /// A sentence.
        text: String,
    },
    /// Lines of a table, a picture or a program: what stands under each other belongs together.
    Lines {
        /// The lines.
        lines: Vec<String>,
    },
    /// Sentences, and lists whose rows have a name and what it means. Programs read them as any lines.
    #[serde(rename = "lines")]
    Text {
        /// The lines; one that is too wide may be broken.
        lines: Vec<String>,
    },
    /// A way through the history: `undo`, `redo`, `restart`.
    Moved {
        /// Which.
        way: &'static str,
        /// The lines that were taken back, or done again.
        lines: Vec<String>,
    },
}

fn by_name<S: serde::Serializer>(errno: &Option<Errno>, serializer: S) -> Result<S::Ok, S::Error> {
    errno.map(|errno| format!("{errno:?}")).serialize(serializer)
}

/// The functions that act: they change the world, or try to.
const ACTING: [&str; 16] = [
    "shmget",
    "shmat",
    "shmdt",
    "semget",
    "semop",
    "semtimedop",
    "fork",
    "wait",
    "waitpid",
    "exit",
    "kill",
    "execlp",
    "setuid",
    "setgid",
    "mprotect",
    "munmap",
];

impl Told {
    /// Whether it is a call that acts: what par of a level counts. A refused call does; a question does not.
    pub fn is_act(&self) -> bool {
        match self {
            Told::Call { waited: true, .. } => false,
            Told::Call { name, c, .. } => acts(name, c),
            Told::Waits { .. } | Told::Wrote { .. } | Told::Ran { .. } => true,
            Told::Begins { how, .. } => *how == "new",
            _ => false,
        }
    }
}

/// Whether a call in C notation acts.
pub(super) fn acts(name: &str, c: &str) -> bool {
    ACTING.contains(&name) || changes(name, c)
}

/// Whether a command of `shmctl` or `semctl` changes something.
fn changes(name: &str, c: &str) -> bool {
    let commands = ["IPC_SET", "IPC_RMID", "SHM_LOCK", "SHM_UNLOCK", "SETVAL", "SETALL"];
    name.ends_with("ctl") && commands.iter().any(|command| c.contains(&format!(", {command}")))
}
