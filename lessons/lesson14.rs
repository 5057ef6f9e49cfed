//! Lesson 14: what becomes of an attachment when its process forks, runs another program, exits, or is killed.
//!
//! Run: `cargo run --bin lesson14`. Source: shmop(2), shmctl(2), `ipc/shm.c`.

use playground::prelude::*;

/// Where in the segment a process writes down that it is busy with the text: its pid, or 0.
const LOCK: usize = 64;

fn main() -> ExitCode {
    program::lesson(14, source!(), tell)
}

fn tell(story: &Story) -> Result<()> {
    story.so_far();
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    let at_birth = segment.stat()?;
    let memory = segment.attach()?;
    memory.write(0, TEXT)?;
    let attached = segment.stat()?;

    story.step("Fork, and do nothing else")?;
    story.say(
        "The record keeps times in whole seconds, so we let one pass. Then we fork: the child gets a copy of our \
         address space. Nobody calls shmat.",
    );
    story.wait_past(attached.atime);
    let guess = story.predict(
        "nattch was 1. What will it be after the fork?",
        [
            always(2, "the copy has the mapping, too, and each mapping counts."),
            never(1, "shmat is one way to get a mapping, and fork is another."),
        ],
    )?;
    let child = story.fork("child")?;
    let forked = segment.stat()?;
    story.show_record(segment.id(), &[("before", &attached), ("after the fork", &forked)]);
    guess.reveal(story, forked.nattch);
    assert_eq!((forked.nattch, forked.lpid), (2, story.pid()));
    assert!(forked.atime > attached.atime);
    story.say("The child never attached it, and reads it all the same, at the same address as we do.");
    let inherited = memory.inherited_by(&child);
    assert_eq!(inherited.read(0, TEXT.len())?, TEXT);
    child.show_maps();
    story.try_it(
        format!("ipcs -m -i {}", segment.id()),
        "nattch=2, and a later att_time, though nobody called shmat",
    );
    story.why(
        "A child inherits each attachment as it is: its address, and whether it may be written. The kernel opens the \
         mapping once more (shm_open in ipc/shm.c), which moves shm_nattch, shm_atime and shm_lpid.",
    );

    story.step("Attach it once more, in the child")?;
    let guess = story.predict(
        "The child has the segment, and attaches it again. What will nattch be?",
        [
            always(3, "nattch counts mappings: one of ours, two of the child's."),
            never(2, "shmctl(2) says that it counts processes, and is wrong."),
        ],
    )?;
    let again = segment.id().attach(&child, SIZE, ShmatFlags::empty())?;
    let twice = segment.stat()?;
    guess.reveal(story, twice.nattch);
    assert_eq!((twice.nattch, twice.lpid), (3, child.pid()));
    again.detach()?;
    let once = segment.stat()?;
    assert_eq!(once.nattch, 2);

    story.step("Run another program in the child")?;
    story.say("exec replaces the child's memory by that of another program. Its pid stays what it is.");
    let guess = story.predict(
        "The child still had what it inherited. Whose pid will be in shm_lpid after the exec?",
        [
            always(
                "child".to_owned(),
                "the kernel took down its old address space, and detached the mapping in its name.",
            ),
            never("us".to_owned(), "we have done nothing since the fork."),
            never("nobody".to_owned(), "the process is still there, under the same pid."),
        ],
    )?;
    inherited.leak();
    child.exec("sleep", &["60"])?;
    let executed = segment.stat()?;
    guess.reveal(story, story.name_of(executed.lpid));
    child.show_maps();
    assert_eq!((executed.nattch, executed.lpid), (1, child.pid()));
    story.addition("E27", "nobody uses exec to detach, since the program and its data go, too.");
    child.kill(Signal::SIGTERM)?;

    story.step("Exit without a thought")?;
    let guess = story.predict(
        "The manual page says that shm_lpid is the last process to attach or detach. We fork a second child. Whose \
         pid is there now?",
        [
            always("us".to_owned(), "the kernel records a fork as an attach, by the process that called fork."),
            never("child".to_owned(), "it was, until the fork."),
            never("second".to_owned(), "it has done nothing yet."),
        ],
    )?;
    let second = story.fork("second")?;
    let forked_again = segment.stat()?;
    guess.reveal(story, story.name_of(forked_again.lpid));
    assert_eq!((forked_again.nattch, forked_again.lpid), (2, story.pid()));
    story.say("It exits at once, and calls neither shmdt nor IPC_RMID.");
    second.exit()?;
    let exited = segment.stat()?;
    assert_eq!((exited.nattch, exited.lpid), (1, second.pid()));

    story.experiment("Be killed in the middle of a write")?;
    story.say(
        "A third child begins to change the text to THAT WAS A TEST. First it stores its pid in the segment: it is \
         busy. It writes 8 bytes, and is killed by SIGKILL, which no process can catch.",
    );
    let third = story.fork("third")?;
    let forked_thrice = segment.stat()?;
    let its = memory.inherited_by(&third);
    its.store_word(LOCK, third.pid() as u32)?;
    its.write(0, b"THAT WAS")?;
    let guess = story.predict(
        "What will we read?",
        [
            always(
                "THAT WASA TEST".to_owned(),
                "what was stored stays: nobody finishes the change, and nobody takes it back.",
            ),
            never("THIS IS A TEST".to_owned(), "memory is no database: there is nothing to roll back to."),
            never(String::new(), "the kernel detaches for the dead. It removes and clears nothing.")
                .named("nothing"),
        ],
    )?;
    third.kill(Signal::SIGKILL)?;
    let killed = segment.stat()?;
    let text = memory.read_text(0, TEXT.len())?;
    guess.reveal(story, text);
    assert_eq!((killed.nattch, killed.lpid), (1, third.pid()));
    memory.show(LOCK, 4)?;
    let holder = memory.load_word(LOCK)?;
    assert_eq!(holder, third.pid() as u32);
    story.say(format!(
        "The segment has lost an attachment, as by shmdt. The stored pid still says that {} is busy. Whoever waits \
         until it is cleared waits for ever.",
        story.name_of(holder as i32)
    ));
    story.habit(
        "no destructor runs after SIGKILL, not even that of a MutexGuard. Use a lock that the kernel gives back: a \
         semaphore with SEM_UNDO, or a robust mutex (pthread_mutexattr_setrobust).",
    );

    story.step("Read the whole record, from moment to moment")?;
    story.show_timeline(
        segment.id(),
        &[
            ("shmget", at_birth),
            ("we attach", attached),
            ("child is forked", forked),
            ("child attaches", twice),
            ("child detaches", once),
            ("child execs", executed),
            ("second is forked", forked_again),
            ("second exits", exited),
            ("third is forked", forked_thrice),
            ("third is killed", killed),
        ],
    );
    story.say("Each way to end detaches, and none removes: the segment waits for IPC_RMID.");

    story.tidy_up()?;
    memory.detach()?;
    segment.remove()
}
