//! Permission bits.
//!
//! **Invariant:** a mode holds the twelve bits that `chmod` takes, and no others.

use bitflags::bitflags;
use serde::{Deserialize, Serialize};

bitflags! {
    /// `mode_t`: who may read and write. For a segment only the lowest nine bits count; execution means nothing there.
    #[doc(alias = "mode_t")]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Mode: u32 {
        /// The owner may read, write and execute.
        const S_IRWXU = 0o700;
        /// The owner may read.
        const S_IRUSR = 0o400;
        /// The owner may write.
        const S_IWUSR = 0o200;
        /// The owner may execute.
        const S_IXUSR = 0o100;
        /// The group may read, write and execute.
        const S_IRWXG = 0o070;
        /// The group may read.
        const S_IRGRP = 0o040;
        /// The group may write.
        const S_IWGRP = 0o020;
        /// The group may execute.
        const S_IXGRP = 0o010;
        /// Others may read, write and execute.
        const S_IRWXO = 0o007;
        /// Others may read.
        const S_IROTH = 0o004;
        /// Others may write.
        const S_IWOTH = 0o002;
        /// Others may execute.
        const S_IXOTH = 0o001;
        /// Whoever executes the file is its owner meanwhile.
        const S_ISUID = 0o4000;
        /// Whoever executes the file is in its group meanwhile.
        const S_ISGID = 0o2000;
        /// Only owners remove files from the folder.
        const S_ISVTX = 0o1000;
    }
}

impl Serialize for Mode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.bits().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Mode, D::Error> {
        Deserialize::deserialize(deserializer).map(Mode::from_bits_truncate)
    }
}
