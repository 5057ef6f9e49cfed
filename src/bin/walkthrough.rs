//! The whole walk: the article's program, all eight steps, with both detaches that the printed article lost.
//!
//! Run: `cargo run`. With `--quiet` it prints what the C program prints, and makes the same calls.

use clap::Parser;
use playground::course;
use playground::prelude::*;
use playground::program::{Options, Program};

/// The whole walk: allocate, attach, ask, write, detach, reattach, read, remove
#[derive(Parser)]
#[command(name = "walkthrough", version, term_width = 80, after_help = program::examples("walkthrough"))]
struct Walk {
    #[command(flatten)]
    options: Options,

    /// Print only the four lines that the article's C program prints
    #[arg(long, conflicts_with_all = ["list", "format", "pace"])]
    quiet: bool,

    /// List the lessons, and run nothing
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let walk = match Walk::try_parse() {
        Ok(walk) => walk,
        Err(error) => return program::answer(&error),
    };
    if walk.list {
        return program::print_list(course::in_order().map(|lesson| (lesson.name, lesson.title)));
    }
    let options = Options { quiet: walk.quiet, ..walk.options };
    let title = "System V shared memory, from shmget to IPC_RMID";
    program::run(&options, Program { number: None, title, source: source!() }, tell)
}

fn tell(story: &Story) -> Result<()> {
    story.step("Allocate")?;
    story.say("Make a segment of 0x6400 bytes. It belongs to no process, and takes no memory yet.");
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    story.show_segments();
    story.try_it("ipcs -m", "the same row: while this waits, the segment really exists");
    story.why("Each step of this walk is a lesson of its own, with questions and experiments: lesson01 to lesson08.");

    story.step("Attach")?;
    story.say("Map it into this process, wherever the kernel finds room.");
    let memory = segment.attach()?;
    story.print(format!("Attached at address {}", memory.address()));
    story.show_maps();
    story.show_space(segment.id());

    story.step("Ask for its size")?;
    let guess = story.predict(
        "7 whole pages are mapped. Which size will the kernel's record give?",
        [
            always(SIZE, "the record keeps what was asked for, not what was mapped."),
            never(SIZE.next_multiple_of(story.page_size()), "that is the mapping's size, in whole pages."),
        ],
    )?;
    let record = segment.stat()?;
    story.show_record(segment.id(), &[("now", &record)]);
    guess.reveal(story, record.size);
    story.print(format!("Segment size: {}", record.size));

    story.step("Write")?;
    story.say("Plain stores: no system call. The first one brings a page of memory.");
    memory.write(0, TEXT)?;
    memory.show(0, 32)?;
    story.show_resident(segment.id());

    story.step("Detach")?;
    story.say(
        "Take the mapping away. The printed article has lost this line, and the second detach below (E29).",
    );
    memory.detach()?;
    story.show_maps();
    story.show_segments();

    story.step("Reattach at 0x5000000")?;
    story.say("The same pages, at an address that we choose.");
    let memory = segment.attach_preferring(THERE)?;
    story.print(format!("Reattached at address {}", memory.address()));
    story.show_maps();
    story.show_space(segment.id());

    story.step("Read")?;
    let guess = story.predict(
        "What is there, after a detach and a reattach elsewhere?",
        [
            always(
                format!("{:?}", "THIS IS A TEST"),
                "the bytes belong to the segment, whatever is mapped where.",
            ),
            never(format!("{:?}", ""), "zeros are for pages that nobody has touched."),
        ],
    )?;
    let text = memory.read_text(0, TEXT.len())?;
    guess.reveal(story, format!("{text:?}"));
    assert_eq!(text.as_bytes(), &TEXT[..TEXT.len() - 1]);
    story.print(text);

    story.step("Remove")?;
    story.say("Detach once more, then IPC_RMID: nobody has the segment attached, so it goes at once.");
    memory.detach()?;
    segment.remove()?;
    story.show_segments();
    Ok(())
}
