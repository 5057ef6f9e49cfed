//! Ctrl-C while no line is edited: it takes back the rest of what is being done, and never the session.

/// Ctrl-C, held back from this program.
pub struct Interrupts {
    #[cfg(target_os = "linux")]
    held: Option<linux::kernel::Interrupts>,
}

impl Interrupts {
    /// Ctrl-C ends the program, as it ends any: so it should where a script is read.
    pub fn let_through() -> Interrupts {
        Interrupts {
            #[cfg(target_os = "linux")]
            held: None,
        }
    }

    /// From here on it does not. Where it cannot be held back, it ends the program.
    pub fn hold() -> Interrupts {
        Interrupts {
            #[cfg(target_os = "linux")]
            held: linux::kernel::Interrupts::hold().ok(),
        }
    }

    /// Whether it was pressed since this was last asked.
    pub fn came(&self) -> bool {
        #[cfg(target_os = "linux")]
        return self.held.as_ref().is_some_and(linux::kernel::Interrupts::came);
        #[cfg(not(target_os = "linux"))]
        false
    }
}
