//! Lesson 18: the lock: one at a time.
//!
//! Run: `cargo run --bin lesson18`. Source: semget(2), semop(2), semctl(2), futex(2).

use std::time::Duration;

use playground::prelude::*;
use playground::shm::compared;

/// Where things are in the segment, 128 bytes apart.
const COUNTER: usize = 0;
const GATE: usize = 128;
const LOCK: usize = 256;

/// How often each process counts in one race, with a semaphore and otherwise; and how many races there are.
const FEW: u64 = 10_000;
const MANY: u64 = 1_000_000;
const RACES: usize = 5;

/// How long to watch a deadlock before we believe it.
const A_MOMENT: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    program::lesson(18, source!(), tell)
}

fn tell(story: &Story) -> Result<()> {
    story.so_far();
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    let memory = segment.attach()?;
    let (a, b) = (story.fork("A")?, story.fork("B")?);
    let [in_a, in_b] = [&a, &b].map(|child| memory.inherited_by(child));

    story.step("Make a semaphore")?;
    story.say(
        "semget makes a set of semaphores: counters in the kernel. semop changes one, and waits while it would go \
         below 0: whoever takes 1 from a semaphore of 1 is alone until it adds 1 again. semctl asks, sets and \
         removes.",
    );
    let guess = story.predict(
        "A new semaphore shall be our lock. What is its value?",
        [
            always(0,
                "Linux makes it 0, which means taken; POSIX promises nothing. To set a value takes another call."),
            never(1, "semget has no argument for a value."),
        ],
    )?;
    let set = Semaphores::create(story, Key::PRIVATE, 2, OWNER_RW)?;
    let id = set.id();
    let value = id.value(story, 0)?;
    guess.reveal(story, value);

    story.erratum(
        "E4",
        "semaphores move no data, they make processes wait; and POSIX semaphores reach other processes, too.",
    );

    story.experiment("Two processes that both prepare it")?;
    story.say("Each of them sets the value to 1 before it uses the lock, to be sure. A is first.");
    let guess = story.predict(
        "A has the lock. B comes, prepares it, and takes it without waiting. What will semop answer B?",
        [
            always(Verdict::Success, "SETVAL has opened the lock that A holds: both are inside."),
            never(Verdict::Refused(Errno::EAGAIN), "so it would be if B had not set the value."),
        ],
    )?;
    id.set_value(&a, 0, 1)?;
    id.change(&a, 0, -1, SemFlags::empty())?;
    id.set_value(&b, 0, 1)?;
    let answer = id.change(&b, 0, -1, SemFlags::IPC_NOWAIT).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Success);
    story.habit(
        "Only the process whose IPC_CREAT|IPC_EXCL succeeds sets the value. The others wait for the first semop: until \
         then sem_otime is 0 (semctl with IPC_STAT).",
    );

    story.step("Count with each lock")?;
    story.say(
        "A and B count at once, in four ways: bare, without a lock; with one atomic instruction; with a futex, a \
         lock in a word of the segment that asks the kernel only to wait; and with the semaphore.",
    );
    let guess = story.predict(
        "Which ways never lose an update?",
        [
            always(
                "atomic, futex, semaphore".to_owned(),
                "each of the three lets one increment end before the next begins.",
            )
            .named("all but the bare one"),
            never(
                "semaphore".to_owned(),
                "the kernel is not needed for that: an instruction can be indivisible, too.",
            )
            .named("the semaphore only"),
        ],
    )?;
    id.set_value(story, 0, 1)?;
    let race = Race { memory: &memory, runners: &[&in_a, &in_b], counter: COUNTER, gate: GATE };
    let bare = race.run(MANY, How::Plain, RACES)?;
    let atomic = race.run(MANY, How::Atomic, RACES)?;
    let futex = race.run(MANY, memory.lock_at(LOCK)?, RACES)?;
    let semaphore = race.run(FEW, How::Semaphore(id), RACES)?;
    story.table(
        "what one increment costs",
        ["way", "increments", "lost", "system calls", "nanoseconds", "ratio"],
        &[("bare", &bare), ("atomic", &atomic), ("futex", &futex), ("semaphore", &semaphore)]
            .map(|(way, races)| compared(way, races, &atomic)),
    );
    story.say(format!(
        "Each way ran {RACES} races. The table has the sum of their increments and losses, and the middle half of \
         their times. The ratio compares them with the atomic way, race by race; it is unclear where the races do \
         not agree. The times differ from run to run with the load of the machine; the zeros of the locks do not. \
         Where A and B hardly run at once, as on one processor, the bare way may lose none, too: that is luck, not a \
         lock."
    ));
    let locks = [("atomic", &atomic), ("futex", &futex), ("semaphore", &semaphore)];
    let exact = locks.iter().filter(|(_, races)| races.iter().all(|sum| sum.beside_made().is_eq()));
    let exact: Vec<_> = exact.map(|(lock, _)| *lock).collect();
    guess.reveal(story, exact.join(", "));
    assert_eq!(exact.len(), locks.len());
    story.why(
        "The semaphore asks the kernel twice for each increment, even if nobody waits. The futex asks only to sleep and \
         to wake. The instruction asks nobody, but it guards no more than its one word.",
    );

    story.experiment("Kill the process that holds it")?;
    story.say("A takes semaphore 0 with SEM_UNDO and semaphore 1 without. Then SIGKILL ends it.");
    id.set_value(story, 1, 1)?;
    id.change(&a, 0, -1, SemFlags::SEM_UNDO)?;
    id.change(&a, 1, -1, SemFlags::empty())?;
    let guess = story.predict(
        "What will the two semaphores be after that?",
        [
            always(
                "1 and 0".to_owned(),
                "with SEM_UNDO the kernel takes back what a process did, however it ends.",
            ),
            never(
                "1 and 1".to_owned(),
                "the kernel does not note who took semaphore 1: it is taken for ever.",
            ),
            never(
                "0 and 0".to_owned(),
                "SEM_UNDO is for this. Without it, whoever comes next waits for ever.",
            ),
        ],
    )?;
    a.kill(Signal::SIGKILL)?;
    let values = format!("{} and {}", id.value(story, 0)?, id.value(story, 1)?);
    assert_eq!(values, "1 and 0");
    guess.reveal(story, values);

    story.experiment("Kill the process that holds the futex")?;
    story.say(
        "The futex is 0, or its holder's pid. A new A takes it; B comes, sets the highest bit, and sleeps.",
    );
    let a = story.fork("A")?;
    let in_a = memory.inherited_by(&a);
    in_a.start_lock(LOCK)?.end()?;
    assert_eq!(memory.load_word(LOCK)?, a.pid() as u32);
    let waiting = in_b.start_lock(LOCK)?;
    assert!(story.wait_until(|| Ok(memory.load_word(LOCK)? != a.pid() as u32))?);
    memory.show(LOCK, 4)?;
    let guess = story.predict(
        "SIGKILL ends A. What will happen to B?",
        [
            always(
                true.to_string(),
                "A has told the kernel of the word (set_robust_list), and the kernel wakes B.",
            )
            .named("it gets the lock, and is told"),
            never(false.to_string(), "what the lock guards may be half changed, and B has to know.")
                .named("it gets the lock"),
            never(Ending::Hung.to_string(), "it would, with a lock that the kernel knows nothing of.")
                .named("it waits for ever"),
        ],
    )?;
    a.kill(Signal::SIGKILL)?;
    let orphaned = waiting.end().in_words()?;
    assert_eq!(orphaned, true.to_string());
    guess.reveal(story, orphaned);
    in_b.start_unlock(LOCK)?.end()?;

    story.experiment("A deadlock")?;
    story.say("A takes semaphore 0 and wants 1; B takes 1 and wants 0. Each waits for what the other has.");
    let a = story.fork("A")?;
    id.set_value(story, 1, 1)?;
    id.change(&a, 0, -1, SemFlags::SEM_UNDO)?;
    id.change(&b, 1, -1, SemFlags::SEM_UNDO)?;
    let a_wants = id.start_change(&a, 1, -1, SemFlags::SEM_UNDO)?;
    let b_wants = id.start_change(&b, 0, -1, SemFlags::SEM_UNDO)?;
    assert!(story.wait_until(|| Ok([id.waiting_now(story, 0)?, id.waiting_now(story, 1)?] == [1, 1]))?);
    assert_eq!((id.waiting(story, 0)?, id.waiting(story, 1)?), (1, 1));
    assert!(a_wants.within(A_MOMENT)?.is_none() && b_wants.within(A_MOMENT)?.is_none());
    a.show_sleep();
    b.show_sleep();
    story.run_tool("ipcs", &["-s", "-i", &id.to_string()]);
    story.try_it(
        format!("ipcs -s -i {id}"),
        "ncount: one process waits for each of the two, and neither goes on",
    );
    let guess = story.predict(
        "The set is removed while both wait. What will semop answer them?",
        [
            always(Verdict::Refused(Errno::EIDRM), "there is nothing left to wait for."),
            never(Verdict::Refused(Errno::EINVAL), "that is for a call that comes after the removal."),
        ],
    )?;
    set.remove()?;
    let answers = [a_wants.end().verdict()?, b_wants.end().verdict()?];
    guess.reveal(story, answers[0]);
    assert_eq!(answers, [Verdict::Refused(Errno::EIDRM); 2]);
    story.habit(
        "Take locks in the same order everywhere, and no two can wait for each other. In Rust a guard gives its lock back \
         when it goes out of scope, on an error too; against SIGKILL only the kernel helps.",
    );

    story.step("The set that outlives its process")?;
    let forgotten = Semaphores::create(&a, Key::PRIVATE, 1, OWNER_RW)?.leak();
    a.exit()?;
    assert_eq!(forgotten.value(story, 0)?, 0);
    story.say(
        "A is gone, and its set is still there, as a segment would be. ipcs -s lists it; ipcrm -s removes it.",
    );
    if story.run_tool("ipcrm", &["-s", &forgotten.to_string()]) != Some(0) {
        forgotten.remove(story)?;
    }
    let answer = forgotten.value(story, 0).verdict()?;
    assert_eq!(answer, Verdict::Refused(Errno::EINVAL));

    story.tidy_up()?;
    b.exit()?;
    memory.detach()?;
    segment.remove()
}
