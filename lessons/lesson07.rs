//! Lesson 7: read the text back; and what survives a move.
//!
//! Run: `cargo run --bin lesson07`. Source: shmop(2).

use playground::prelude::*;

/// Where in the segment we note where the text is: as an address, and as an offset.
const POINTER: usize = 64;
const OFFSET: usize = 72;

fn main() -> ExitCode {
    program::lesson(7, source!(), tell)
}

fn tell(story: &Story) -> Result<()> {
    story.so_far();
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    let memory = segment.attach()?;
    memory.write(0, TEXT)?;
    memory.set::<u64>(POINTER, memory.address().0)?;
    memory.set::<u64>(OFFSET, 0)?;
    memory.detach()?;
    let memory = segment.attach_preferring(THERE)?;

    story.step("Read the text through the new address")?;
    story.say("It was written through an attachment that is gone. The bytes belong to the segment, not to a mapping.");
    let guess = story.predict(
        "What will be read, 15 bytes from the segment's beginning?",
        [
            always(
                format!("{:?}", "THIS IS A TEST"),
                "detaching and attaching changed the mapping, not the segment.",
            ),
            never(
                format!("{:?}", ""),
                "pages are filled with zeros once, when they are first touched, and not again.",
            ),
        ],
    )?;
    let text = memory.read_text(0, TEXT.len())?;
    story.print(text.as_str());
    guess.reveal(story, format!("{text:?}"));
    story.addition("E32", "what its program prints. This is the last of the four lines.");
    story.try_it(
        format!("ipcs -m -i {}", segment.id()),
        "bytes and nattch; ipcs never shows what is in a segment",
    );

    story.step("Read where nobody has written")?;
    let guess = story.predict(
        "The last 32 bytes of the segment were never written. What is there?",
        [
            always(true, "the kernel fills every page with zeros before it gives it to anyone.")
                .named("zeros"),
            never(false, "that would show one process what another has left behind.")
                .named("whatever was in that memory"),
        ],
    )?;
    let rest = memory.read(SIZE - 32, 32)?;
    memory.show(SIZE - 32, 32)?;
    guess.reveal(story, rest.iter().all(|byte| *byte == 0));

    story.step("Follow a pointer, and an offset")?;
    story.say(
        "Before the move we stored in the segment where the text is, in two ways: as an address, and as an offset \
         from the segment's beginning. A child follows the address.",
    );
    let pointer = Address(memory.get::<u64>(POINTER)?);
    let guess = story.predict(
        &format!("What will happen when it reads at {pointer}?"),
        [
            depends(
                Verdict::Ended(Ending::Killed(Signal::SIGSEGV)),
                "the segment was mapped there; now nothing is.",
                "that happens where nothing is mapped. Here something is mapped again.",
            ),
            depends(
                Verdict::Success,
                "something is mapped there again, by chance.",
                "the number is the same, but the segment has moved away from it.",
            ),
        ],
    )?;
    let child = story.fork("child")?;
    let fate = child.peek(pointer, 1).verdict()?;
    guess.reveal(story, fate);
    let offset = memory.get::<u64>(OFFSET)? as usize;
    assert_eq!(memory.read_text(offset, TEXT.len())?, text);
    story.say(
        "The offset still leads to the text. Two processes may have a segment at two addresses: store offsets in it.",
    );

    story.experiment("Attach it for reading only, and write")?;
    let window = segment.attach_at(Address::NULL, ShmatFlags::SHM_RDONLY)?;
    assert_eq!(window.read_text(0, TEXT.len())?, text);
    story.show_maps();
    let guess = story.predict(
        "Reading works. A child writes one byte through this attachment. What will happen?",
        [
            always(
                Verdict::Ended(Ending::Killed(Signal::SIGSEGV)),
                "the page is mapped without the right to write: r--s.",
            ),
            never(
                Verdict::Refused(Errno::EACCES),
                "a store is no system call, so it has no errno to return.",
            ),
            never(
                Verdict::Success,
                "the same bytes may be written only through the other attachment, which is rw-s.",
            ),
        ],
    )?;
    let child = story.fork("child")?;
    let fate = child.poke(window.address(), b"t").verdict()?;
    guess.reveal(story, fate);
    assert_eq!(fate, Verdict::Ended(Ending::Killed(Signal::SIGSEGV)));

    story.tidy_up()?;
    window.detach()?;
    memory.detach()?;
    segment.remove()
}
