//! Who asks: a process, and all that its questions are about.
//!
//! **Invariant:** a rule that decides sees the world through this, and cannot change it.

use super::Machine;
use super::credentials::Credentials;
use super::host::Host;
use super::namespace::Namespace;
use super::process::Process;
use super::segment::Segment;
use super::space::Space;
use crate::Errno;
use crate::call::Shmid;

/// A process that asks for something.
pub(super) struct Caller<'a> {
    pub machine: &'a Machine,
    pub pid: i32,
    pub process: &'a Process,
    pub namespace: &'a Namespace,
    pub space: &'a Space,
}

impl<'a> Caller<'a> {
    /// The process with a pid, if there is one.
    pub fn new(machine: &'a Machine, pid: i32) -> Option<Caller<'a>> {
        let process = machine.processes.get(&pid)?;
        let namespace = machine.namespaces.get(&process.namespace)?;
        let space = machine.spaces.get(&process.space)?;
        Some(Caller { machine, pid, process, namespace, space })
    }

    pub fn credentials(&self) -> &'a Credentials {
        &self.process.credentials
    }

    pub fn host(&self) -> &'a Host {
        &self.machine.host
    }

    /// A segment of its namespace.
    pub fn segment(&self, shmid: Shmid) -> Result<&'a Segment, Errno> {
        self.namespace.segments.find(shmid.0)
    }
}
