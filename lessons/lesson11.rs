//! Lesson 11: permissions: nine bits, who is asked for them, and who is not.
//!
//! Run: `cargo run --bin lesson11`; as root it shows more. Source: shmget(2), shmctl(2), capabilities(7).

use playground::prelude::*;
use playground::shm::Rights;
use playground::story::Guess;

/// Users without an account here; each is in the group of the same number, and in no other.
const OWNER: u32 = 60001;
const MEMBER: u32 = 60002;
const OTHER: u32 = 60003;

/// What someone writes who knows octal numbers from C.
#[allow(clippy::zero_prefixed_literal, reason = "this is the mistake, and clippy knows it")]
const NOT_OCTAL: u32 = 0600;

fn main() -> ExitCode {
    program::lesson(11, source!(), tell)
}

fn mode(bits: u32) -> Mode {
    Mode::from_bits_truncate(bits)
}

fn tell(story: &Story) -> Result<()> {
    story.so_far();
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    let memory = segment.attach()?;

    story.step("Give everyone a right, under a umask")?;
    story.say(
        "Three bits are for the owner, three for its group, three for all others: 4 allows reading, 2 writing.");
    let owner = story.fork("owner")?;
    // Where no second user can be had, the owner is this one, without what lets root past the bits.
    let several_users = owner.adjust(Adjustment::SetIdentity(OWNER)).is_ok();
    if !several_users {
        owner.adjust(Adjustment::RenouncePrivilege)?;
    }
    owner.adjust(Adjustment::Umask(0o077))?;
    let guess = story.predict(
        "The owner's umask is 077: new files are for the owner alone. Which mode will its segment have?",
        [
            always("0666".to_owned(), "what shmget asks for is what it gets: the umask is for files."),
            never("0600".to_owned(), "open(2) would take the umask's bits away, and shmget does not."),
        ],
    )?;
    let open = Segment::create(&owner, Key::PRIVATE, SIZE, mode(0o666))?;
    let bits = open.stat()?.permissions();
    guess.reveal(story, format!("{bits:04o}"));
    assert_eq!(bits, 0o666);
    story.erratum("E18", "it is S_IWUSR, not S_IWUSER; S_IRUSR|S_IWUSR is for the owner and nobody else.");

    story.experiment("Write 0600 for 0o600")?;
    story.say(format!("In C 0600 is octal. In Rust it is {NOT_OCTAL}, which in octal is {NOT_OCTAL:#o}."));
    let guess = story.predict(
        "The owner makes a segment with this mode, and attaches it. What will shmat answer?",
        [
            always(
                Verdict::Refused(Errno::EACCES),
                "the kernel keeps the last nine bits, 0130: the owner may neither read nor write.",
            ),
            never(Verdict::Success, "the owner's bits are 1, and that is neither 4 nor 2."),
        ],
    )?;
    let mistaken = Segment::create(&owner, Key::PRIVATE, SIZE, mode(NOT_OCTAL))?;
    story.show_segments();
    let answer = mistaken.attach().verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::EACCES));
    story.addition("E19", "0600 is octal in C. In Rust it is 0o600, and 0600 is six hundred.");
    story
        .habit("Mode::S_IRUSR | Mode::S_IWUSR has no base. And clippy warns of a number that begins with 0.");

    story.step("Try every right of an owner")?;
    let guess = story.predict(
        "Mode 0200 is for writing only. The owner attaches the segment to write. What will shmat answer?",
        [
            always(
                Verdict::Refused(Errno::EACCES),
                "whoever writes must be allowed to read: shmat has no flag for writing only.",
            ),
            never(Verdict::Success, "every attachment can be read, so reading must be allowed, too."),
        ],
    )?;
    story.in_brief("Each mode, and each right");
    let try_all =
        |bits| Rights::of(&owner, Segment::create(&owner, Key::PRIVATE, SIZE, mode(bits))?.id(), SIZE);
    let modes = [0o700, 0o600, 0o400, 0o200, 0o066];
    let rights = modes.into_iter().map(try_all).collect::<Result<Vec<_>>>()?;
    let rows: Vec<_> =
        modes.iter().zip(&rights).map(|(bits, rights)| rights.row(format!("{bits:04o}"))).collect();
    story.table("what the kernel answers the owner", Rights::heading("mode"), &rows);
    guess.reveal(story, rights[3].write);
    story.say(
        "0066 lets everyone but the owner read and write: for the owner only the owner's three bits count.",
    );

    story.step("Look a segment up, and ask for nothing")?;
    let (key, closed) = Segment::create_with_free_key(&owner, SIZE, Mode::empty())?;
    let guess = story.predict(
        "Its mode is 0. What will shmget(key, 0, 0) answer the owner?",
        [
            always(
                Verdict::Success,
                "a process that asks for no right is not refused. It can do nothing with the id, though.",
            ),
            never(
                Verdict::Refused(Errno::EACCES),
                "that is the answer to flags with permission bits in them.",
            ),
        ],
    )?;
    let found = look_up(&owner, key, Mode::empty()).verdict()?;
    guess.reveal(story, found);
    assert_eq!(found, Verdict::Success);
    assert_eq!(look_up(&owner, key, mode(0o400)).verdict()?, Verdict::Refused(Errno::EACCES));
    assert_eq!(closed.attach().verdict()?, Verdict::Refused(Errno::EACCES));
    story.erratum(
        "E38",
        "not all users can read and write: the nine bits of the segment say who may do what.",
    );
    story.erratum("E20", "shmget checks the bits that its flags ask for, and no others; shmat checks anew.");

    story.step("Ask as the process that tells this")?;
    let guess = story.predict(
        "This process attaches the segment of mode 0. What will shmat answer?",
        [
            depends(
                Verdict::Success,
                "it has CAP_IPC_OWNER, as root has: the bits do not hold for it.",
                "that takes CAP_IPC_OWNER, as root has. This process does not have it.",
            ),
            depends(
                Verdict::Refused(Errno::EACCES),
                "it has no privilege, and the bits hold.",
                "the bits hold only for processes without CAP_IPC_OWNER.",
            ),
        ],
    )?;
    let answer = closed.id().attach(story, SIZE, ShmatFlags::empty()).verdict()?;
    guess.reveal(story, answer);
    if answer != Verdict::Success {
        story.missing(format!("For root the bits do not hold. To see it: {}", as_root()));
    }

    story.step("Ask as the group, and as the others")?;
    let guess = story.predict(
        "A segment has mode 0640. A member of its group attaches it to read and write. What will shmat answer?",
        [
            always(Verdict::Refused(Errno::EACCES), "the group's bits are 4: it may read."),
            never(Verdict::Success, "6 is for the owner alone."),
        ],
    )?;
    let member = if several_users { Some(ask_others(story, &owner, guess)?) } else { None };
    if member.is_none() {
        story.missing(format!(
            "Group and others can be tried only with a second user: {}, without --isolated.",
            as_root()
        ));
    }

    story.experiment("Close the door behind someone")?;
    let record = segment.stat()?;
    let guess = story.predict(
        "We have our own segment attached, and IPC_SET takes every bit away. What will happen at a write?",
        [
            always(
                Verdict::Success,
                "the bits are checked when a segment is attached: an attachment stays as it is.",
            ),
            never(Verdict::Ended(Ending::Killed(Signal::SIGSEGV)), "the mapping is still rw-s."),
        ],
    )?;
    segment.id().set(story, record.uid, record.gid, Mode::empty())?;
    let answer = memory.write(0, TEXT).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Success);

    story.experiment("Write through an attachment for reading")?;
    story.say("The mode is 0600 again. A child of ours, root or not, attaches the segment with SHM_RDONLY.");
    segment.id().set(story, record.uid, record.gid, OWNER_RW)?;
    let reader = story.fork("reader")?;
    let window = segment.id().attach(&reader, SIZE, ShmatFlags::SHM_RDONLY)?;
    let guess = story.predict(
        "What will happen at a write through this attachment?",
        [
            always(Verdict::Ended(Ending::Killed(Signal::SIGSEGV)), "the page is mapped r--s."),
            never(
                Verdict::Success,
                "the processor knows neither mode nor root, only how the page is mapped.",
            ),
        ],
    )?;
    let fate = window.write(0, TEXT).verdict()?;
    guess.reveal(story, fate);
    assert_eq!(fate, Verdict::Ended(Ending::Killed(Signal::SIGSEGV)));

    story.step("Give it away, and remove it")?;
    let gift = Segment::create(&owner, Key::PRIVATE, SIZE, OWNER_RW)?;
    let before = gift.stat()?;
    if gift.id().set(&owner, OTHER, OTHER, OWNER_RW).verdict()? != Verdict::Success {
        story.missing(format!("A private user namespace has no user {OTHER}: run it without --isolated."));
    }
    if let Some(member) = &member {
        assert_eq!(gift.id().remove(member).verdict()?, Verdict::Refused(Errno::EPERM));
    }
    let after = gift.stat()?;
    let row =
        |field: &str, before: u32, after: u32| [field.to_owned(), before.to_string(), after.to_string()];
    let rows = [row("shm_perm.uid", before.uid, after.uid), row("shm_perm.cuid", before.cuid, after.cuid)];
    story.table("owner and creator", ["field", "before", "after"], &rows);
    assert_eq!(before.cuid, after.cuid);
    let guess = story.predict(
        "Its creator calls IPC_RMID. What is the answer?",
        [
            always(
                Verdict::Success,
                "owner and creator may remove it, and CAP_SYS_ADMIN; the mode does not count.",
            ),
            never(Verdict::Refused(Errno::EPERM), "IPC_SET changes the owner; the creator stays for ever."),
        ],
    )?;
    let answer = gift.remove().verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Success);
    story.erratum(
        "E12",
        "no process is responsible: any process of the owner or the creator may remove the segment.",
    );
    story.try_it("ipcs -m -c", "owner and creator of every segment");

    story.tidy_up()?;
    open.remove()?;
    mistaken.remove()?;
    closed.remove()?;
    owner.exit()?;
    memory.detach()?;
    segment.remove()
}

