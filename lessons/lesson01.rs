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
        "A segment is memory that belongs to no process. shmget makes one, or finds one, and returns its id. The \
         three arguments: a key, a size in bytes, and flags together with nine permission bits.",
    );
    let guess = story.predict(
        "How many bytes of memory does the new segment take at once?",
        [
            (0, "shmget only promises the bytes; a page of memory comes when it is first touched."),
            (25600, "that is the size that was asked for; nothing has been stored in it yet."),
            (28672, "that is the size in whole pages, which is what a mapping of it will span."),
        ],
    )?;
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    story.show_segments();
    guess.reveal(story, story.show_resident(segment.id()));
    Ok(())
}
