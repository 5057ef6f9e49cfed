//! Two sessions side by side, and what they tell.
//!
//! **Invariant:** an address is compared by its role, a process id by the process's letter; all else as it is told.

use std::fmt;

use play::level::Level;
use play::linux::Linux;
use play::session::{Model, Session, Told};

/// A session on each kernel.
pub struct Pair {
    linux: Session,
    model: Session,
    lines: Vec<String>,
}

/// Where they differ, and the lines up to there.
pub struct Difference(String);

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Difference {
    pub fn of_script(self, number: u64) -> Difference {
        Difference(format!("random script {number}: {}", self.0))
    }
}

impl Pair {
    pub fn new(start: &[String]) -> Result<Pair, Difference> {
        let kernel = Linux::new().map_err(Difference)?;
        let linux =
            Session::on(Box::new(kernel), start).map_err(|failure| Difference(failure.to_string()))?;
        let model = Session::on(Box::new(Model), start).map_err(|failure| Difference(failure.to_string()))?;
        Ok(Pair { linux, model, lines: start.to_vec() })
    }

    /// Does a line on both.
    pub fn line(&mut self, line: &str) -> Result<(), Difference> {
        self.lines.push(line.to_owned());
        let (linux, model) = (self.linux.line(line), self.model.line(line));
        let (linux, model) = match (linux, model) {
            (Ok(linux), Ok(model)) => (told(&self.linux, &linux), told(&self.model, &model)),
            (Err(_), Err(_)) => (Vec::new(), Vec::new()),
            (linux, model) => return self.differ(&linux, &model),
        };
        if linux != model {
            return self.differ(&linux, &model);
        }
        self.the_kernels_table_is_the_machines()
    }

    /// What this computer's kernel lists is what the machine says that followed its answers.
    fn the_kernels_table_is_the_machines(&mut self) -> Result<(), Difference> {
        const LOOK: &str = "cat /proc/sysvipc/shm";
        let (Ok(linux), Ok(model)) = (self.linux.line(LOOK), self.model.line(LOOK)) else { return Ok(()) };
        // The end of a program may be heard with this line.
        let (heard, by_the_model) = (told(&self.linux, &linux), told(&self.model, &model));
        if heard != by_the_model {
            return self.differ(&heard, &by_the_model);
        }
        let Some(Told::Lines { lines }) = linux.last() else { return Ok(()) };
        let row =
            |line: &String| -> Vec<String> { line.split_whitespace().take(11).map(str::to_owned).collect() };
        let mut kernel: Vec<_> = lines.iter().skip(1).map(row).collect();
        let mut machine: Vec<_> = self
            .linux
            .world()
            .segments()
            .map(|segment| {
                let p = &segment.permissions;
                let numbers = [
                    p.key.0.to_string(),
                    p.id.to_string(),
                    format!("{:o}", p.mode),
                    segment.size.to_string(),
                    segment.cpid.to_string(),
                    segment.lpid.to_string(),
                    segment.attached.to_string(),
                    p.uid.to_string(),
                    p.gid.to_string(),
                    p.cuid.to_string(),
                    p.cgid.to_string(),
                ];
                numbers.to_vec()
            })
            .collect();
        kernel.sort();
        machine.sort();
        if kernel == machine { Ok(()) } else { self.differ(&kernel, &machine) }
    }

    pub fn must_agree_on(&self, level: &Level, is_solved: bool, name: &str) -> Result<(), Difference> {
        let both = [level.is_reached(&self.linux), level.is_reached(&self.model)];
        match both {
            _ if both == [is_solved; 2] => Ok(()),
            _ => Err(Difference(format!(
                "{name}: solved on Linux and on the model: {both:?}, not {is_solved}"
            ))),
        }
    }

    fn differ<T>(&self, linux: &dyn fmt::Debug, model: &dyn fmt::Debug) -> Result<T, Difference> {
        let lines = self.lines.join("\n    ");
        Err(Difference(format!("they differ after\n    {lines}\nLinux: {linux:#?}\nmodel: {model:#?}")))
    }
}

fn told(session: &Session, told: &[Told]) -> Vec<String> {
    told.iter().filter(|told| !is_of_the_model(told)).map(|told| one(session, told)).collect()
}

/// In its programs and its files this computer is richer than the rules.
fn is_of_the_model(told: &Told) -> bool {
    let of_the_model =
        ["The model has these programs", "The model has files of its own", "The model runs no program"];
    match told {
        Told::Note { text } => of_the_model.iter().any(|start| text.starts_with(start)),
        Told::Prints { program, .. } => program.is_some(),
        _ => false,
    }
}

/// An event as it is compared.
fn one(session: &Session, told: &Told) -> String {
    match told {
        Told::Call { who, name, c, waited, result, errno, .. } => {
            let result = match *name {
                "shmat" | "ftok" => result.map(|_| "something".to_owned()),
                _ if returns_a_pid(name, c) => result.map(|value| by_letter(session, value)),
                _ => result.map(|value| value.to_string()),
            };
            format!("{who} {name} {waited} {result:?} {errno:?}")
        }
        Told::Wrote { who, length, .. } => format!("{who} wrote {length}"),
        Told::Waits { who, c, .. } if c.starts_with("wait") => format!("{who} waits for a child"),
        Told::Waits { who, c, .. } => format!("{who} waits {c}"),
        Told::Begins { who, how, .. } => format!("{who} begins {how}"),
        Told::Ends { who, how, .. } => format!("{who} ends {how}"),
        Told::Value { text } if text.contains('*') => "an address".to_owned(),
        Told::Lines { .. } | Told::Text { .. } => "lines".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Any other number may be that of a process by chance.
fn returns_a_pid(name: &str, c: &str) -> bool {
    ["fork", "vfork", "getpid", "getppid", "wait", "waitpid"].contains(&name) || c.contains("GETPID")
}

fn by_letter(session: &Session, value: i64) -> String {
    let letter = i32::try_from(value).ok().and_then(|pid| session.world().letter_of(pid));
    letter.map_or_else(|| value.to_string(), str::to_owned)
}
