//! Lesson 16: marked for destruction: the last days of a segment, and what its id is worth afterwards.
//!
//! Run: `cargo run --bin lesson16`. Source: shmctl(2), shmop(2), ipc/util.c (`ipc_idr_alloc`, `ipc_checkid`).

use playground::prelude::*;

/// What the second segment holds.
const NEWS: &[u8] = b"THIS IS NEWS\0";

fn main() -> ExitCode {
    program::lesson(16, source!(), tell)
}

fn tell(story: &Story) -> Result<()> {
    story.so_far();
    let file = keys::program_file();
    let key = Key::ftok(story, &file, keys::free_project(story, &file)?)?;
    let old = Segment::create(story, key, SIZE, OWNER_RW)?;
    let ours = old.attach()?;
    ours.write(0, TEXT)?;
    let reader = story.fork("reader")?;
    let its = ours.inherited_by(&reader);

    story.step("Mark it while two processes have it attached")?;
    let guess = story.predict(
        "We call IPC_RMID, and then shmget with the key. What will shmget answer?",
        [
            always(
                Verdict::Refused(Errno::ENOENT),
                "IPC_RMID has taken the key away, so that nobody finds it by key.",
            ),
            never(Verdict::Success, "the segment is there, but it has no key any more."),
            never(
                Verdict::Refused(Errno::EIDRM),
                "shmget finds no segment with the key, so it does not see the mark.",
            ),
        ],
    )?;
    let id = old.id();
    old.remove()?;
    let found = key.find(story, SIZE, ShmgetFlags::empty(), OWNER_RW).verdict()?;
    story.show_segments();
    guess.reveal(story, found);
    assert!(id.stat(story)?.is_marked());
    story.show_maps();
    story.say("In the maps the key is still part of the name: the file was named when it was made.");
    story.erratum(
        "E20",
        "shmget checks permissions, and not the mark. A marked segment has no key, so shmget does not find it.",
    );
    story.try_it(format!("ipcs -m -i {id}"), "mode=01600: the 1 is SHM_DEST, which ipcs -m calls dest");

    story.step("Make a new segment under the old key")?;
    let guess = story.predict(
        "The old segment is still attached twice. What will shmget answer to its key, with IPC_CREAT|IPC_EXCL?",
        [
            always(Verdict::Success, "no segment has the key: it is free, though the old segment is there."),
            never(Verdict::Refused(Errno::EEXIST), "the old segment gave its key up when it was marked."),
            never(Verdict::Refused(Errno::EIDRM), "the old segment has no key, so shmget does not look at it."),
        ],
    )?;
    let new = Segment::create(story, key, SIZE, OWNER_RW);
    guess.reveal(story, Verdict::of(&new));
    let new = new?;
    story.show_segments();
    assert_ne!(new.id(), id);

    story.experiment("Read yesterday's news")?;
    story.say("We write into the new segment. The reader goes on reading where it always has.");
    let guess = story.predict(
        "What does the reader see?",
        [
            always(
                format!("{:?}", "THIS IS A TEST"),
                "its mapping leads to the old segment. Nobody tells it of the new one.",
            ),
            never(
                format!("{:?}", "THIS IS NEWS"),
                "the two segments had the same key, but they share no byte.",
            ),
        ],
    )?;
    let current = new.attach()?;
    current.write(0, NEWS)?;
    guess.reveal(story, format!("{:?}", its.read_text(0, TEXT.len())?));
    story.show_segments();
    story.habit(
        "A reader that waits should call IPC_STAT now and then: SHM_DEST says that its segment is the old one. In \
         Rust that is record.is_marked(). The two sides of lesson 9 check it while they wait.",
    );

    story.step("Attach the marked segment once more")?;
    let guess = story.predict(
        &format!("Segment {id} is marked. What will shmat answer to its id?"),
        [
            always(
                Verdict::Success,
                "on Linux the id works until the last detach; on other systems it may not.",
            ),
            never(Verdict::Refused(Errno::EINVAL), "that is for an id that no segment has."),
            never(
                Verdict::Refused(Errno::EIDRM),
                "Linux answers that only if the segment goes during the call.",
            ),
        ],
    )?;
    let again = id.attach(story, SIZE, ShmatFlags::empty());
    guess.reveal(story, Verdict::of(&again));
    let again = again?;
    assert_eq!(id.remove(story).verdict()?, Verdict::Success);
    story.say("Marking it a second time changes nothing, and is no error.");
    let nattch = id.stat(story)?.nattch;
    story.in_brief(&format!("{nattch} attachments keep it alive, and go one by one"));
    let mut rows = Vec::new();
    for (whose, attachment) in [("our second", again), ("our first", ours), ("the reader's", its)] {
        attachment.detach()?;
        let left = match id.stat(story) {
            Ok(record) => record.nattch.to_string(),
            gone => gone.verdict()?.to_string(),
        };
        rows.push([whose.to_owned(), left]);
    }
    assert_eq!(id.stat(story).verdict()?, Verdict::Refused(Errno::EINVAL));
    story.table("the last days of a segment", ["detached", "nattch after that"], &rows);

    story.step("Ask for the old id when its place is taken again")?;
    story.say(
        "An id is two numbers in one: an index into the kernel's table, and a sequence number that grows each time \
         the kernel has gone through its table. We make segments and remove them until one gets the old index.",
    );
    let Some((next, made)) = Segment::create_at(story, id.index(), SIZE, OWNER_RW)? else {
        story.missing(
            "Somebody else has the index now, and keeps it. Run the lesson again, or with --isolated.",
        );
        return tidy_up(story, current, new);
    };
    story.count("segments made until the old index came again", made);
    story.show_segments();
    let guess = story.predict(
        &format!(
            "The segment {} has the index that id {id} had. What will IPC_STAT answer to id {id}?",
            next.id()
        ),
        [
            always(
                Verdict::Refused(Errno::EINVAL),
                "the index is right, but the sequence number is old, so the id names no segment.",
            ),
            never(
                Verdict::Success,
                "then everyone who kept an old id would read, or remove, somebody else's segment.",
            ),
            never(
                Verdict::Refused(Errno::EIDRM),
                "that is what the manual page says of a removed id. Linux says EINVAL.",
            ),
        ],
    )?;
    let answer = id.stat(story).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::EINVAL));
    let split = |what: &str, id: Shmid| {
        [what.to_owned(), id.to_string(), id.sequence().to_string(), id.index().to_string()]
    };
    let rows = [split("the old one", id), split("the new one", new.id()), split("the one after", next.id())];
    story.table("id = sequence number * 32768 + index", ["segment", "id", "sequence", "index"], &rows);
    story.habit(
        "Keep an id no longer than its segment, and do not write it into a file. Segment::remove takes the Segment \
         away from its owner, so the compiler refuses to use it afterwards.",
    );
    story.why(
        "The kernel goes on through its table instead of taking the first free place, so that an id comes again as \
         late as possible. 163843, in the article's list, is 5 * 32768 + 3.",
    );
    tidy_up(story, current, new)?;
    next.remove()
}

fn tidy_up(story: &Story, current: Attachment, new: Segment) -> Result<()> {
    story.tidy_up()?;
    current.detach()?;
    new.remove()
}
