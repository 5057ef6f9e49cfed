//! Lesson 12: where a segment may be mapped, how often, over what; and why a pointer into it does not travel.
//!
//! Run: `cargo run --bin lesson12`. Source: shmop(2).

use playground::prelude::*;

/// Where in the segment it is noted where the text is: as an address, and as an offset.
const POINTER: usize = 64;
const OFFSET: usize = 72;

/// What the other segment holds.
const OTHER: &[u8] = b"SOMETHING ELSE\0";

fn main() -> ExitCode {
    program::lesson(12, source!(), tell)
}

fn tell(story: &Story) -> Result<()> {
    story.so_far();
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    let other = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    let memory = other.attach()?;
    memory.write(0, OTHER)?;
    memory.detach()?;

    story.step("Map it twice, and let the kernel choose")?;
    story.say("NULL leaves the address to the kernel. We attach the same segment two times in one process.");
    let guess = story.predict(
        "We write through the first attachment. What will be read through the second?",
        [
            always(TEXT.to_vec(), "both lead to the same pages. The two addresses are aliases.")
                .named("the text"),
            never(
                vec![0; TEXT.len()],
                "a copy would be read as zeros, but nothing is copied: these are the same pages.",
            )
            .named("zeros"),
        ],
    )?;
    let one = segment.attach()?;
    let two = segment.attach()?;
    one.write(0, TEXT)?;
    let read = two.read(0, TEXT.len())?;
    story.show_maps();
    story.show_space(segment.id());
    guess.reveal(story, read.clone());
    assert_ne!(one.address(), two.address());
    assert_eq!((read.as_slice(), segment.stat()?.nattch), (TEXT, 2));
    story.habit(
        "&mut promises that no other name leads to the same bytes. Two attachments break that promise inside one \
         program, so our type copies bytes in and out, and never hands out a reference.",
    );
    story.try_it(format!("grep SYSV /proc/{}/maps", story.pid()), "two ranges with the same id");

    story.step("Ask for an address")?;
    two.detach()?;
    one.detach()?;
    let base = segment.attach_preferring(THERE)?.detach()?;
    let page = story.page_size();
    story.say(format!("Nothing is at {base} now. We ask for that address, and for some near it."));
    let guess = story.predict(
        "One byte below the next page, with SHM_RND. Where will the segment be?",
        [
            always(base, "SHM_RND rounds down to a multiple of SHMLBA, however near the next one is."),
            never(base.offset(page), "that is nearer, but SHM_RND does not round to the nearest."),
        ],
    )?;
    story.in_brief("Each address, with flags 0 and with SHM_RND");
    let granted = |offset, flags| segment.attach_at(base.offset(offset), flags)?.detach();
    let row = |offset| -> Result<[String; 3]> {
        let exact = granted(offset, ShmatFlags::empty()).in_words()?;
        Ok([base.offset(offset).to_string(), exact, granted(offset, ShmatFlags::SHM_RND).in_words()?])
    };
    let rows = [row(0)?, row(1)?, row(page - 1)?, row(page)?];
    let rounded = granted(page - 1, ShmatFlags::SHM_RND)?;
    story.table("what shmat answered", ["asked for", "flags 0", "SHM_RND"], &rows);
    guess.reveal(story, rounded);
    assert_eq!((rows[1][1].as_str(), rounded), ("EINVAL", base));
    story.why("SHMLBA is the page size here; on machines whose caches know virtual addresses it is larger.");

    story.experiment("Ask for an address where something is")?;
    let memory = segment.attach_at(base, ShmatFlags::empty())?;
    let pages = SIZE.div_ceil(page);
    let guess = story.predict(
        &format!(
            "The segment is at {base}. Nothing is mapped one page below. What if we ask for that address?"
        ),
        [
            always(
                Verdict::Refused(Errno::EINVAL),
                &format!("the start is free, but the segment needs {pages} pages from there."),
            ),
            never(Verdict::Success, "all its pages but the first would cover what is there."),
        ],
    )?;
    let below = Address(base.0 - page as u64);
    let answer = segment.attach_at(below, ShmatFlags::empty()).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::EINVAL));
    story.say("What else is in our memory is protected in the same way:");
    story.in_brief("Where something else begins");
    let mut taken = Vec::new();
    for what in ["stack", "libraries", "heap", "program"] {
        let Some(line) = story.place_of(what) else { continue };
        let answer = segment.attach_at(line.start, ShmatFlags::empty()).verdict()?;
        taken.push([what.to_owned(), line.start.to_string(), answer.to_string()]);
    }
    story.table("taken", ["by our", "which begins at", "shmat answers"], &taken);

    story.experiment("Take it all the same, with SHM_REMAP")?;
    story
        .say("Our other segment holds SOMETHING ELSE. SHM_REMAP lets it replace whatever is at the address.");
    let guess = story.predict(
        "Our Attachment of the first segment is still there. What will be read through it?",
        [
            always(
                words(OTHER),
                "the address leads to the second segment now, and nobody told the Attachment.",
            ),
            never(words(TEXT), "the type remembers an address, and the address leads elsewhere now."),
        ],
    )?;
    let instead = other.attach_at(base, ShmatFlags::SHM_REMAP)?;
    let read = memory.read(0, TEXT.len())?;
    story.show_maps();
    story.show_segments();
    guess.reveal(story, words(&read));
    assert_eq!((read.as_slice(), segment.stat()?.nattch), (OTHER, 0));
    memory.leak();
    let stack = story.place_of("stack").map_or(base.offset(page), |line| line.start);
    match other.attach_at(stack, ShmatFlags::SHM_REMAP) {
        Err(error @ Error::Dangerous { .. }) => story.say(format!("Over our stack? {error}.")),
        other => return other.map(drop),
    }
    story.habit(
        "SHM_REMAP over a stack or a heap ends the program, sooner or later, somewhere else. Pass NULL; our library \
         lets SHM_REMAP replace only attachments of its own.",
    );
    instead.detach()?;

    story.experiment("Follow a pointer in another process")?;
    let memory = segment.attach_at(base, ShmatFlags::empty())?;
    memory.set::<u64>(POINTER, memory.address().0)?;
    memory.set::<u64>(OFFSET, 0)?;
    story.say(
        "We store in the segment where its text is: as an address, and as an offset. A child inherits the \
         attachment, moves it, and maps the other segment where the first one was.",
    );
    let guess = story.predict(
        "The child follows the address. What will it read?",
        [
            never(
                words(TEXT),
                "in our process it leads there. A pointer means something in one address space only.",
            ),
            always(words(OTHER), "no error, no signal: the address is valid, and leads to something else."),
            never(
                "nothing: it is killed by SIGSEGV".to_owned(),
                "only where nothing is mapped: the last row of the table.",
            ),
        ],
    )?;
    story.in_brief("After the fork; after the move; with the old place free");
    let child = story.fork("child")?;
    let follow = |when: &str, place: &Attachment| -> Result<[String; 4]> {
        let pointer = Address(place.get::<u64>(POINTER)?);
        let by_offset = place.read_text(place.get::<u64>(OFFSET)? as usize, TEXT.len())?;
        let by_pointer = child.peek(pointer, TEXT.len()).map(|bytes| words(&bytes)).in_words()?;
        Ok([when.to_owned(), place.address().to_string(), by_pointer, by_offset])
    };
    let inherited = memory.inherited_by(&child);
    let as_forked = follow("as forked", &inherited)?;
    let moved = segment.id().attach(&child, SIZE, ShmatFlags::empty())?;
    inherited.detach()?;
    let intruder = other.id().attach_at(&child, base, SIZE, ShmatFlags::empty())?;
    let misled = follow("moved", &moved)?;
    intruder.detach()?;
    let rows = [as_forked, misled, follow("place free", &moved)?];
    let heading = ["child", "segment at", "the address", "the offset"];
    story.table("where they lead in the child", heading, &rows);
    guess.reveal(story, rows[1][2].replace("was killed", "nothing: it is killed"));
    assert!(rows.iter().all(|row| row[3] == words(TEXT)));
    story.habit(
        "Store offsets, and add them to the address where this process has the segment. References, Box, Vec and \
         String hold addresses: none of them is Pod, so set and get do not accept them.",
    );

    story.tidy_up()?;
    memory.detach()?;
    other.remove()?;
    segment.remove()
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
}
