//! Calls of functions: which [`Action`] each one is, and where its answer goes.

use std::time::Duration;

use playground_core::Errno;
use playground_core::call::{
    Address, Answer, Call, Cmd, Key, RefusedTimeout, SemCmd, SemFlags, SemOp, Semid, ShmatFlags, ShmgetFlags,
    Shmid,
};
use playground_core::machine::{Action, Identity, Protection};

use super::evaluate::{Evaluation, Result, Stop, wrong};
use super::records;
use super::structs::{SEMBUF, SEMID_DS, SHMID_DS, TIMESPEC};
use super::ty::Ty;
use super::value::Value;
use crate::language::{At, Expr, function};

/// What a parameter of a function is, as far as a mistake can be seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Parameter {
    /// An integer of 32 bits: an id, a key, flags.
    Int,
    /// A `size_t`: 64 bits without a sign.
    Size,
    /// An address.
    Pointer,
    /// So many more of any kind.
    More,
}
use Parameter::{Int, More, Pointer, Size};

/// The functions that the kernel performs, and their parameters.
const SYSTEM: [(&str, &[Parameter]); 21] = [
    ("shmget", &[Int, Size, Int]),
    ("shmat", &[Int, Pointer, Int]),
    ("shmdt", &[Pointer]),
    ("shmctl", &[Int, Int, Pointer]),
    ("semget", &[Int, Int, Int]),
    ("semop", &[Int, Pointer, Size]),
    ("semtimedop", &[Int, Pointer, Size, Pointer]),
    ("semctl", &[Int, Int, Int, More]),
    ("ftok", &[Pointer, Int]),
    ("fork", &[]),
    ("exit", &[Int]),
    ("wait", &[Pointer]),
    ("waitpid", &[Int, Pointer, Int]),
    ("kill", &[Int, Int]),
    ("execlp", &[Pointer, Pointer, More]),
    ("getpid", &[]),
    ("getuid", &[]),
    ("setuid", &[Int]),
    ("setgid", &[Int]),
    ("mprotect", &[Pointer, Size, Int]),
    ("munmap", &[Pointer, Size]),
];

