//! Lesson 15: left by error: whose it is, how it goes, what it uses up, and how not to leave any.
//!
//! Run: `cargo run --bin lesson15`. Source: ipcrm(1), shmget(2), proc(5), ipc_namespaces(7).

use playground::prelude::*;
use playground::shm::limits;

fn main() -> ExitCode {
    program::lesson(15, source!(), tell)
}

fn tell(story: &Story) -> Result<()> {
    story.experiment("Die before removing")?;
    story.say("A child makes a segment, attaches it, and is killed: it has no chance to tidy up.");
    let child = story.fork("careless")?;
    let left = Segment::create(&child, Key::PRIVATE, SIZE, OWNER_RW)?.leak();
    let memory = left.attach(&child, SIZE, ShmatFlags::empty())?;
    memory.write(0, TEXT)?;
    let guess = story.predict(
        "What will IPC_STAT say of the segment, once the child is dead?",
        [
            depends(
                Verdict::Success,
                "the attachment was part of the process; the segment is not.",
                "here kernel.shm_rmid_forced is 1, and the last detach removes.",
            ),
            depends(
                Verdict::Refused(Errno::EINVAL),
                "kernel.shm_rmid_forced is 1: the kernel has removed what nobody had attached any more.",
                "that is so only if kernel.shm_rmid_forced is 1.",
            ),
        ],
    )?;
    child.kill(Signal::SIGKILL)?;
    let record = left.stat(story);
    story.show_segments();
    guess.reveal(story, Verdict::of(&record));
    match record {
        Ok(record) => find_and_remove(story, left, &record, child.pid())?,
        Err(_) => story.missing("Nothing is left here to be found: see `sysctl kernel.shm_rmid_forced`."),
    }
    remove_at_once(story)?;
    live_apart(story)
}

fn find_and_remove(story: &Story, left: Shmid, record: &ShmidDs, dead: i32) -> Result<()> {
    story.step("Find out whose it is")?;
    let guess = story.predict(
        "The child never called shmdt. Whose pid is in shm_lpid, the last to attach or detach?",
        [
            always(dead, "the kernel detached in its name, when it took down the child's address space.")
                .named("the child's"),
            never(story.pid(), "we have only asked, and asking leaves no trace.").named("ours"),
        ],
    )?;
    story.show_whose(left, record);
    guess.reveal(story, record.lpid);
    assert_eq!((record.cpid, record.nattch), (dead, 0));
    let memory = left.attach(story, SIZE, ShmatFlags::SHM_RDONLY)?;
    let text = memory.read_text(0, TEXT.len())?;
    memory.detach()?;
    story.say(format!("nattch is 0, and its maker is gone: nobody uses it. What it left behind: {text:?}."));
    story.try_it("ipcs -m -p", "cpid and lpid of every segment; `ipcs -m -c` names owners and creators");
    story.why(
        "By now the pid may be that of another process, and a server may come back to a segment with nattch 0. So \
         ask the owner before you remove what you did not make.",
    );

    story.experiment("Remove it as the article says")?;
    let guess = story.predict(
        "ipcrm is given nothing but the id. What will its exit status be?",
        [
            always(1, "it wants to know the kind: -m for memory, -q for a queue, -s for semaphores."),
            never(0, "segments, queues and semaphores may have the same id: so it does not guess."),
        ],
    )?;
    guess.reveal(story, story.run_tool("ipcrm", &[&left.to_string()]));
    story.erratum("E35", "it is `ipcrm -m ID`. An old form still works: `ipcrm shm ID`.");
    if story.run_tool("ipcrm", &["-m", &left.to_string()]) != Some(0) {
        left.remove(story)?;
    }
    assert_eq!(left.stat(story).verdict()?, Verdict::Refused(Errno::EINVAL));
    Ok(())
}

fn remove_at_once(story: &Story) -> Result<()> {
    story.step("Attach it, then remove it at once")?;
    story.say("A second child does it in another order: the segment is marked before anything can go wrong.");
    let child = story.fork("careful")?;
    let segment = Segment::create(&child, Key::PRIVATE, SIZE, OWNER_RW)?;
    let memory = segment.attach()?;
    let id = segment.id();
    segment.remove()?;
    memory.write(0, TEXT)?;
    story.show_segments();
    story.show_whose(id, &id.stat(story)?);
    let guess = story.predict(
        "The child writes as before. We kill it, too. What will IPC_STAT say?",
        [
            always(Verdict::Refused(Errno::EINVAL), "its death was the last detach."),
            never(Verdict::Success, "the first child's segment stayed because it had no mark."),
        ],
    )?;
    child.kill(Signal::SIGKILL)?;
    let answer = id.stat(story).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::EINVAL));
    story.habit(
        "attach, let the others attach, remove. After that nothing is left, however the processes end. Only a \
         SIGKILL before IPC_RMID leaves the segment.",
    );
    Ok(())
}

