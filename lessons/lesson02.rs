//! Lesson 2: attach the segment to this process (`shmat`).
//!
//! Run: `cargo run --bin lesson02`. Source: shmop(2), proc(5).

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(2, source!(), tell)
}

fn tell(story: &Story) -> Result<()> {
    story.so_far();
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;

    story.step("Attach it where the kernel finds room")?;
    story.say(
        "shmat maps the segment into this process: from then on some of our addresses lead to its pages. With NULL \
         for the address the kernel looks for a free range, and returns where it begins.",
    );
    let guess = story.predict(
        &format!(
            "25600 bytes are {:.2} pages of {}. How many pages will be mapped?",
            SIZE as f64 / story.page_size() as f64,
            story.page_size()
        ),
        [
            never(SIZE / story.page_size(), "the last bytes would have no page."),
            always(
                SIZE.div_ceil(story.page_size()),
                "only whole pages can be mapped, so the size is rounded up.",
            ),
            never(0, "shmat maps all of it at once. What comes later is the memory behind it."),
        ],
    )?;
    let memory = segment.attach()?;
    let lines = story.show_maps();
    guess.reveal(story, lines.first().map(|line| line.length() / story.page_size()));
    story.erratum("E15", "the size is rounded up for the mapping only; the segment's own size stays 25600.");
    story.show_space(segment.id());
    story.say("In the kernel's table one number has changed: nattch, which counts attachments.");
    story.show_segments();
    assert_eq!(segment.stat()?.nattch, 1);
    story.try_it(format!("cat /proc/{}/maps", story.pid()), "the line that ends in /SYSV00000000 (deleted)");
    story.why(
        "The name /SYSV00000000 is made from the key, and the number before it is the segment's id. Inside the \
         kernel a segment is a file without a name in any folder: so it is shown as deleted.",
    );

    story.experiment("Attach a segment that does not exist")?;
    let nobody = Shmid(i32::MAX);
    let guess = story.predict(
        &format!("No segment has the id {nobody}. What will shmat return?"),
        [
            always(Verdict::Refused(Errno::EINVAL), "the call returns (void *) -1, and errno says EINVAL."),
            never(
                Verdict::Refused(Errno::ENOENT),
                "that is what shmget answers to a key that no segment has.",
            ),
            never(Verdict::Success, "there is nothing to map."),
        ],
    )?;
    let answer = nobody.attach(story, SIZE, ShmatFlags::empty()).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::EINVAL));
    story.say(format!(
        "A C program that compares with NULL misses the error: (void *) -1 is {}. In Rust the error has another type \
         than the address, so nobody can take it for one.",
        Address(u64::MAX)
    ));
    story.addition("E23", "shmat returns (void *) -1 on failure, not NULL. Its program never checks.");

    story.tidy_up()?;
    memory.detach()?;
    segment.remove()
}
