//! The article's pipeline, run by the system's own shell, and seen from inside.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::unistd::mkdtemp;

use crate::kernel;
use crate::story::Story;

/// Writes down who it is and where its descriptors lead, and then becomes the command. An exec keeps all that.
const NOTE: &str = r#"printf '%s\t%s\t%s\t%s\t%s\n' "$0" $$ $PPID \
"$(readlink /proc/$$/fd/0)" "$(readlink /proc/$$/fd/1)" >&2; exec "$@""#;

/// Stands in for ping: tells what it was started with, and how much it could read.
const STAND_IN: &str = r#"echo "argument $1, $(wc -c) bytes read""#;

/// What the shell is given: the article's pipeline, each command behind its note.
const SCRIPT: &str = r#"sh -c "$NOTE" cat cat hosts |
sh -c "$NOTE" xargs xargs -n1 sh -c "$NOTE" ping sh -c "$STAND_IN" ping"#;

/// A process of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The command.
    pub name: String,
    /// Its process id.
    pub pid: i32,
    /// Who started it.
    pub parent: i32,
    /// Where its standard input leads.
    pub input: String,
    /// Where its standard output leads.
    pub output: String,
}

/// What became of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// The shell that ran it.
    pub shell: i32,
    /// `cat`, `xargs`, and what `xargs` started.
    pub members: Vec<Member>,
    /// How many bytes the first that `xargs` started could read.
    pub read: Option<usize>,
}

/// Runs `cat hosts | xargs -n1 …`, and shows what it printed; nothing, where a command of it is missing.
pub fn cat_to_xargs(story: &Story, hosts: &str) -> Option<Pipeline> {
    // The file has a name for as long as the pipeline runs, and no signal comes between.
    let (shell, printed, notes) = match kernel::hold_signals(|| run(hosts)) {
        Ok(ran) => ran,
        Err(error) => {
            story.missing(format!(
                "The pipeline could not be run: {error}. It needs sh and a folder to write."
            ));
            return None;
        }
    };
    let mut members: Vec<_> = notes.lines().filter_map(member).collect();
    members.sort_by_key(|member| {
        (["cat", "xargs", "ping"].iter().position(|name| *name == member.name), member.pid)
    });
    if members.len() < 3 {
        story.missing(format!("The pipeline did not run: {notes} It needs cat, xargs, readlink and wc."));
        return None;
    }
    if members.iter().any(|member| member.input.is_empty() || member.output.is_empty()) {
        story.missing("Where descriptors lead cannot be shown: readlink found nothing. Is /proc mounted?");
    }
    let read = printed.split_whitespace().nth(2).and_then(|count| count.parse().ok());
    let command = format!("cat hosts | xargs -n1 sh -c '{STAND_IN}' ping");
    story.tell_tool(&command, Some(0), printed);
    Some(Pipeline { shell, members, read })
}

/// Runs it in a folder of its own; returns the shell's pid, what was printed, and the notes.
fn run(hosts: &str) -> io::Result<(i32, String, String)> {
    let folder = Folder(mkdtemp(&std::env::temp_dir().join("shm_playground_XXXXXX"))?);
    fs::write(folder.0.join("hosts"), hosts)?;
    let shell = Command::new("sh")
        .args(["-c", SCRIPT])
        .envs([("NOTE", NOTE), ("STAND_IN", STAND_IN)])
        .current_dir(&folder.0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let pid = shell.id() as i32;
    let output = shell.wait_with_output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((pid, text(&output.stdout), text(&output.stderr)))
}

fn member(note: &str) -> Option<Member> {
    let mut cells = note.split('\t');
    let mut cell = || cells.next();
    let (name, pid, parent) = (cell()?, cell()?, cell()?);
    let (input, output) = (cell()?.to_owned(), cell()?.to_owned());
    Some(Member {
        name: name.to_owned(),
        pid: pid.parse().ok()?,
        parent: parent.parse().ok()?,
        input,
        output,
    })
}

/// A folder that goes with its owner.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_who_and_where() {
        let cat = member("cat\t12\t11\t/dev/null\tpipe:[7]").unwrap();
        assert_eq!((cat.pid, cat.parent, cat.output.as_str()), (12, 11, "pipe:[7]"));
        assert_eq!(member("sh: 1: xargs: not found"), None);
    }

    #[test]
    fn the_pipe_joins_cat_and_xargs_and_nobody_else() {
        let (shell, printed, notes) = run("one\ntwo\n").unwrap();
        let members: Vec<_> = notes.lines().filter_map(member).collect();
        let named = |name: &str| members.iter().filter(|member| member.name == name).collect::<Vec<_>>();
        let (cat, xargs) = (named("cat")[0], named("xargs")[0]);
        assert_eq!((cat.parent, xargs.parent, &cat.output), (shell, shell, &xargs.input));
        assert_eq!(named("ping").len(), 2);
        assert!(named("ping").iter().all(|ping| ping.parent == xargs.pid && ping.input != cat.output));
        assert_eq!(printed, "argument one, 0 bytes read\nargument two, 0 bytes read\n");
    }
}
