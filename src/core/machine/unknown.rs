//! What the rules do not cover, in one list.
//!
//! **Invariant:** where a rule is missing the answer is one of these, never a guess.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why the model does not know what comes of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unknown {
    /// No process has this pid here.
    Process,
    /// The process waits for another one, and does nothing before that.
    Asleep,
    /// `SHM_HUGETLB`: how many huge pages are there is the machine's business.
    HugePages,
    /// Pipes, sockets and files.
    Descriptors,
    /// What lies in memory that belongs to no segment.
    OtherMemory,
    /// An argument that lies in the caller's memory, at an address the call does not say more of.
    Arguments,
    /// A file that nobody told the model of.
    File,
    /// A signal other than `SIGKILL`: it may have a handler.
    Handler,
    /// `mremap` that makes memory longer which belongs to no segment: it may join its neighbours.
    Moving,
    /// An access that ends all processes with the same memory, as some kernels do (`Host::a_dump_ends_all`): who of
    /// them is the last to let go of it is chance.
    EndOfAll,
    /// `mprotect` with `PROT_EXEC` alone, which means something else on each processor.
    ExecuteOnly,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the model does not know: ")?;
        f.write_str(match self {
            Unknown::Process => "it has no process with this pid",
            Unknown::Asleep => "the process sleeps in a call, and makes no other",
            Unknown::HugePages => "it has no huge pages",
            Unknown::Descriptors => "it has no pipes, sockets and files",
            Unknown::OtherMemory => "it keeps the bytes of segments only",
            Unknown::Arguments => "the arguments lie in memory that it does not keep",
            Unknown::File => "it has no such file",
            Unknown::Handler => "the signal may have a handler",
            Unknown::Moving => "it follows what mremap makes longer only if it is a segment's",
            Unknown::EndOfAll => "whoever shares this memory ends, too, and the last one is not known",
            Unknown::ExecuteOnly => "PROT_EXEC alone depends on the processor",
        })
    }
}
