//! Lesson 9: a key both know: two processes find one segment (`ftok`, and `shmget` without `IPC_CREAT`).
//!
//! Run: `cargo run --bin lesson09`. Source: ftok(3), shmget(2), svipc(7).
//!
//! In two terminals: `cargo run --bin lesson09 -- writer`, and `cargo run --bin lesson09 -- reader`.

use playground::prelude::*;

/// How far the two sides have got: what one announces, and the other waits for.
const HANDED_OVER: u32 = 1;
const READ: u32 = 2;

fn main() -> ExitCode {
    let writer = Side { name: "writer", does: "Make the segment, hand over a text, remove it", tell: writer };
    let reader =
        Side { name: "reader", does: "Find the segment by its key, and read the text", tell: reader };
    program::lesson_with_sides(9, source!(), tell, [writer, reader])
}

fn tell(story: &Story) -> Result<()> {
    story.step("Make a key from a file")?;
    story.say(
        "A key is a number that programs agree on. ftok makes one from a file that both can name, here this program's \
         own, and a project number from 1 to 255. A second process begins now, before there is any segment.",
    );
    let reader = story.fork("reader")?;
    let file = keys::program_file();
    let project = keys::free_project(story, &file)?;
    let guess = story.predict(
        "The reader is a process of its own. Will ftok give it the same key as us?",
        [
            always(true, "a key is made from numbers of the file, and they are the same for everyone.")
                .named("the same"),
            never(false, "a key does not depend on who asks, or when.").named("another"),
        ],
    )?;
    let key = Key::ftok(story, &file, project)?;
    let its_key = Key::ftok(&reader, &file, project)?;
    guess.reveal(story, its_key == key);
    let parts =
        keys::parts(&file, project).map_err(|error| Error::environment("stat the file", error, ""))?;
    story.table("what ftok keeps in the key", ["bits", "from", "in hexadecimal"], &parts);

    story.step("Find a segment by its key")?;
    let segment = Segment::create(story, key, SIZE, OWNER_RW)?;
    let memory = segment.attach()?;
    memory.write(0, TEXT)?;
    story.show_segments();
    let guess = story.predict(
        "The reader was not told our id. What will it get for the key?",
        [
            always(true, "a key names one segment, for every process of the IPC namespace.")
                .named("the id that we got"),
            never(false, "that happens with IPC_PRIVATE, or with IPC_CREAT and a key that no segment has.")
                .named("an id of its own"),
        ],
    )?;
    let found = its_key.find(&reader, SIZE, ShmgetFlags::empty(), OWNER_RW)?;
    guess.reveal(story, found == segment.id());
    let its_memory = found.attach(&reader, SIZE, ShmatFlags::empty())?;
    assert_eq!(its_memory.read(0, TEXT.len())?, TEXT);
    story.try_it(
        "cargo run --bin lesson09 -- writer",
        "a side by hand; `-- reader`, in a third terminal, is the other",
    );
    story.why(
        "The two agreed on the file's name and the number, and on nothing else. The commands under `Try it` start \
         two such programs. They also say what happens when one of them does not do its part.",
    );

    story.experiment("Use the same key: IPC_PRIVATE")?;
    story.say(
        "The article says that processes should use the same key, and its program uses IPC_PRIVATE. So both of our \
         processes use IPC_PRIVATE.",
    );
    let private = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    let ours = private.attach()?;
    ours.write(0, TEXT)?;
    let guess = story.predict(
        "The reader asks with IPC_PRIVATE, too, and reads. What will it find?",
        [
            never(
                format!("{:?}", "THIS IS A TEST"),
                "that is in our segment, and the reader has made another.",
            ),
            always(
                format!("{:?}", ""),
                "IPC_PRIVATE made a second segment, full of zeros. No call has failed.",
            ),
        ],
    )?;
    let strange = Segment::create_private(&reader, SIZE, ShmgetFlags::empty(), OWNER_RW)?;
    let theirs = strange.attach()?;
    guess.reveal(story, format!("{:?}", theirs.read_text(0, TEXT.len())?));
    assert_ne!(strange.id(), private.id());
    theirs.detach()?;
    strange.remove()?;
    story.erratum(
        "E37",
        "its program uses IPC_PRIVATE, which is no key: two processes that both use it get two segments.",
    );
    story.erratum(
        "E14",
        "IPC_PRIVATE avoids conflicts of keys by giving up the key. With a key, IPC_CREAT|IPC_EXCL reports a \
         conflict.",
    );
    story.habit(
        "Let the type say it: Option<Key>, where None is IPC_PRIVATE. Then nobody can look up a segment that has no \
         key.",
    );

    story.step("Share the segment that has no key")?;
    let guess = story.predict(
        &format!("We tell the reader our id {}. What will shmat answer to it?", private.id()),
        [
            always(Verdict::Success, "whoever knows the id, and has permission, is let in."),
            never(Verdict::Refused(Errno::EACCES), "only the key is private. The permission bits decide."),
            never(Verdict::Refused(Errno::EINVAL), "an id is good in every process of the IPC namespace."),
        ],
    )?;
    let theirs = private.id().attach(&reader, SIZE, ShmatFlags::empty());
    guess.reveal(story, Verdict::of(&theirs));
    let theirs = theirs?;
    assert_eq!(theirs.read(0, TEXT.len())?, TEXT);
    story.say(
        "A second way does not even need the id: a process that is forked now has the attachment already.",
    );
    let child = story.fork("child")?;
    let inherited = ours.inherited_by(&child);
    assert_eq!(inherited.read(0, TEXT.len())?, TEXT);
    story.show_segments();

    story.experiment("Ask for a key in other ways")?;
    let ways = keys::ways_to_ask(project)?;
    let plain = ways[0].key;
    let names: Vec<_> = ways.iter().map(|way| way.how).collect();
    story.say(format!("We ask for: {}.", names.join("; ")));
    let guess = story.predict(
        "How many of these will give the same key as the first, the first included?",
        [
            never(1, "links lead to the same file, and only 8 bits of the number count."),
            always(4, "the first, both links, and the number plus 256: ftok makes no difference between them."),
            never(
                6,
                "a deleted file has no key. Made anew while the old one is open, it has another; otherwise it may \
                 get the old file's number, and the old key.",
            ),
        ],
    )?;
    guess.reveal(story, ways.iter().filter(|way| way.key == plain).count());
    let same = |key| if key == plain { "yes" } else { "no" }.to_owned();
    let rows: Vec<_> = ways.iter().map(|way| [way.how.to_owned(), way.answer(), same(way.key)]).collect();
    story.table("several names, one key; one name, several keys", ["asked for", "ftok", "the first?"], &rows);

    story.experiment("Meet another program under the same key")?;
    story.say(
        "ftok keeps 16 bits of the file's number and 8 of its device's. We make files, in memory and without a name, \
         until two have the same key.",
    );
    if let Some(colliding) = keys::colliding(story) {
        story.count("files made until two had one key", colliding.made as u64);
        let [file, other_file] = colliding.paths();
        let project = keys::free_project(story, &file)?;
        let key = Key::ftok(story, &file, project)?;
        let segment = Segment::create(story, key, SIZE, OWNER_RW)?;
        let guess = story.predict(
            "The reader takes the other file, and asks for a new segment: IPC_CREAT|IPC_EXCL. What will shmget \
             answer?",
            [
                always(Verdict::Refused(Errno::EEXIST),
                    "both files give the same key, and our segment has it already."),
                never(
                    Verdict::Success,
                    "there are two files, but the kernel sees only their key, which is one number.",
                ),
                never(Verdict::Refused(Errno::EINVAL), "nothing is wrong with the number, or with the size."),
            ],
        )?;
        let key = Key::ftok(&reader, &other_file, project)?;
        guess.reveal(story, Segment::create(&reader, key, SIZE, OWNER_RW).verdict()?);
        segment.remove()?;
        story.habit(
            "Use IPC_CREAT|IPC_EXCL, and after EEXIST another project number. Put a header into the segment that \
             says whose it is. The two sides of this lesson do both.",
        );
    }

    story.experiment("Forget to check what ftok returns")?;
    story.say(
        "ftok has returned -1 for a file that is not there. A child takes that for a key, in a namespace of its own.",
    );
    let child = story.fork("child")?;
    if child.adjust_if_allowed(Adjustment::Isolate)? {
        let guess = story.predict(
            "What will shmget answer to the key -1, with IPC_CREAT?",
            [
                always(
                    Verdict::Success,
                    "-1 is 0xffffffff, a key like any other: all programs that forget the check meet there.",
                ),
                never(
                    Verdict::Refused(Errno::EINVAL),
                    "every number is a key, and only 0 has a special meaning.",
                ),
            ],
        )?;
        let unchecked = Key(-1);
        guess.reveal(story, unchecked.find(&child, SIZE, ShmgetFlags::IPC_CREAT, OWNER_RW).verdict()?);
    } else {
        story.missing(
            "So we do not ask shmget for the key -1: in the namespace of all, another program may use it. What would \
             allow a private one is said above.",
        );
    }
    story.habit("In Rust ftok returns a Result: the key cannot be used before somebody has checked it.");

    story.tidy_up()?;
    for attachment in [ours, theirs, inherited, memory, its_memory] {
        attachment.detach()?;
    }
    private.remove()?;
    story.say("A program that knows nothing of us finds the segment by its key, too, and removes it: ipcrm.");
    match story.run_tool("ipcrm", &["-M", &key.to_string()]) {
        Some(0) => drop(segment.leak()),
        _ => segment.remove()?,
    }
    Ok(())
}

