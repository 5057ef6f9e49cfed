//! What the Machine costs: deciding a call and its effect, and a copy of a world.
//!
//! ```text
//! cargo bench -p playground-core --bench model
//! ```
//!
//! The world has 10 processes and 100 segments, each attached once.

use std::hint::black_box;
use std::time::{Duration, Instant};

use playground_core::Mode;
use playground_core::call::{Address, Answer, Call, Cmd, Key, ShmatFlags, ShmgetFlags, Shmid};
use playground_core::machine::{Action, Credentials, Host, Machine, Reply, Space};

const PROCESSES: i32 = 10;
const SEGMENTS: i32 = 100;
const ROUNDS: usize = 2000;
/// What a call may cost, and a copy.
const LIMITS: [(&str, Duration); 2] =
    [("decide and effect", Duration::from_micros(1)), ("a copy", Duration::from_micros(10))];

fn main() {
    let world = world();
    let figures = [calls(&world), copies(&world)];
    for ((what, limit), median) in LIMITS.into_iter().zip(figures) {
        println!("{what}: {median:?} (median), at most {limit:?}");
    }
    assert!(LIMITS.iter().zip(figures).all(|((_, limit), median)| median <= *limit), "slower than promised");
}

fn act(machine: &mut Machine, pid: i32, call: Call) -> Reply {
    let action = Action::Call(call);
    let reply = machine.decide(pid, &action);
    machine.effect(pid, &action, &reply);
    reply
}

fn world() -> Machine {
    let mut machine = Machine::new(Host::x86_64(1 << 20));
    for pid in 1..=PROCESSES {
        machine.begin(pid, Credentials::root(), Space::new([(0x40_0000, 0x50_0000)], 0x7f00_0000_0000));
    }
    for number in 0..SEGMENTS {
        let pid = 1 + number % PROCESSES;
        let mode = Mode::from_bits_truncate(0o600);
        let get = Call::Shmget { key: Key(number + 1), size: 25600, flags: ShmgetFlags::IPC_CREAT, mode };
        let Reply::Returns(Ok(Answer::Id(shmid))) = act(&mut machine, pid, get) else {
            panic!("a new segment")
        };
        act(&mut machine, pid, Call::Shmat { shmid, address: Address::NULL, flags: ShmatFlags::empty() });
    }
    machine
}

/// A round: a segment is made, attached, asked about, detached, removed.
fn calls(world: &Machine) -> Duration {
    let mut machine = world.clone();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let mode = Mode::from_bits_truncate(0o600);
        let get = Call::Shmget { key: Key::PRIVATE, size: 4096, flags: ShmgetFlags::empty(), mode };
        let Reply::Returns(Ok(Answer::Id(shmid))) = timed(&mut machine, get, &mut times) else {
            panic!("a segment")
        };
        let at = Call::Shmat { shmid, address: Address::NULL, flags: ShmatFlags::empty() };
        let Reply::Returns(Ok(Answer::Mapped(address))) = timed(&mut machine, at, &mut times) else {
            panic!("an attachment")
        };
        timed(&mut machine, Call::Shmctl { shmid, cmd: Cmd::IpcStat }, &mut times);
        timed(&mut machine, Call::Shmdt { address }, &mut times);
        timed(&mut machine, Call::Shmctl { shmid, cmd: Cmd::IpcRmid }, &mut times);
        timed(&mut machine, Call::Shmctl { shmid: Shmid(shmid.0), cmd: Cmd::IpcStat }, &mut times);
    }
    median(times)
}

fn timed(machine: &mut Machine, call: Call, times: &mut Vec<Duration>) -> Reply {
    let begin = Instant::now();
    let reply = act(machine, 1, call);
    times.push(begin.elapsed());
    reply
}

fn copies(world: &Machine) -> Duration {
    let copy = |_| {
        let begin = Instant::now();
        black_box(world.clone());
        begin.elapsed()
    };
    median((0..ROUNDS).map(copy).collect())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
