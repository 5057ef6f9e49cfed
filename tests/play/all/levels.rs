//! Every puzzle: its start does not reach its goal, its solution does, in as many calls as par says.

use std::fs;
use std::path::PathBuf;

use play::level::Level;
use play::session::Session;

fn levels() -> Vec<(PathBuf, Level)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../lessons/levels");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let level = toml::from_str(&fs::read_to_string(&file).unwrap());
            let level = level.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            (file, level)
        })
        .collect()
}

#[test]
fn a_start_is_no_goal_and_a_solution_is_one_in_par_calls() {
    let levels = levels();
    assert!(levels.len() >= 24);
    let mut wrong = Vec::new();
    for (file, level) in levels {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let mut session = Session::new(&level.start).unwrap_or_else(|error| panic!("{name}: {error}"));
        if level.is_reached(&session) {
            wrong.push(format!("{name}: the start is the goal already"));
        }
        for line in &level.solution {
            session.line(line).unwrap_or_else(|error| panic!("{name}: {line}: {error}"));
        }
        let calls = session.world().acts;
        if calls != level.par {
            wrong.push(format!("{name}: {calls} calls, and par {}", level.par));
        }
        let missed: Vec<_> =
            level.conditions.iter().filter(|condition| !condition.holds(session.world())).collect();
        if !missed.is_empty() {
            wrong.push(format!("{name}: not reached: {missed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
