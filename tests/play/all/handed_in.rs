//! A script that solves a level may be anybody's: it can do no harm to whoever marks it.

use super::prompt::{play, text};

/// On each kernel that there is, what a script of one line ends with as a solution of a level: its exit status, and what is
/// told.
fn marked(line: &str) -> Vec<(Option<i32>, String)> {
    let kernels =
        ["model", "linux"].into_iter().filter(|kernel| *kernel == "model" || super::prompt::namespaces());
    let marked = kernels.map(|kernel| play(&["--kernel", kernel, "--level", "hello"], line));
    marked.map(|output| (output.status.code(), text(&output))).collect()
}

#[test]
fn it_runs_no_program_but_a_few() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("made");
    let made = file.display();
    for words in
        [format!("\"sh\", \"sh\", \"-c\", \"touch {made}\""), format!("\"touch\", \"touch\", \"{made}\"")]
    {
        for (status, told) in marked(&format!("execlp({words}, NULL)\n")) {
            // The model has no touch: that is an answer.
            assert!(status == Some(2) || told.contains("ENOENT"), "{told}");
        }
    }
    assert!(!file.exists());
    for (status, told) in marked("execlp(\"true\", \"true\", NULL)\n") {
        assert!(status == Some(3) && told.contains("exited with status 0"), "{told}");
    }
}

#[test]
fn it_writes_no_file_and_reads_none() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, made) = (folder.path().join("secret"), folder.path().join("made"));
    std::fs::write(&secret, "int secret = 5\n").unwrap();
    for line in [format!("save {}\n", made.display()), format!("source {}\n", secret.display())] {
        for (status, told) in marked(&line) {
            assert_eq!(status, Some(2), "{told}");
            assert!(
                told.contains("neither reads other files nor writes") && !told.contains("int secret"),
                "{told}"
            );
        }
    }
    assert!(!made.exists());
}

/// A string may hold what a terminal obeys: it is written out wherever it is told, and where the line itself is shown.
#[test]
fn it_commands_no_terminal() {
    for call in ["ftok(\"/tmp/\\033[31mX\", 1)", "execlp(\"\\177y\u{9b}2J\", \"z\", NULL)"] {
        for (_, told) in marked(call) {
            assert!(told.contains(&call[..5]), "{told}");
            assert!(!told.contains(|c: char| c.is_control() && c != '\n'), "{told:?}");
        }
    }
}
