//! Which kernel answers.
//!
//! **Invariant:** what ran is always said; the model is never taken for the reader's kernel.

use clap::ValueEnum;
use play::level::Level;
use play::session::{Kernel, Model};
use program::Format;

use super::{Failure, Options};

/// The kernels that there are.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum Which {
    /// The kernel of this computer, in private namespaces
    Linux,
    /// A model of its rules
    Model,
}

/// A kernel, and what is to be said of it.
pub struct Chosen {
    pub kernel: Box<dyn Kernel>,
    /// The first line.
    pub greeting: String,
    /// Why it is not the one that would have been taken.
    pub why: Option<String>,
}

/// The kernel that was asked for; without a wish, this computer's, or else the model.
pub fn choose(wanted: Option<Which>, level: Option<&Level>, options: &Options) -> Result<Chosen, Failure> {
    let users = level.map_or(1, |level| level.users);
    match wanted {
        Some(Which::Model) => Ok(model(None)),
        Some(Which::Linux) => linux(users, options).map_err(Failure::Environment),
        None => Ok(linux(users, options).unwrap_or_else(|why| model(Some(why)))),
    }
}

fn model(why: Option<String>) -> Chosen {
    let greeting = "This is a model of Linux's rules, not your kernel.".to_owned();
    Chosen { kernel: Box::new(Model), greeting, why }
}

#[cfg(target_os = "linux")]
fn linux(users: u32, options: &Options) -> Result<Chosen, String> {
    use linux::kernel::namespace::Users;
    use play::linux::Linux;

    let kernel = Linux::new()?;
    if users > 1 && kernel.users() == Users::RootOnly {
        return Err(
            "this level needs a second user, and the namespace has only root here: run it as the machine's own root, or have \
             newuidmap and a line in /etc/subuid"
                .to_owned(),
        );
    }
    let greeting = "This is your kernel, in private namespaces: nothing of it is left at the end.".to_owned();
    let kernel = if options.format == Format::Text { kernel.announcing(announce) } else { kernel };
    let kernel = if options.are_handed_in() { kernel.without_programs() } else { kernel };
    Ok(Chosen { kernel: Box::new(kernel), greeting, why: None })
}

/// Says at once why nothing happens for a while.
#[cfg(target_os = "linux")]
fn announce(what: &str) {
    use std::io::{self, Write};

    // Where nobody reads it, the next answer finds that out.
    let _ = writeln!(io::stdout(), "    ... {what}");
}

#[cfg(not(target_os = "linux"))]
fn linux(_: u32, _: &Options) -> Result<Chosen, String> {
    Err("this computer does not run Linux".to_owned())
}