/// One side, run by hand: makes the segment, hands over a text, removes the segment.
fn writer(story: &Story, rendezvous: &Rendezvous, text: Option<&str>) -> Result<()> {
    story.step("Make a segment under a key that both know")?;
    let session = rendezvous.open(story)?;
    story.show_segments();
    let reader = session.wait_for_second()?;
    story.say(format!("The reader is process {reader}. It has the segment attached, too."));
    story.show_segments();

    story.step("Hand over a text")?;
    let text = text.map_or(TEXT.to_vec(), |text| [text.as_bytes(), b"\0"].concat());
    session.memory().write(Session::DATA, &text)?;
    session.announce(HANDED_OVER)?;
    session.wait_until(READ, "it has said that the text is read")?;

    story.step("Remove the segment")?;
    story.say("The reader has said that the text is read. It has detached, or does so now.");
    session.close()?;
    story.show_segments();
    Ok(())
}

/// The other side: finds the segment by its key, reads the text, says so.
fn reader(story: &Story, rendezvous: &Rendezvous, _: Option<&str>) -> Result<()> {
    story.step("Find the segment under the key")?;
    let session = rendezvous.join(story)?;
    story.show_segments();

    story.step("Read the text")?;
    session.wait_until(HANDED_OVER, "it has handed over a text")?;
    let text = session.memory().read_text(Session::DATA, program::MOST_TEXT)?;
    story.print(text);

    story.step("Say that it is read, and detach")?;
    story.say("The segment is the writer's to remove.");
    session.announce(READ)?;
    session.close()
}
