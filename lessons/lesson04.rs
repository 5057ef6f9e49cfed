//! Lesson 4: write to the segment: plain stores, and no system call.
//!
//! Run: `cargo run --bin lesson04`. Source: getrusage(2), ptrace(2).

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(4, source!(), tell)
}

fn tell(story: &Story) -> Result<()> {
    story.so_far();
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    let memory = segment.attach()?;

    story.step("Write THIS IS A TEST")?;
    story.say(
        "The segment is memory like any other now: a store puts a byte there. Behind the address there is no page \
         yet, so the first store causes a page fault: the kernel finds a page, and the store goes on.",
    );
    let guess = story.predict(
        "How many page faults will these 15 bytes take?",
        [
            never(0, "until now the segment took no memory at all: see lesson 1."),
            always(1, "one for the page that the bytes are on. The other pages stay as they are."),
            never(7, "pages come one at a time, and only those that are touched."),
        ],
    )?;
    let faults = memory.write(0, TEXT)?;
    guess.reveal(story, faults);
    memory.show(0, 32)?;
    let resident = story.show_resident(segment.id());
    story.try_it("grep /SYSV -A 4 /proc/{}/smaps".replace("{}", &story.pid().to_string()), "Rss: one page");
    story.why(
        "The 15th byte is the NUL that ends a string in C. The article writes with sprintf, which does not know how \
         much room there is; snprintf is told.",
    );

    story.step("Write again")?;
    let guess = story.predict(
        "The same 15 bytes once more. How many page faults now?",
        [
            always(
                0,
                "the page is there, and this process's page table leads to it. The kernel is not needed.",
            ),
            never(1, "that was at the first touch, once for each page and attachment."),
            never(15, "a fault is for a page, not for a byte."),
        ],
    )?;
    let faults = memory.write(0, TEXT)?;
    guess.reveal(story, faults);
    assert_eq!(story.show_resident(segment.id()), resident);

    story.step("Count the system calls")?;
    story.say(
        "A child with the same attachment writes a thousand times. A tracer stops it at every system call.",
    );
    let guess = story.predict(
        "How many system calls will a thousand writes take?",
        [
            always(0, "a store is an instruction of the processor. That is why shared memory is fast."),
            never(1, "nothing has to be flushed, and nobody has to be told."),
            never(1000, "that is what a pipe would take: one write each."),
        ],
    )?;
    let calls = story.count_calls("1000 writes of 15 bytes", || memory.write_times(0, TEXT, 1000));
    let control = story.count_calls("one getpid, to see that the counter counts", || story.pid());
    guess.reveal(story, calls);
    assert!(control.is_none_or(|calls| calls == 1));
    story.addition(
        "E7",
        "the kernel is entered all the same at the first touch of each page, by a page fault.",
    );

    story.experiment("Write past the end")?;
    story.say(
        "We write 15 bytes, beginning 4 bytes before the segment's end. First with our type, which knows the size.",
    );
    match memory.write(SIZE - 4, TEXT) {
        Err(error @ Error::OutOfBounds { .. }) => story.say(format!("It said: {error}.")),
        other => return other.map(drop),
    }
    story.say(
        "Now as in C, where a pointer knows no size. A child attaches the segment where nothing is mapped behind it \
         (lesson 6 shows how). It writes one byte past the segment, then one past its last page.",
    );
    let child = story.fork("child")?;
    let start = segment.id().attach_preferring(&child, THERE, SIZE)?.leak();
    let guess = story.predict(
        "What will happen at the first of the two writes?",
        [
            always(
                Verdict::Success,
                "the byte is on the segment's last page, which is mapped as a whole. Nobody notices.",
            ),
            never(
                Verdict::Ended(Ending::Killed(Signal::SIGSEGV)),
                "memory is protected page by page, and this page is ours.",
            ),
        ],
    )?;
    let past_segment = child.poke(start.offset(SIZE), b"!").verdict()?;
    guess.reveal(story, past_segment);
    assert_eq!(past_segment, Verdict::Success);
    let past_page = start.offset(SIZE.next_multiple_of(story.page_size()));
    let guess = story.predict(
        "And at the second?",
        [
            depends(
                Verdict::Ended(Ending::Killed(Signal::SIGSEGV)),
                "no page is mapped there, and the processor cannot go on.",
                "that happens where no page is mapped. Here one is.",
            ),
            depends(
                Verdict::Success,
                "something else is mapped there, and is overwritten in silence. That is worse.",
                "that happens where something else is mapped. It would be worse: that is overwritten in silence.",
            ),
        ],
    )?;
    guess.reveal(story, child.poke(past_page, b"!").verdict()?);
    story.erratum(
        "E30",
        "sprintf into shared memory has no bound. Past the segment's end it writes in silence; past its last page it \
         can end the program.",
    );

    story.tidy_up()?;
    memory.detach()?;
    segment.remove()
}
