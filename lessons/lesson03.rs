//! Lesson 3: ask the kernel what it knows of the segment (`shmctl` with `IPC_STAT`).
//!
//! Run: `cargo run --bin lesson03`. Source: shmctl(2), capabilities(7).

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(3, source!(), tell)
}

fn tell(story: &Story) -> Result<()> {
    story.so_far();
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    let at_birth = segment.stat()?;
    let memory = segment.attach()?;

    story.step("Read the kernel's record of the segment")?;
    story.say(
        "The kernel keeps one record for each segment, struct shmid_ds. IPC_STAT copies it to us, and changes nothing.",
    );
    let guess = story.predict(
        &format!(
            "We asked for 25600 bytes, and {} pages are mapped. What will shm_segsz say?",
            SIZE.div_ceil(story.page_size())
        ),
        [
            always(SIZE, "the record keeps what was asked for."),
            never(
                SIZE.next_multiple_of(story.page_size()),
                "that is how much the mapping spans: see lesson 2. The record is about the segment.",
            ),
            never(story.page_size(), "that is a single page."),
        ],
    )?;
    let in_use = segment.stat()?;
    story.show_record(segment.id(), &[("now", &in_use)]);
    guess.reveal(story, in_use.size);
    assert_eq!(in_use.cpid, story.pid());
    story.erratum("E25", "the second argument of shmctl is a command, and IPC_STAT is one of nine.");
    story.manual_errs(
        "E39",
        "shmctl(2) says that shm_nattch counts processes. That is wrong: it counts mappings.",
    );
    story.try_it(format!("ipcs -m -i {}", segment.id()), "the same record, as ipcs words it");
    story.why(
        "shm_nattch counts mappings, so a process that attaches twice counts twice. The manual page of shmctl says \
         that it counts processes.",
    );

    story.step("Which call moved which field?")?;
    let guess = story.predict(
        "shmget made the record. How many of its 13 fields has shmat moved since?",
        [
            never(0, "attaching is recorded: who, when, and how often."),
            always(3, "shm_atime (when), shm_lpid (who) and shm_nattch (how often)."),
            never(13, "shmat does not change the owner, the key, the mode or the size."),
        ],
    )?;
    let moved = story.show_record(segment.id(), &[("after shmget", &at_birth), ("after shmat", &in_use)]);
    guess.reveal(story, moved);
    assert_eq!((at_birth.nattch, at_birth.lpid, at_birth.atime), (0, 0, 0));
    assert_eq!((in_use.nattch, in_use.lpid), (1, story.pid()));

    story.experiment("Ask about a segment that nobody may read")?;
    story
        .say("We make a second segment with mode 0: no bit is set, not even for the owner. The owner is us.");
    let closed = Segment::create(story, Key::PRIVATE, SIZE, Mode::empty())?;
    let guess = story.predict(
        "IPC_STAT needs permission to read. What will the kernel answer?",
        [
            depends(
                Verdict::Refused(Errno::EACCES),
                "the bits hold for the owner, too; only IPC_SET and IPC_RMID do not check them.",
                "the bits hold for the owner, too, but not for a process with CAP_IPC_OWNER.",
            ),
            depends(
                Verdict::Success,
                "this process has CAP_IPC_OWNER, as root has: the bits do not hold for it.",
                "that takes CAP_IPC_OWNER, as root has. This process does not have it.",
            ),
            never(
                Verdict::Refused(Errno::EPERM),
                "that is for commands that the permission bits do not govern.",
            ),
        ],
    )?;
    let answer = closed.stat().verdict()?;
    guess.reveal(story, answer);
    if answer == Verdict::Success {
        story.say("A child of ours gives up CAP_IPC_OWNER, and asks the same. It is still the same user.");
        let child = story.fork("child")?;
        child.adjust(Adjustment::RenouncePrivilege)?;
        assert_eq!(closed.id().stat(&child).verdict()?, Verdict::Refused(Errno::EACCES));
        child.exit()?;
    }

    story.tidy_up()?;
    closed.remove()?;
    memory.detach()?;
    segment.remove()
}
