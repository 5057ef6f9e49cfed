//! Who a process is, and what it may do beyond that: credentials(7) and capabilities(7).
//!
//! **Invariant:** what a capability allows is decided where it is asked for; here stands only who has which.

use bitflags::bitflags;
use serde::{Deserialize, Serialize};

use super::action::Identity;
use crate::Errno;

bitflags! {
    /// The capabilities that these rules ask for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Capabilities: u16 {
        /// `CAP_IPC_OWNER`: the mode of a segment or a set does not count.
        const IPC_OWNER = 1;
        /// `CAP_SYS_ADMIN`: to change and remove what is others'; to make an IPC namespace.
        const SYS_ADMIN = 1 << 1;
        /// `CAP_IPC_LOCK`: to lock others' segments, and more memory than `RLIMIT_MEMLOCK`.
        const IPC_LOCK = 1 << 2;
        /// `CAP_SYS_RAWIO`: to map memory below `vm.mmap_min_addr`.
        const SYS_RAWIO = 1 << 3;
        /// `CAP_SETUID`: to become any user.
        const SETUID = 1 << 4;
        /// `CAP_SETGID`: to become a member of any group.
        const SETGID = 1 << 5;
        /// `CAP_KILL`: to send signals to others' processes.
        const KILL = 1 << 6;
        /// `CAP_SYS_RESOURCE`: to raise the hard limit of a resource.
        const SYS_RESOURCE = 1 << 7;
    }
}

/// The user namespace that a process is in: user_namespaces(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserNamespace {
    /// The one that the machine started with. Only here a capability is one over the machine.
    Initial,
    /// One in which a single user and a single group exist, as `unshare -Ur` makes it.
    Single {
        /// The user.
        uid: u32,
        /// The group.
        gid: u32,
    },
    /// One in which user 0 and group 0 exist, and user 65534 and group 65534, who own nothing.
    RootAndNobody,
}

/// The id of the user, and of the group, that owns nothing.
const NOBODY: u32 = 65534;

/// The identity and the powers of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The user: real, effective and saved, which these rules do not tell apart.
    pub uid: u32,
    /// The group, likewise.
    pub gid: u32,
    /// The other groups.
    pub groups: Vec<u32>,
    /// What it may do now.
    pub effective: Capabilities,
    /// What a program may do that root starts from here.
    pub bounding: Capabilities,
    /// Where its ids and its capabilities count.
    pub namespace: UserNamespace,
}

impl Credentials {
    /// Root of the whole machine.
    pub fn root() -> Credentials {
        Credentials::user(0, 0)
    }

    /// A user of the machine; user 0 has all capabilities, others have none.
    pub fn user(uid: u32, gid: u32) -> Credentials {
        let (effective, bounding) = (Capabilities::of(uid, Capabilities::all()), Capabilities::all());
        Credentials { uid, gid, groups: Vec::new(), effective, bounding, namespace: UserNamespace::Initial }
    }

    /// Root of a user namespace with nobody else in it: all powers over what belongs to the namespace, none over
    /// the machine.
    pub fn root_of_namespace() -> Credentials {
        Credentials { namespace: UserNamespace::Single { uid: 0, gid: 0 }, ..Credentials::root() }
    }

    /// Root of a user namespace in which there is user 65534 beside it.
    pub fn root_beside_nobody() -> Credentials {
        Credentials { namespace: UserNamespace::RootAndNobody, ..Credentials::root() }
    }

    /// Whether it has a capability over its IPC namespace and what is in it.
    pub fn may(&self, capability: Capabilities) -> bool {
        self.effective.contains(capability)
    }

    /// Whether it has a capability over the whole machine.
    pub fn may_on_the_machine(&self, capability: Capabilities) -> bool {
        self.namespace == UserNamespace::Initial && self.may(capability)
    }

