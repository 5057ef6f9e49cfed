//! Lesson 8: remove the segment (`shmctl` with `IPC_RMID`).
//!
//! Run: `cargo run --bin lesson08`. Source: shmctl(2), ipcrm(1).

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson(8, source!(), tell)
}

fn tell(story: &Story) -> Result<()> {
    story.so_far();
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    let memory = segment.attach()?;
    memory.write(0, TEXT)?;
    memory.detach()?;
    let memory = segment.attach_preferring(THERE)?;
    assert_eq!(memory.read(0, TEXT.len())?, TEXT);

    story.step("Remove it while it is attached")?;
    story.say("IPC_RMID takes NULL for its third argument. This process has the segment attached.");
    let guess = story.predict(
        "What will the kernel do at once?",
        [
            never("remove the segment".to_owned(), "then our next read would end in SIGSEGV."),
            always(
                "mark it for destruction".to_owned(),
                "it takes the key away, writes down SHM_DEST, and waits for the last detach.",
            ),
            never(
                "refuse".to_owned(),
                "IPC_RMID is for the owner, and does not ask who has the segment attached.",
            ),
        ],
    )?;
    let id = segment.id();
    segment.remove()?;
    let record = id.stat(story)?;
    story.show_segments();
    let did = if record.is_marked() { "mark it for destruction" } else { "leave it as it was" };
    guess.reveal(story, did.to_owned());
    assert_eq!(memory.read(0, TEXT.len())?, TEXT);
    story.say(
        "It can still be read and written. On Linux it can even be attached anew by its id; on other systems perhaps \
         not.",
    );
    story.addition(
        "E26",
        "until the last detach the id works as before; only the key is gone, and ipcs says dest.",
    );
    story.try_it(format!("ipcs -m -i {id}"), "mode=01600: the 1 is SHM_DEST, marked for destruction");

    story.step("Detach it for the last time")?;
    let guess = story.predict(
        "nattch becomes 0. What will IPC_STAT answer to the id then?",
        [
            always(Verdict::Refused(Errno::EINVAL), "the segment is gone, and its id names nothing."),
            never(
                Verdict::Refused(Errno::EIDRM),
                "the manual page says so, but that is for a removal during the call.",
            ),
            never(Verdict::Success, "the mark means that this detach removes the segment."),
        ],
    )?;
    memory.detach()?;
    let answer = id.stat(story).verdict()?;
    story.show_segments();
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::EINVAL));

    story.experiment("Forget to remove it")?;
    story.say(
        "A child makes a segment, attaches it, and runs another program: exec gives it a new address space.",
    );
    let child = story.fork("child")?;
    let forgotten = Segment::create(&child, Key::PRIVATE, SIZE, OWNER_RW)?.leak();
    let memory = forgotten.attach(&child, SIZE, ShmatFlags::empty())?;
    memory.write(0, TEXT)?;
    story.show_segments();
    let guess = story.predict(
        "What will nattch be after the exec?",
        [
            always(0, "the attachments went with the old address space; the segment did not."),
            never(1, "the process is the same, but its memory is new."),
        ],
    )?;
    child.exec("sleep", &["60"])?;
    let record = forgotten.stat(story)?;
    story.show_segments();
    guess.reveal(story, record.nattch);
    child.kill(Signal::SIGTERM)?;
    story.say("A second child attaches it, too, and exits: no shmdt, no IPC_RMID.");
    let second = story.fork("second")?;
    let _never_detached = forgotten.attach(&second, SIZE, ShmatFlags::empty())?;
    second.exit()?;
    assert_eq!(forgotten.stat(story)?.nattch, 0);
    story.say(format!(
        "Both processes are gone. Process {} made segment {forgotten}, and nobody has removed it.",
        record.cpid
    ));
    story.show_segments();
    story.addition("E27", "a crash and a signal detach as exit and exec do, and do not remove, either.");

    story.step("Find it and remove it by hand")?;
    story.say("ipcs finds what is left, and ipcrm removes it: the same IPC_RMID, from another program.");
    story.run_tool("ipcs", &["-m", "-i", &forgotten.to_string()]);
    story.erratum("E35", "ipcrm does not understand `ipcrm ID`. It is `ipcrm -m ID`.");
    if story.run_tool("ipcrm", &["-m", &forgotten.to_string()]) != Some(0) {
        forgotten.remove(story)?;
    }
    assert_eq!(forgotten.stat(story).verdict()?, Verdict::Refused(Errno::EINVAL));
    story.say("A forgotten segment stays until someone does this, or until the machine is rebooted.");
    story.erratum(
        "E28",
        "the limit on segments (kernel.shmmni) holds for each IPC namespace, not for the system.",
    );
    Ok(())
}