/// Asks for a segment by its key, with these permissions.
#[track_caller]
fn look_up(owner: &Story, key: Key, mode: Mode) -> Result<Answer> {
    owner.perform(Call::Shmget { key, size: 0, flags: ShmgetFlags::empty(), mode })
}

/// The command that runs this lesson as root: cargo builds as you, and only the program itself needs to be root.
fn as_root() -> String {
    format!("sudo {}", std::env::args().next().unwrap_or_default())
}

/// Asks as a member of the owner's group, as somebody else, and as root; returns the member.
fn ask_others(story: &Story, owner: &Story, guess: Guess<Verdict>) -> Result<Story> {
    let (member, other) = (story.fork("member")?, story.fork("other")?);
    member.adjust(Adjustment::SetIdentity(MEMBER))?;
    other.adjust(Adjustment::SetIdentity(OTHER))?;
    let segment = Segment::create(owner, Key::PRIVATE, SIZE, OWNER_RW)?;
    story.say("IPC_SET changes owner, group and mode. Unlike chgrp it takes any group, here the member's.");
    segment.id().set(owner, OWNER, MEMBER, mode(0o640))?;
    let taken = segment.id().set(&member, MEMBER, MEMBER, mode(0o660)).verdict()?;
    assert_eq!(taken, Verdict::Refused(Errno::EPERM));
    story.in_brief("Each user, and each right");
    let who = [("owner", owner), ("member", &member), ("other", &other), ("root", story)];
    let try_all = |(_, who)| Rights::of(who, segment.id(), SIZE);
    let rights = who.into_iter().map(try_all).collect::<Result<Vec<_>>>()?;
    let rows: Vec<_> = who.iter().zip(&rights).map(|((name, _), rights)| rights.row(*name)).collect();
    story.table("what the kernel answers each of them", Rights::heading("who"), &rows);
    guess.reveal(story, rights[1].write);
    segment.remove()?;
    Ok(member)
}