impl Evaluation<'_> {
    pub(super) fn call(&mut self, name: &str, arguments: &[Expr], at: At) -> Result<Value> {
        if let Some((name, parameters)) = SYSTEM.iter().find(|(known, _)| *known == name) {
            let values = self.arguments(name, parameters, arguments, at)?;
            return self.system(name, &values, at);
        }
        self.library(name, arguments, at)
    }

    /// The values of arguments, after a look at their number and their kinds.
    pub(super) fn arguments(
        &mut self,
        name: &str,
        parameters: &[Parameter],
        arguments: &[Expr],
        at: At,
    ) -> Result<Vec<Value>> {
        let fixed = parameters.iter().filter(|parameter| **parameter != More).count();
        let may_have_more = fixed < parameters.len();
        if arguments.len() < fixed || (arguments.len() > fixed && !may_have_more) {
            let prototype = function(name).map_or("", |function| function.prototype);
            let prototype: Vec<&str> = prototype.split_whitespace().collect();
            return wrong(at, format!("{name} takes other arguments: {}", prototype.join(" ")));
        }
        let mut values = Vec::new();
        for (number, argument) in arguments.iter().enumerate() {
            let parameter = parameters.get(number).copied().unwrap_or(More);
            if matches!(parameter, Pointer | More) && self.struct_named(argument).is_some() {
                let message =
                    format!("{name} wants an address here, and {argument} is a struct: write &{argument}");
                return wrong(argument.at, message);
            }
            let value = self.value(argument)?;
            self.note_kind(name, parameter, argument, &value);
            self.note_cut(name, parameter, argument, &value);
            if number == 2 && ["shmget", "semget"].contains(&name) {
                self.note_mode(argument);
            }
            values.push(value);
        }
        Ok(values)
    }

    fn system(&mut self, name: &str, values: &[Value], at: At) -> Result<Value> {
        match (name, values) {
            ("shmget", [key, size, flags]) => self.made(shmget(key, size, flags)),
            ("semget", [key, nsems, flags]) => self.made(semget(key, nsems, flags)),
            ("shmat", [shmid, address, flags]) => {
                let flags = ShmatFlags::from_bits_retain(flags.as_int());
                let call =
                    Call::Shmat { shmid: Shmid(shmid.as_int()), address: Address(address.bits()), flags };
                let address = self.act(Action::Call(call))?.map_or(-1, |answer| answer.value());
                Ok(Value::new(Ty::Void.pointer(), address as u64))
            }
            ("shmdt", [address]) => self.made(Call::Shmdt { address: Address(address.bits()) }),
            ("shmctl", [shmid, cmd, buffer]) => {
                self.shmctl(Shmid(shmid.as_int()), cmd.as_int(), buffer.bits(), at)
            }
            ("semop", [semid, ops, count]) => {
                let call = self.operations(semid, ops, count, at)?;
                self.made(call.map_or_else(|call| call, |(semid, ops)| Call::Semop { semid, ops }))
            }
            ("semtimedop", [semid, ops, count, timeout]) => {
                let timeout = self.timeout(timeout, at)?;
                let call = self.operations(semid, ops, count, at)?;
                let refused = |timeout| Call::SemopAt {
                    semid: Semid(semid.as_int()),
                    sops: Address(ops.bits()),
                    nsops: count.bits(),
                    timeout: Some(timeout),
                };
                self.made(match (call, timeout) {
                    (_, Err(timeout @ RefusedTimeout::At(_))) | (Ok(_), Err(timeout)) => refused(timeout),
                    (Err(call), _) => call,
                    (Ok((semid, ops)), Ok(Some(timeout))) => Call::Semtimedop { semid, ops, timeout },
                    (Ok((semid, ops)), Ok(None)) => Call::Semop { semid, ops },
                })
            }
            ("semctl", [semid, semnum, cmd, rest @ ..]) => {
                self.semctl(Semid(semid.as_int()), semnum.as_int(), cmd.as_int(), rest.first(), at)
            }
            ("ftok", [path, _]) if !self.reaches(path.bits(), 1, false)? => {
                self.set_errno(Errno::EFAULT.raw());
                self.note("ftok returns -1 with EFAULT: at the address of its path nothing can be read.");
                Ok(Value::int(-1))
            }
            ("ftok", [path, project]) => {
                let path = self.text(path.bits(), at)?;
                let path = String::from_utf8_lossy(&path).into_owned().into();
                self.made(Call::Ftok { path, project: project.as_int() })
            }
            ("getpid", []) => Ok(Value::int(self.context.pid)),
            ("getuid", []) => {
                let process = self.context.machine.processes.get(&self.context.pid);
                Ok(Value::int(process.map_or(0, |process| process.credentials.uid as i32)))
            }
            ("exit", [status]) => self.numbered(Stop::Exit { status: status.as_int() }),
            ("wait", [status]) => self.wait("wait", -1, status, 0, at),
            ("waitpid", [target, status, options]) => {
                self.wait("waitpid", target.as_int(), status, options.as_int(), at)
            }
            ("execlp", words) => self.exec(words, at),
            _ => match action(name, values, self.context.next_pid) {
                Some(action) => self.number(action),
                None => wrong(at, format!("{name} takes other arguments")),
            },
        }
    }

    /// What is answered with a number, or -1.
    pub(super) fn numbered(&mut self, stop: Stop) -> Result<Value> {
        Ok(Value::int(self.answer(stop)?.map_or(-1, |answer| answer.value() as i32)))
    }

    fn number(&mut self, action: Action) -> Result<Value> {
        self.numbered(Stop::Ask(action))
    }

    fn made(&mut self, call: Call) -> Result<Value> {
        self.number(Action::Call(call))
    }

    /// The program's name, and its arguments up to `NULL`.
    fn exec(&mut self, values: &[Value], at: At) -> Result<Value> {
        let mut words = Vec::new();
        // The name of the file is read in any case; the arguments end with NULL.
        let arguments = values.iter().skip(1).take_while(|value| value.bits() != 0);
        for value in values.iter().take(1).chain(arguments) {
            words.push(String::from_utf8_lossy(&self.text(value.bits(), at)?).into_owned());
        }
        self.numbered(Stop::Exec { words })
    }

    fn shmctl(&mut self, shmid: Shmid, cmd: i32, buffer: u64, at: At) -> Result<Value> {
        let nowhere = Cmd::BufferAt { number: cmd, buffer: Address(buffer) };
        let cmd = match cmd {
            0 => Cmd::IpcRmid,
            1 if !self.reaches(buffer, SHMID_DS.size, false)? => nowhere,
            1 => {
                let bytes = self.load_record(buffer, SHMID_DS.size, at)?;
                Cmd::IpcSet(records::ownership(&bytes))
            }
            11 => Cmd::ShmLock,
            12 => Cmd::ShmUnlock,
            number => match Cmd::that_copies_out(number) {
                Some(cmd) if self.reaches(buffer, records::size_for_segments(cmd), true)? => cmd,
                Some(_) => nowhere,
                None => Cmd::Unknown(number),
            },
        };
        let outcome = self.act(Action::Call(Call::Shmctl { shmid, cmd }))?;
        self.copied_out(outcome, buffer, at)
    }

    /// What the kernel copies to the caller, where it goes.
    fn copied_out(
        &mut self,
        outcome: std::result::Result<Answer, Errno>,
        buffer: u64,
        at: At,
    ) -> Result<Value> {
        let Ok(answer) = outcome else { return Ok(Value::int(-1)) };
        if let Some(bytes) = records::bytes(&answer) {
            self.store(buffer, &bytes, at)?;
        }
        Ok(Value::int(answer.value() as i32))
    }

    /// The operations that an argument of `semop` points to; or the call as it is, where they cannot be read.
    fn operations(
        &mut self,
        semid: &Value,
        ops: &Value,
        count: &Value,
        at: At,
    ) -> Result<std::result::Result<(Semid, Vec<SemOp>), Call>> {
        let (semid, sops, nsops) = (Semid(semid.as_int()), Address(ops.bits()), count.bits());
        if nsops == 0 {
            return Ok(Ok((semid, Vec::new())));
        }
        if nsops > self.most_operations() || !self.reaches(sops.0, nsops * SEMBUF.size, false)? {
            return Ok(Err(Call::SemopAt { semid, sops, nsops, timeout: None }));
        }
        let bytes = self.load_record(sops.0, nsops * SEMBUF.size, at)?;
        Ok(Ok((semid, bytes.chunks_exact(SEMBUF.size as usize).map(operation).collect())))
    }

    /// More operations than this the kernel does not even read.
    fn most_operations(&self) -> u64 {
        let namespace = self.context.machine.namespaces.get(&0);
        namespace.map_or(0, |namespace| namespace.limits.semopm.max(0) as u64)
    }

    /// The time limit that a pointer leads to, if it is not `NULL`; or why it is none.
    fn timeout(
        &mut self,
        pointer: &Value,
        at: At,
    ) -> Result<std::result::Result<Option<Duration>, RefusedTimeout>> {
        let pointer = pointer.bits();
        if pointer == 0 {
            return Ok(Ok(None));
        }
        if !self.reaches(pointer, TIMESPEC.size, false)? {
            return Ok(Err(RefusedTimeout::At(Address(pointer))));
        }
        let bytes = self.load_record(pointer, TIMESPEC.size, at)?;
        let part = |from: usize| Value::from_bytes(Ty::LONG, &bytes[from..from + 8]).signed();
        let (seconds, nanoseconds) = (part(0), part(8));
        Ok(match (u64::try_from(seconds), u32::try_from(nanoseconds)) {
            (Ok(seconds), Ok(nanoseconds @ ..1_000_000_000)) => Ok(Some(Duration::new(seconds, nanoseconds))),
            _ => Err(RefusedTimeout::Is { seconds, nanoseconds }),
        })
    }

    fn semctl(&mut self, semid: Semid, semnum: i32, cmd: i32, arg: Option<&Value>, at: At) -> Result<Value> {
        if arg.is_none() && SemCmd::that_copies_out(cmd).is_some()
            || arg.is_none() && [1, 16, 17].contains(&cmd)
        {
            self.note("This command of semctl wants a fourth argument. C passes whatever lies there, and here that is 0.");
        }
        let bits = arg.map_or(0, Value::bits);
        let nowhere = SemCmd::BufferAt { number: cmd, buffer: Address(bits) };
        let cmd = match cmd {
            0 => SemCmd::IpcRmid,
            1 if !self.reaches(bits, SEMID_DS.size, false)? => nowhere,
            1 => {
                let bytes = self.load_record(bits, SEMID_DS.size, at)?;
                SemCmd::IpcSet(records::ownership(&bytes))
            }
            11 => SemCmd::GetPid,
            12 => SemCmd::GetVal,
            14 => SemCmd::GetNcnt,
            15 => SemCmd::GetZcnt,
            16 => SemCmd::SetVal(bits as i32),
            17 => {
                let length = 2 * self.semaphores_of(semid);
                match self.reaches(bits, length, false)? {
                    true => SemCmd::SetAll(halves(&self.load_record(bits, length, at)?)),
                    false => nowhere,
                }
            }
            number => match SemCmd::that_copies_out(number) {
                Some(cmd) => {
                    let length = records::size_for_sets(&cmd, self.semaphores_of(semid));
                    if self.reaches(bits, length, true)? { cmd } else { nowhere }
                }
                None => SemCmd::Other(number),
            },
        };
        let outcome = self.act(Action::Call(Call::Semctl { semid, semnum, cmd }))?;
        self.copied_out(outcome, bits, at)
    }

    /// As many values as a set has semaphores are copied by `SETALL` and `GETALL`; none, where there is no set.
    fn semaphores_of(&self, semid: Semid) -> u64 {
        let machine = self.context.machine;
        let namespace = machine.processes.get(&self.context.pid).map_or(0, |process| process.namespace);
        let sets = machine.namespaces.get(&namespace).map(|namespace| &namespace.sets);
        sets.and_then(|sets| sets.find(semid.0).ok()).map_or(0, |set| set.semaphores.len() as u64)
    }
}

