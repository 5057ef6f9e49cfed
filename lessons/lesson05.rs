//! Lesson 5: detach the segment (`shmdt`).
//!
//! Run: `cargo run --bin lesson05`. Source: shmop(2).

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(5, source!(), tell)
}

fn tell(story: &Story) -> Result<()> {
    story.so_far();
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    let memory = segment.attach()?;
    memory.write(0, TEXT)?;

    story.step("Detach it")?;
    story.say("shmdt takes the address that shmat returned, and removes the mapping from this process.");
    let guess = story.predict(
        "Nobody else has it attached. How many bytes of the segment will be in memory after that?",
        [
            never(0, "then detaching would lose what was written, and it does not."),
            always(
                story.page_size(),
                "the page with the text stays: the segment waits for whoever attaches it next.",
            ),
            never(SIZE, "only the page that was touched has ever been in memory."),
        ],
    )?;
    let was_at = memory.detach()?;
    let lines = story.show_maps();
    story.show_segments();
    guess.reveal(story, story.show_resident(segment.id()));
    assert!(lines.is_empty());
    assert_eq!(segment.stat()?.nattch, 0);
    story
        .erratum("E24", "detaching removes a segment only if IPC_RMID has marked it before. This one stays.");
    story.erratum(
        "E29",
        "as printed, its program lacks both calls of shmdt. Without them nattch would be 2 at the end.",
    );
    story.try_it(format!("ipcs -m -i {}", segment.id()), "nattch=0, and the segment is still there");
    story.why(
        "Whoever knows the id may attach the segment now and read the text: this process, or another one.",
    );

    story.experiment("Detach it twice")?;
    story.say(
        "In our library detach takes the attachment away from its owner, so the compiler refuses a second detach. C \
         refuses nothing, so we make the bare call.",
    );
    let guess = story.predict(
        &format!("What will shmdt({was_at}) answer now?"),
        [
            always(Verdict::Refused(Errno::EINVAL), "no attachment starts at that address any more."),
            never(Verdict::Success, "there is nothing left to detach, and the kernel says so."),
            never(Verdict::Refused(Errno::EFAULT), "the address is not read or written, only looked up."),
        ],
    )?;
    let answer = story.perform(Call::Shmdt { address: was_at }).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::EINVAL));

    story.experiment("Use the old address")?;
    story.say(
        "A pointer into the segment is only a number, and now it leads nowhere. A child of ours reads through it.",
    );
    let guess = story.predict(
        "What will happen to the child?",
        [
            always(
                Verdict::Ended(Ending::Killed(Signal::SIGSEGV)),
                "no page is mapped there, and the processor cannot go on.",
            ),
            never(Verdict::Success, "what it would read is no longer its memory."),
            never(
                Verdict::Refused(Errno::EFAULT),
                "that is for system calls; a load has no way to return an error.",
            ),
        ],
    )?;
    let child = story.fork("child")?;
    let fate = child.peek(was_at, 1).verdict()?;
    guess.reveal(story, fate);
    assert_eq!(fate, Verdict::Ended(Ending::Killed(Signal::SIGSEGV)));

    story.tidy_up()?;
    segment.remove()
}
