//! A sandbox such as containers have: a seccomp filter that answers in the kernel's stead.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::io;

use nix::errno::Errno;
use nix::libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};

use super::run::Run;

/// Lets a system call be refused with this errno, whatever its arguments.
pub fn forbidding(call: c_long, errno: Errno, run: Run) -> Run {
    refusing(call, vec![], errno, run)
}

/// Lets it be refused only where its argument of this number is this command.
pub fn forbidding_command(call: c_long, (argument, command): (u8, i32), errno: Errno, run: Run) -> Run {
    let is_it = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, command as u64);
    let rule = SeccompRule::new(vec![is_it.expect("an argument")]).expect("a rule");
    refusing(call, vec![rule], errno, run)
}

fn refusing(call: c_long, rules: Vec<SeccompRule>, errno: Errno, run: Run) -> Run {
    let architecture = ARCH.try_into().expect("seccompiler knows this architecture");
    let refusal = SeccompAction::Errno(errno as u32);
    let calls = BTreeMap::from([(call, rules)]);
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, refusal, architecture).expect("a filter");
    let program: BpfProgram = filter.try_into().expect("a short program");
    run.before_exec(move || apply_filter(&program).map_err(io::Error::other))
}