fn live_apart(story: &Story) -> Result<()> {
    story.step("Allow 4 segments")?;
    let ours = limits(story)?;
    let row = |name: &str, limit: u64, of: &str| [name.to_owned(), limit.to_string(), of.to_owned()];
    let rows = [
        row("shmmni", ours.shmmni, "segments"),
        row("shmall", ours.shmall, "pages of all of them"),
        row("shmmax", ours.shmmax, "bytes of one of them"),
    ];
    story.table("the limits on segments, in use or forgotten", ["kernel.", "limit", "of"], &rows);
    story.say(
        "A hermit moves into an IPC namespace of its own, and writes 4 to /proc/sys/kernel/shmmni there.",
    );
    let hermit = story.fork("hermit")?;
    if hermit.adjust_if_allowed(Adjustment::Isolate)?
        && hermit.adjust_if_allowed(Adjustment::Set("shmmni".to_owned(), 4))?
    {
        assert_eq!(limits(&hermit)?.shmmni, 4);
        assert_eq!(limits(story)?.shmmni, ours.shmmni);
        story.erratum("E28", "a limit holds for an IPC namespace: the hermit's is 4, ours is what it was.");
        use_up(story, &hermit)?;
        destroy_orphans(story, &hermit)?;
    } else {
        story.missing(
            "So three steps fall away: Make a fifth; Go one byte too far; Let the kernel remove. What would allow them \
             is said above.",
        );
    }
    hermit.exit().map(drop)
}

fn use_up(story: &Story, hermit: &Story) -> Result<()> {
    story.in_brief("The hermit makes 4");
    let full = (0..4).map(|_| make(hermit, SIZE)).collect::<Result<Vec<_>>>()?;
    story.say("Two programs list them. nsenter runs them in the hermit's namespace, and not in ours.");
    hermit.run_tool("ipcs", &["-m"]);
    hermit.run_tool("lsipc", &["-m", "-o", "KEY,ID,PERMS,OWNER,SIZE,NATTCH"]);

    story.experiment("Make a fifth")?;
    let guess = story.predict(
        "What will shmget answer?",
        [
            always(Verdict::Refused(Errno::ENOSPC), "no place is left in the namespace's table."),
            never(
                Verdict::Refused(Errno::ENOMEM),
                "there is enough memory, and an untouched segment takes none.",
            ),
        ],
    )?;
    let answer = Segment::create(hermit, Key::PRIVATE, SIZE, OWNER_RW).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::ENOSPC));
    hermit.try_it("ipcs -m -l", "the hermit's limits; without nsenter it shows yours");
    drop(full);
    make(hermit, SIZE)?.remove()?;
    story.habit("a Segment removes itself when it is dropped: on return, `?` and panic, not on SIGKILL.");

    story.experiment("Go one byte too far")?;
    let page = story.page_size();
    hermit.adjust(Adjustment::Set("shmall".to_owned(), 3))?;
    story.say("Now shmall is 3 pages. One segment takes them all, and another wants a byte.");
    let three = make(hermit, 3 * page)?;
    assert_eq!(make(hermit, 1).verdict()?, Verdict::Refused(Errno::ENOSPC));
    three.remove()?;
    hermit.adjust(Adjustment::Set("shmmax".to_owned(), page as u64))?;
    let guess = story.predict(
        "Now shmmax, the most that one segment may have, is a page. What will shmget answer to a page and a byte?",
        [
            always(Verdict::Refused(Errno::EINVAL),
                "a full table can get room again, but a size above shmmax stays invalid."),
            never(Verdict::Refused(Errno::ENOSPC), "2 pages are within shmall: the size itself is refused."),
        ],
    )?;
    make(hermit, page)?.remove()?;
    let answer = make(hermit, page + 1).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::EINVAL));
    Ok(())
}

fn destroy_orphans(story: &Story, hermit: &Story) -> Result<()> {
    story.step("Let the kernel remove")?;
    story.say("The hermit sets kernel.shm_rmid_forced to 1, and makes two segments.");
    hermit.adjust(Adjustment::Set("shm_rmid_forced".to_owned(), 1))?;
    let unused = Segment::create(hermit, Key::PRIVATE, 1, OWNER_RW)?;
    let used = Segment::create(hermit, Key::PRIVATE, 1, OWNER_RW)?;
    let guess = story.predict(
        "It attaches and detaches the second, without IPC_RMID. What will IPC_STAT say of it?",
        [
            always(Verdict::Refused(Errno::EINVAL), "the last detach removes, as if it were marked."),
            never(Verdict::Success, "that is so while shm_rmid_forced is 0, which is the default."),
        ],
    )?;
    used.attach()?.detach()?;
    guess.reveal(story, used.stat().verdict()?);
    assert_eq!(unused.stat()?.nattch, 0);
    story.say(
        "The segment that was never attached is still there. It goes when its maker ends, or after somebody has \
         tried to attach it, even if shmat fails.",
    );
    story.why("POSIX lets a program leave a segment for the next one. The setting breaks such programs.");
    Ok(())
}

#[track_caller]
fn make(hermit: &Story, bytes: usize) -> Result<Segment> {
    Segment::create(hermit, Key::PRIVATE, bytes, OWNER_RW)
}