/// An `unsigned short[]`.
fn halves(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
}

fn shmget(key: &Value, size: &Value, flags: &Value) -> Call {
    let (flags, mode) = split(flags);
    Call::Shmget { key: Key(key.as_int()), size: size.bits(), flags, mode }
}

fn semget(key: &Value, nsems: &Value, flags: &Value) -> Call {
    let (flags, mode) = split(flags);
    Call::Semget { key: Key(key.as_int()), nsems: nsems.as_int(), flags, mode }
}

/// The flags of `shmget` and `semget`, and the nine bits of the mode that stand in the same argument.
fn split(flags: &Value) -> (ShmgetFlags, playground_core::Mode) {
    let bits = flags.as_int();
    (
        ShmgetFlags::from_bits_retain(bits & !0o777),
        playground_core::Mode::from_bits_truncate(bits as u32 & 0o777),
    )
}

/// A `struct sembuf`.
fn operation(bytes: &[u8]) -> SemOp {
    let half = |from: usize| u16::from_le_bytes([bytes[from], bytes[from + 1]]);
    let flags = SemFlags::from_bits_retain(i32::from(half(4) as i16));
    SemOp { number: half(0), change: half(2) as i16, flags }
}

/// What the remaining functions do.
fn action(name: &str, values: &[Value], child: i32) -> Option<Action> {
    Some(match (name, values) {
        ("fork", _) => Action::Fork { child },
        ("kill", [target, signal]) => Action::Kill { target: target.as_int(), signal: signal.as_int() },
        ("setuid", [uid]) => Action::SetIdentity(Identity::User(uid.bits() as u32)),
        ("setgid", [gid]) => Action::SetIdentity(Identity::Group(gid.bits() as u32)),
        ("mprotect", [address, length, protection]) => Action::Mprotect {
            address: Address(address.bits()),
            length: length.bits(),
            protection: Protection::from_bits_truncate(protection.bits() as u8),
        },
        ("munmap", [address, length]) => {
            Action::Munmap { address: Address(address.bits()), length: length.bits() }
        }
        _ => return None,
    })
}
