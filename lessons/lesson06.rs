//! Lesson 6: attach the segment again, at an address of our choosing (`shmat` with an address).
//!
//! Run: `cargo run --bin lesson06`. Source: shmop(2).

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(6, source!(), tell)
}

fn tell(story: &Story) -> Result<()> {
    story.so_far();
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    let memory = segment.attach()?;
    memory.write(0, TEXT)?;

    story.step("Detach it, and attach it at 0x5000000")?;
    story.say(format!(
        "The second argument of shmat asks for an address. {THERE} is {} pages of {} bytes from 0, so a page can begin \
         there. It lies far below where Linux puts a position-independent program, its heap and its stack.",
        THERE.0 / story.page_size() as u64,
        story.page_size()
    ));
    let guess = story.predict(
        "The text was written through another address. What will be the first byte at the new one?",
        [
            always(b'T', "the address is new, the pages are the same."),
            never(b'\0', "a new mapping of memory begins with zeros, but this memory is not new."),
        ],
    )?;
    memory.detach()?;
    let memory = segment.attach_preferring(THERE)?;
    let first = memory.read(0, 1)?[0];
    story.show_maps();
    story.show_space(segment.id());
    guess.reveal(story, first);
    assert_eq!(first, TEXT[0]);
    story.erratum(
        "E21",
        "the second argument is an address inside our address space; NULL is the portable choice.",
    );
    story.addition(
        "E31",
        "0x5000000 is usually free, but nobody promises that: a program must be ready for a refusal.",
    );
    story.try_it(format!("grep SYSV /proc/{}/maps", story.pid()), "the segment's line, at its new address");
    story.why("Attaching costs no copy: the kernel only writes down which pages these addresses lead to.");

    story.experiment("Attach it at an address that no page begins at")?;
    let odd = THERE.offset(0x100001);
    let guess = story.predict(
        &format!("What will shmat answer to {odd}?"),
        [
            always(
                Verdict::Refused(Errno::EINVAL),
                "an address must be a multiple of SHMLBA, here the page size.",
            ),
            never(Verdict::Success, "a mapping is made of whole pages, and cannot begin inside one."),
            never(Verdict::Refused(Errno::EACCES), "that is for missing permission, and the owner has it."),
        ],
    )?;
    let answer = segment.attach_at(odd, ShmatFlags::empty()).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::EINVAL));

    story.experiment("Have it rounded")?;
    let guess = story.predict(
        "The same address, with SHM_RND. Where will the segment be?",
        [
            always(THERE.offset(0x100000), "SHM_RND rounds down, to a multiple of SHMLBA."),
            never(THERE.offset(0x100000 + story.page_size()), "it does not round up."),
            never(odd, "a page cannot begin there."),
        ],
    )?;
    let rounded = segment.attach_at(odd, ShmatFlags::SHM_RND)?;
    guess.reveal(story, rounded.address());
    rounded.detach()?;
    story.erratum("E22", "SHM_RND rounds down, and to SHMLBA, which on some machines is more than a page.");

    story.experiment("Attach it where something is")?;
    let guess = story.predict(
        &format!("The segment is at {}. What if we attach it there once more?", memory.address()),
        [
            always(Verdict::Refused(Errno::EINVAL), "the range is taken, here by the segment itself."),
            never(Verdict::Success, "only with SHM_REMAP, which replaces what is there."),
        ],
    )?;
    let answer = segment.attach_at(memory.address(), ShmatFlags::empty()).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::EINVAL));

    story.tidy_up()?;
    memory.detach()?;
    segment.remove()
}
