//! Lesson 13: pages: memory that comes when it is touched (page faults, `SHM_LOCK`).
//!
//! Run: `cargo run --bin lesson13`. Source: getrusage(2), shmctl(2), getrlimit(2).

use playground::prelude::*;

/// A user without an account here, and without privileges.
const SOMEBODY: u32 = 60001;

fn main() -> ExitCode {
    program::lesson(13, source!(), tell)
}

fn tell(story: &Story) -> Result<()> {
    let page = story.page_size();
    // 6 pages and a quarter: with pages of 4096 bytes, the article's 25600.
    let size = 6 * page + page / 4;
    story.so_far();
    let segment = Segment::create(story, Key::PRIVATE, size, OWNER_RW)?;
    let memory = segment.attach()?;

    story.step("Ask for one byte more than a page")?;
    let guess = story.predict(
        &format!("A segment of {} bytes: how many bytes will its mapping span?", page + 1),
        [
            never(page + 1, "only whole pages can be mapped."),
            never(page, "the last byte would have no page: the size is rounded up, never down."),
            always(2 * page, "the mapping is rounded up to whole pages."),
        ],
    )?;
    let small = Segment::create(story, Key::PRIVATE, page + 1, OWNER_RW)?;
    let whole = small.attach()?;
    let line = story.show_maps().into_iter().find(|line| line.shows(small.id()));
    guess.reveal(story, line.map(|line| line.length()));
    let record = small.stat()?;
    assert_eq!(record.size, page + 1);
    story.say(format!("shm_segsz says {}: the record keeps what was asked for.", record.size));
    story.erratum("E15", "memory is rounded up to whole pages; the segment's size stays as it is.");
    whole.detach()?;
    small.remove()?;

    story.step("Touch it page by page")?;
    story.say(format!(
        "A segment of {size} bytes spans 7 pages. We write to three of them, and read a fourth."
    ));
    let guess = story.predict(
        "How many bytes of it will be in memory after the read?",
        [
            never(3 * page, "the zeros that are read have to be somewhere."),
            always(4 * page, "a read takes a page, too: another process may write to it next."),
            never(7 * page, "pages come one at a time."),
        ],
    )?;
    story.in_brief("Byte 0 of a page each time");
    let mut rows = Vec::new();
    let mut resident = None;
    for (number, kind) in [(0, "write"), (1, "write"), (2, "write"), (3, "read"), (0, "write"), (3, "read")] {
        let faults = match kind {
            "write" => memory.write(number * page, b"!")?,
            _ => memory.touch(number * page)?,
        };
        resident = story.resident(segment.id());
        let rss = resident.map_or("hidden".to_owned(), |bytes| bytes.to_string());
        rows.push([number.to_string(), kind.to_owned(), faults.to_string(), rss]);
    }
    story.table("page faults, and bytes in memory", ["page", "access", "faults", "rss"], &rows);
    guess.reveal(story, resident);
    story.try_it(
        format!("grep -A 4 SYSV /proc/{}/smaps", story.pid()),
        "Size: the whole mapping; Rss: what of it this process has touched",
    );
    story.why(
        "Memory of one's own is another matter: there a read of an untouched page maps a page of zeros that all \
         processes share, and takes no memory. In a segment that page would have to be replaced for everybody.",
    );

    story.step("Touch it through a second attachment")?;
    let guess = story.predict(
        "Page 0 is in memory. How many page faults will a write through another attachment take?",
        [
            never(0, "the new addresses lead nowhere yet, whatever is in memory."),
            always(1, "the page is in memory, but the new address needs an entry for it in the page table."),
        ],
    )?;
    let again = segment.attach()?;
    guess.reveal(story, again.write(0, b"?")?);
    assert_eq!(memory.read(0, 1)?, b"?");
    again.detach()?;

    story.experiment("Go past the end")?;
    match memory.write(size, TEXT) {
        Err(error @ Error::OutOfBounds { .. }) => story.say(format!("Attachment says: {error}.")),
        other => return other.map(drop),
    }
    story.say("C has only an address. As C would, a child writes one byte past the segment; then we look.");
    let guess = story.predict(
        "The byte lies past the segment, on its last page. What do we read there?",
        [
            always(b'!', "the page is shared to its last byte."),
            never(b'\0', "pages begin as zeros, but the child's write went to the same page."),
        ],
    )?;
    let child = story.fork("child")?;
    let its = segment.id().attach_preferring(&child, THERE, size)?.leak();
    assert!(story.peek(memory.address().offset(size), page * 7 - size)?.iter().all(|byte| *byte == 0));
    child.poke(its.offset(size), b"!")?;
    let found = story.peek(memory.address().offset(size), 1)?[0];
    guess.reveal(story, found);

    story.experiment("Go past the last page")?;
    story.say(format!("The child's attachment begins at {its}, which we have asked for."));
    let guess =
        story.predict("It writes one byte past the last page. What will happen?", past_the_last_page())?;
    guess.reveal(story, child.poke(its.offset(7 * page), b"!").verdict()?);

    story.experiment("The same, where the kernel chose the address")?;
    story.say("We attach another segment, and leave the address to the kernel. A second child inherits it.");
    let other = Segment::create(story, Key::PRIVATE, size, OWNER_RW)?;
    let below = other.attach()?;
    story.show_maps();
    let second = story.fork("second")?;
    let guess = story.predict(
        "The second child writes one byte past the last page of the new one. What will happen?",
        past_the_last_page(),
    )?;
    let before = memory.read(0, 1)?;
    guess.reveal(story, second.poke(below.address().offset(7 * page), b"X").verdict()?);
    if memory.read(0, 1)? != before {
        story.say(format!(
            "The byte is in segment {}, at offset 0: the kernel put the new mapping right below the old one.",
            segment.id()
        ));
    }
    story.habit("an Attachment carries its size with its address, as a slice does; a pointer in C does not.");
    story.why(
        "With NULL the kernel takes the highest gap that is large enough, and that is often right below the last \
         mapping. Two such neighbours have no guard page between them: a write from one to the other brings no signal.",
    );
    second.exit()?;
    below.detach()?;
    other.remove()?;

    story.step("Lock it in memory")?;
    story.say("SHM_LOCK keeps the segment's pages from being swapped out.");
    let before = story.resident(segment.id());
    let guess = story.predict(
        "Not all of the 7 pages are in memory. How many bytes will be, after SHM_LOCK?",
        [
            always(
                before.unwrap_or(5 * page),
                "it brings nothing in: touch every page that has to be there.",
            ),
            never(7 * page, "mlock(2) brings pages in, and SHM_LOCK does not."),
        ],
    )?;
    let answer = segment.id().lock(story).verdict()?;
    if answer == Verdict::Success {
        story.show_segments();
        guess.reveal(story, story.show_resident(segment.id()));
        segment.id().unlock(story)?;
    } else {
        story.missing(format!(
            "It cannot be locked: {answer}. `ulimit -l` shows how much a user may lock; for root there is no limit."
        ));
    }

    story.experiment("Lock more than one may")?;
    story.say("A child without privileges lowers its RLIMIT_MEMLOCK to 2 pages, and makes a segment of 7.");
    let somebody = story.fork("somebody")?;
    // Only root can become somebody else, and only root has to.
    let _ = somebody.adjust(Adjustment::SetIdentity(SOMEBODY));
    if somebody.adjust_if_allowed(Adjustment::LimitLocked(2 * page as u64))? {
        let theirs = Segment::create(&somebody, Key::PRIVATE, size, OWNER_RW)?;
        let guess = story.predict(
            "Nobody has touched it. What will SHM_LOCK answer?",
            [
                depends(
                    Verdict::Refused(Errno::ENOMEM),
                    "the limit is for all the pages of the segment, touched or not.",
                    "the limit does not hold for a process with CAP_IPC_LOCK.",
                ),
                depends(
                    Verdict::Success,
                    "the child still has CAP_IPC_LOCK, for which the limit does not hold.",
                    "that takes CAP_IPC_LOCK, which the child does not have.",
                ),
                never(Verdict::Refused(Errno::EPERM), "that is for a limit of 0, and for others' segments."),
            ],
        )?;
        guess.reveal(story, theirs.id().lock(&somebody).verdict()?);
        theirs.remove()?;
    }
    somebody.exit()?;

    story.tidy_up()?;
    memory.detach()?;
    segment.remove()
}

/// What may come of a write behind the last page: what is mapped there decides.
fn past_the_last_page() -> [Candidate<Verdict>; 3] {
    [
        depends(
            Verdict::Ended(Ending::Killed(Signal::SIGSEGV)),
            "nothing is mapped there.",
            "that happens where nothing is mapped. Here something is mapped.",
        ),
        never(
            Verdict::Ended(Ending::Killed(Signal::SIGBUS)),
            "that is for a page that is mapped, but cannot be brought in.",
        ),
        depends(
            Verdict::Success,
            "something else is mapped there, and one of its bytes is overwritten in silence. That is worse.",
            "that happens where something else is mapped. It would be worse: a byte of that is overwritten in \
             silence.",
        ),
    ]
}