    /// Whether a group is one of its groups.
    pub fn is_member(&self, gid: u32) -> bool {
        self.gid == gid || self.groups.contains(&gid)
    }

    /// Whether a user id means somebody here. -1 never does.
    pub fn knows_user(&self, uid: u32) -> bool {
        uid != u32::MAX && matches_sole(self.namespace, |sole, _| sole == uid)
    }

    /// Whether a group id means a group here.
    pub fn knows_group(&self, gid: u32) -> bool {
        gid != u32::MAX && matches_sole(self.namespace, |_, sole| sole == gid)
    }

    /// Whether it may become somebody else: setresuid(2), setresgid(2), setgroups(2), capset(2).
    ///
    /// # Errors
    ///
    /// `EINVAL`: the id means nobody in this user namespace. `EPERM`: it is another's, and the capability is missing.
    pub fn may_become(&self, identity: &Identity) -> Result<(), Errno> {
        let (known, allowed) = match identity {
            Identity::User(u32::MAX) | Identity::Group(u32::MAX) => (true, true),
            Identity::User(uid) => {
                (self.knows_user(*uid), *uid == self.uid || self.may(Capabilities::SETUID))
            }
            Identity::Group(gid) => {
                (self.knows_group(*gid), *gid == self.gid || self.may(Capabilities::SETGID))
            }
            Identity::Groups(_) => (true, self.may_on_the_machine(Capabilities::SETGID)),
            Identity::Without(_) => (true, true),
        };
        match (known, allowed) {
            (false, _) => Err(Errno::EINVAL),
            (_, false) => Err(Errno::EPERM),
            _ => Ok(()),
        }
    }

    /// Becomes somebody else; -1 is for "as before". Root who becomes another user loses all capabilities.
    pub fn become_(&mut self, identity: &Identity) {
        match identity {
            Identity::User(u32::MAX) | Identity::Group(u32::MAX) => {}
            Identity::User(uid) => {
                if *uid != 0 {
                    self.effective = Capabilities::empty();
                }
                self.uid = *uid;
            }
            Identity::Group(gid) => self.gid = *gid,
            Identity::Groups(groups) => self.groups.clone_from(groups),
            Identity::Without(capabilities) => self.effective -= *capabilities,
        }
    }

    /// Starts another program: root gets all capabilities of the bounding set, others have none (capabilities(7)).
    pub fn exec(&mut self) {
        self.effective = Capabilities::of(self.uid, self.bounding);
    }
}

impl Capabilities {
    /// The set as `/proc/PID/status` shows it: each capability has the bit of its number in capabilities(7).
    ///
    /// ```
    /// # use playground_core::machine::Capabilities;
    /// assert_eq!((Capabilities::KILL | Capabilities::IPC_OWNER).in_the_kernels_numbers(), 1 << 5 | 1 << 15);
    /// ```
    pub fn in_the_kernels_numbers(self) -> u64 {
        let numbers = [
            (Capabilities::KILL, 5),
            (Capabilities::SETGID, 6),
            (Capabilities::SETUID, 7),
            (Capabilities::IPC_LOCK, 14),
            (Capabilities::IPC_OWNER, 15),
            (Capabilities::SYS_RAWIO, 17),
            (Capabilities::SYS_ADMIN, 21),
            (Capabilities::SYS_RESOURCE, 24),
        ];
        numbers.iter().filter(|(one, _)| self.contains(*one)).map(|(_, number)| 1 << number).sum()
    }

    fn of(uid: u32, roots: Capabilities) -> Capabilities {
        if uid == 0 { roots } else { Capabilities::empty() }
    }
}

fn matches_sole(namespace: UserNamespace, is: impl Fn(u32, u32) -> bool) -> bool {
    match namespace {
        UserNamespace::Initial => true,
        UserNamespace::Single { uid, gid } => is(uid, gid),
        UserNamespace::RootAndNobody => is(0, 0) || is(NOBODY, NOBODY),
    }
}
