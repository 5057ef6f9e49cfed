//! Lesson 10: create or open: what `IPC_CREAT` and `IPC_EXCL` do with a key, and what the size does.
//!
//! Run: `cargo run --bin lesson10`. Source: shmget(2), ipc/util.c (`ipcget`).

use playground::prelude::*;

const NEITHER: ShmgetFlags = ShmgetFlags::empty();
const EXCL: ShmgetFlags = ShmgetFlags::IPC_EXCL;
const CREAT: ShmgetFlags = ShmgetFlags::IPC_CREAT;
const BOTH: ShmgetFlags = CREAT.union(EXCL);

fn main() -> ExitCode {
    program::lesson(10, source!(), tell)
}

fn tell(story: &Story) -> Result<()> {
    story.so_far();
    let (key, segment) = Segment::create_with_free_key(story, SIZE, OWNER_RW)?;
    let nobodys = Key(key.0 ^ 0x10000);

    story.step("Ask with each combination of flags")?;
    story.say(
        "shmget makes a segment, or finds one. What it does depends on IPC_CREAT, on IPC_EXCL, and on whether a \
         segment has the key: eight cases. Our segment has one key, and no segment has the other.",
    );
    let guess = story.predict(
        "A segment has the key. What will IPC_EXCL answer, without IPC_CREAT?",
        [
            always(
                Verdict::Success,
                "IPC_EXCL forbids IPC_CREAT to return a segment that exists. Alone it does nothing.",
            ),
            never(Verdict::Refused(Errno::EEXIST), "that is for IPC_CREAT|IPC_EXCL."),
            never(Verdict::Refused(Errno::EINVAL), "no combination of the two is invalid."),
        ],
    )?;
    story.in_brief("With the key that nobody has, and with ours");
    let mut rows = Vec::new();
    for (name, flags) in [("neither", NEITHER), ("IPC_EXCL", EXCL), ("IPC_CREAT", CREAT), ("both", BOTH)] {
        let absent = ask(story, nobodys, SIZE, flags, &segment)?;
        rows.push([name.to_owned(), absent, ask(story, key, SIZE, flags, &segment)?]);
    }
    let alone = key.find(story, SIZE, EXCL, OWNER_RW).verdict()?;
    story.table("what shmget answers", ["flags", "nobody has the key", "a segment has it"], &rows);
    guess.reveal(story, alone);
    assert_eq!(alone, Verdict::Success);
    story.addition("E13", "shmget does not only allocate; it also finds a segment that is there.");
    story
        .erratum("E11", "what shmget returns for a segment that is there is the segment's id, not a page's.");
    story.erratum("E17", "IPC_EXCL makes shmget fail only together with IPC_CREAT.");
    story.try_it(format!("ipcs -m | grep {key}"), "the segment of our key, while this step waits");
    story.why(
        "The nine permission bits travel in the same argument. A new segment gets them as its mode. Of a segment \
         that exists, they say which rights it must grant.",
    );

    story.step("Ask for other sizes")?;
    let pages = SIZE.div_ceil(story.page_size());
    let guess = story.predict(
        &format!(
            "{SIZE} bytes are on {pages} whole pages. What will shmget answer to a request for {}?",
            SIZE + 1
        ),
        [
            always(
                Verdict::Refused(Errno::EINVAL),
                "the kernel compares with the size that the segment was made with, not with its pages.",
            ),
            never(
                Verdict::Success,
                "the pages have room for one byte more, but the kernel does not compare with them.",
            ),
            never(Verdict::Refused(Errno::ENOMEM), "the memory is there. The size is refused."),
        ],
    )?;
    story.in_brief("With IPC_CREAT");
    let mut rows = Vec::new();
    for size in [0, 1, SIZE, SIZE + 1, 1 << 62, usize::MAX] {
        let absent = ask(story, nobodys, size, CREAT, &segment)?;
        rows.push([size.to_string(), absent, ask(story, key, size, CREAT, &segment)?]);
    }
    let too_large = key.find(story, SIZE + 1, CREAT, OWNER_RW).verdict()?;
    story.table("what shmget answers", ["size", "nobody has the key", "one of 25600 bytes"], &rows);
    guess.reveal(story, too_large);
    assert_eq!(too_large, Verdict::Refused(Errno::EINVAL));
    story.erratum(
        "E15",
        "the rounded size counts for the mapping only. Every lookup compares with the size asked for.",
    );

    story.step("Make every mistake at once")?;
    story.say(
        "Now the segment has mode 0, which allows nobody anything. A child without CAP_IPC_OWNER, which only root \
         has, asks for it. It wants a new segment under the same key, too many bytes, and permissions that it does \
         not have.",
    );
    segment.remove()?;
    let closed = Segment::create(story, key, SIZE, Mode::empty())?;
    let child = story.fork("child")?;
    child.adjust(Adjustment::RenouncePrivilege)?;
    let guess = story.predict(
        "There is a reason for EEXIST, for EINVAL and for EACCES. Which one will the child get?",
        [
            always(Verdict::Refused(Errno::EEXIST), "the kernel checks first whether the key may be in use."),
            never(Verdict::Refused(Errno::EINVAL), "the size comes second."),
            never(Verdict::Refused(Errno::EACCES), "permission comes last."),
        ],
    )?;
    story.in_brief("One mistake fewer each time");
    let all_three = key.find(&child, SIZE + 1, BOTH, OWNER_RW).verdict()?;
    let mut rows = vec![["in use, too large, forbidden".to_owned(), all_three.to_string()]];
    let fewer = [
        ("too large, forbidden", SIZE + 1, OWNER_RW),
        ("forbidden", SIZE, OWNER_RW),
        ("none: no permission is asked for", SIZE, Mode::empty()),
    ];
    for (mistakes, size, mode) in fewer {
        rows.push([mistakes.to_owned(), key.find(&child, size, CREAT, mode).verdict()?.to_string()]);
    }
    let nothing = nobodys.find(&child, 0, NEITHER, OWNER_RW).verdict()?;
    rows.push(["no segment, and a size of 0".to_owned(), nothing.to_string()]);
    story.table("which error wins", ["mistakes", "answer"], &rows);
    guess.reveal(story, all_three);
    assert_eq!(nothing, Verdict::Refused(Errno::ENOENT));
    child.exit()?;
    closed.remove()?;

    story.experiment("Take an old segment for a new one")?;
    story.say(
        "Yesterday a process made a segment, wrote a text, and forgot to remove it. Today's process asks with \
         IPC_CREAT alone, and expects a new segment, full of zeros.",
    );
    let yesterday = story.fork("yesterday")?;
    let forgotten = Segment::create(&yesterday, key, SIZE, OWNER_RW)?.leak();
    forgotten.attach(&yesterday, SIZE, ShmatFlags::empty())?.write(0, TEXT)?;
    yesterday.exit()?;
    let guess = story.predict(
        "What will today's process read?",
        [
            never(
                format!("{:?}", ""),
                "the segment is not new, and IPC_CREAT does not say whether it has made one or found one.",
            ),
            always(
                format!("{:?}", "THIS IS A TEST"),
                "the key was in use. shmget has found a segment: that is success, too.",
            ),
        ],
    )?;
    let today = key.find(story, SIZE, CREAT, OWNER_RW)?;
    assert_eq!(today, forgotten);
    let memory = today.attach(story, SIZE, ShmatFlags::empty())?;
    let text = memory.read_text(0, TEXT.len())?;
    guess.reveal(story, format!("{text:?}"));
    let record = today.stat(story)?;
    story.say(format!(
        "Only its record shows it: process {} made it, and we are process {}.",
        record.cpid,
        story.pid()
    ));
    story.habit(
        "Say whether you want to make one or to find one. Segment::create always passes IPC_EXCL, and gives a \
         Segment, which you have to remove. Key::find gives the id of a segment that somebody else has to remove.",
    );

    story.tidy_up()?;
    memory.detach()?;
    today.remove(story)
}

/// Asks for a key, and says in words what came of it. A segment that was made is removed again.
fn ask(story: &Story, key: Key, size: usize, flags: ShmgetFlags, segment: &Segment) -> Result<String> {
    let id = match key.find(story, size, flags, OWNER_RW) {
        Ok(id) if id == segment.id() => return Ok("the same id".to_owned()),
        Ok(id) => id,
        Err(Error::Refused(refusal)) => return Ok(format!("{:?}", refusal.errno)),
        Err(other) => return Err(other),
    };
    match Segment::just_made(story, id, size)? {
        Some(new) => new.remove().map(|()| "a new segment".to_owned()),
        None => Ok("somebody's segment".to_owned()),
    }
}
