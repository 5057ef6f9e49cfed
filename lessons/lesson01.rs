//! Lesson 1: allocate a segment (`shmget`).
//!
//! Run: `cargo run --bin lesson01`. Source: shmget(2).

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(1, source!(), tell)
}

fn tell(story: &Story) -> Result<()> {
    story.step("Ask the kernel for a segment of 25600 bytes")?;
    story.say(
        "A segment is memory that belongs to no process. shmget makes one and returns its id. It takes a key, \
         a size in bytes, and flags together with nine permission bits.",
    );
    let guess = story.predict(
        "How many bytes of memory does a new segment take?",
        [
            always(0, "shmget only promises the bytes; a page of memory comes when it is first touched."),
            never(25600, "that many were asked for, but nothing is stored in them yet."),
            never(
                SIZE.next_multiple_of(story.page_size()),
                "that is the size in whole pages, which a mapping of it will span.",
            ),
        ],
    )?;
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    story.show_segments();
    guess.reveal(story, story.show_resident(segment.id()));
    story.erratum("E10", "allocating creates no pages. They come one by one, as they are first touched.");
    story.erratum(
        "E18",
        "there is no S_IWUSER. It is S_IWUSR, and with S_IRUSR it makes 0600: for the owner alone.",
    );
    story.try_it(
        format!("ipcs -m -i {}", segment.id()),
        "the kernel's record of this segment, while it exists",
    );
    story.why(
        "The id is the segment's name in this IPC namespace: any process that knows it, and has permission, may \
         attach the segment. The mode is 0600 in octal: in Rust 0o600, since 0600 would be six hundred.",
    );

    story.step("Leave out the flags")?;
    story.say("The article passes IPC_CREAT|IPC_EXCL together with IPC_PRIVATE. Ask again without any flag.");
    let guess = story.predict(
        "What will shmget(IPC_PRIVATE, 25600, 0600) do?",
        [
            always(
                Verdict::Success,
                "IPC_PRIVATE always makes a new segment, with those flags or without them.",
            ),
            never(
                Verdict::Refused(Errno::ENOENT),
                "that is for a key that no segment has, and IPC_PRIVATE is no key.",
            ),
            never(
                Verdict::Refused(Errno::EEXIST),
                "that is for IPC_CREAT|IPC_EXCL with a key that a segment has.",
            ),
        ],
    )?;
    let second = Segment::create_private(story, SIZE, ShmgetFlags::empty(), OWNER_RW);
    story.show_segments();
    guess.reveal(story, Verdict::of(&second));
    let second = second?;
    assert_ne!(second.id(), segment.id());
    story.erratum(
        "E17",
        "IPC_EXCL makes shmget fail only together with IPC_CREAT, and never with IPC_PRIVATE.",
    );
    story.erratum(
        "E14",
        "IPC_PRIVATE avoids conflicts of keys by having none: nobody can find the segment by key.",
    );

    story.experiment("Ask for nothing")?;
    let guess = story.predict(
        "What will the kernel answer to a size of 0?",
        [
            always(
                Verdict::Refused(Errno::EINVAL),
                "a new segment has at least 1 byte; 0 is for finding one by its key.",
            ),
            never(Verdict::Success, "malloc(0) may succeed, but shmget makes no empty segment."),
            never(Verdict::Refused(Errno::ENOMEM), "0 bytes fit anywhere; the size itself is refused."),
        ],
    )?;
    let nothing = Segment::create(story, Key::PRIVATE, 0, OWNER_RW).verdict()?;
    guess.reveal(story, nothing);
    assert_eq!(nothing, Verdict::Refused(Errno::EINVAL));

    story.experiment("Ask for more than the machine has")?;
    let guess = story.predict(
        "What will the kernel answer to a size of 2^62 bytes?",
        [
            depends(
                Verdict::Refused(Errno::ENOMEM),
                "the kernel compares the size with all the memory that the machine could ever give.",
                "this kernel refuses for another reason, or does not refuse.",
            ),
            depends(
                Verdict::Success,
                "with vm.overcommit_memory=1 a kernel promises more memory than it has.",
                "only a kernel with vm.overcommit_memory=1 promises more memory than it has.",
            ),
            depends(
                Verdict::Refused(Errno::EINVAL),
                "the size is above kernel.shmmax, which somebody has lowered.",
                "that is for a size above kernel.shmmax, which is larger by default.",
            ),
        ],
    )?;
    guess.reveal(story, Segment::create(story, Key::PRIVATE, 1 << 62, OWNER_RW).verdict()?);

    story.tidy_up()?;
    second.remove()?;
    segment.remove()
}
