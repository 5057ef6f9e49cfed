//! Lesson 21: the same with POSIX: memory by a name (`shm_open`), and memory by a descriptor (`memfd_create`).
//!
//! Run: `cargo run --bin lesson21`. Source: shm_overview(7), memfd_create(2), unix(7), pthread_mutexattr_setrobust(3).

#[cfg(target_os = "linux")]
use playground::family::Channel;
#[cfg(not(target_os = "linux"))]
use playground::needs_linux as tell;
#[cfg(target_os = "linux")]
use playground::posix::{Memory, Name, RobustMutex, SharedSemaphore};
use playground::prelude::*;

/// Where the locks lie in the memory, behind the text.
#[cfg(target_os = "linux")]
const MUTEX_AT: usize = 64;
#[cfg(target_os = "linux")]
const SEMAPHORE_AT: usize = 128;

/// What is said of memory that was found.
#[cfg(target_os = "linux")]
const HERE: &str = "it is there";

fn main() -> ExitCode {
    program::lesson(21, source!(), tell)
}

#[cfg(target_os = "linux")]
fn tell(story: &Story) -> Result<()> {
    story.so_far();
    let socket = Channel::socket_pair(story)?;
    let receiver = story.fork("receiver")?;

    story.step("Make memory with a name")?;
    story.say(
        "shm_open makes memory under a name that begins with a slash, and returns a descriptor, as open does for a file. \
         A child inherits the descriptor, maps a page, and writes.",
    );
    let guess = story.predict(
        "What will happen to the child?",
        [
            never(
                Verdict::Success,
                "shmget is told a size, and shm_open is not: the memory has no byte yet.",
            ),
            always(
                Verdict::Ended(Ending::Killed(Signal::SIGBUS)),
                "the page is mapped, but the memory has no byte yet. shm_open is told no size.",
            ),
            never(
                Verdict::Ended(Ending::Killed(Signal::SIGSEGV)),
                "that is for an address where nothing is mapped.",
            ),
        ],
    )?;
    let name = Name::unused(story);
    let named = Memory::create(story, &name)?;
    let child = story.fork("child")?;
    let too_early = named.same_number_in(&child).map(story.page_size())?;
    let fate = too_early.write(TEXT).verdict()?;
    guess.reveal(story, fate);
    assert_eq!(fate, Verdict::Ended(Ending::Killed(Signal::SIGBUS)));
    story.try_it(format!("ls -l {}", name.file()), "the name, and 0 bytes. `ipcs -m` does not list it");

    story.step("Give it a size, and map it")?;
    story.say(
        "ftruncate gives it a size, and mmap maps it, as any file. mmap does what shmat did, and munmap what shmdt \
         did.",
    );
    named.resize(SIZE)?;
    let ours = named.map(SIZE)?;
    ours.write(TEXT)?;

    story.step("Find it by its name")?;
    story.say("An unrelated process, which has inherited nothing, knows only the name.");
    let guess = story.predict(
        "What will shm_open answer to it?",
        [
            always(
                Verdict::Success,
                "anybody can use the name, as with a key. The permission bits say which users may open it.",
            ),
            never(Verdict::Refused(Errno::ENOENT), "the name is not ours alone: it is a file in /dev/shm."),
            never(Verdict::Refused(Errno::EACCES), "mode 0600 lets in each process of the same user."),
        ],
    )?;
    let unrelated = story.unrelated("unrelated")?;
    let found = Memory::open(&unrelated, &name);
    guess.reveal(story, Verdict::of(&found));
    let found = found?;
    let theirs = found.map(SIZE)?;
    assert_eq!(theirs.read(TEXT.len())?, TEXT);
    story.why(
        "The umask takes bits away from the mode, as for any file, and leaves that of shmget alone. An IPC namespace \
         hides segments, and does not hide /dev/shm: that is a matter of mounts.",
    );

    story.step("Take the name away")?;
    let guess = story.predict(
        "We call shm_unlink while the unrelated process has the memory mapped. What will that process read?",
        [
            never(vec![0; TEXT.len()], "nothing is erased: only the name goes.").named("zeros"),
            always(TEXT.to_vec(), "the memory stays as long as anybody has it open, or mapped."),
            never(Vec::new(), "its mapping does not depend on the name.").named("nothing, it is killed"),
        ],
    )?;
    name.unlink(story)?;
    let read = theirs.read(TEXT.len())?;
    guess.reveal(story, read);
    let answer = Memory::open(story, &name).verdict()?;
    assert_eq!(answer, Verdict::Refused(Errno::ENOENT));
    story.say(
        "Nobody finds it any more. A segment that is marked with IPC_RMID differs: Linux lets whoever knows its id \
         attach it.",
    );

    story.step("Make memory without a name")?;
    story.say("memfd_create makes memory that has a descriptor and no name. Its label is for maps only.");
    let guess = story.predict(
        "The unrelated process is told the number of our descriptor. What will mmap answer to it?",
        [
            never(Verdict::Success, "the number means something in our process only."),
            never(
                Verdict::Refused(Errno::EACCES),
                "permission is not the question: the number leads to nothing there.",
            ),
            always(
                Verdict::Refused(Errno::EBADF),
                "descriptors are numbered in each process, and it has none of this number.",
            ),
        ],
    )?;
    let anonymous = Memory::anonymous(story)?;
    anonymous.resize(SIZE)?;
    let answer = anonymous.same_number_in(&unrelated).map(SIZE).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::EBADF));

    story.step("Find it by its number all the same")?;
    story.say("The kernel shows the descriptors of each process in /proc/PID/fd.");
    let memory = anonymous.map(SIZE)?;
    memory.write(TEXT)?;
    let guess = story.predict(
        "The unrelated process opens the entry of our descriptor. What will open answer?",
        [
            always(Verdict::Success, "it runs as the same user. Another user is refused, unless it is root."),
            never(Verdict::Refused(Errno::EACCES), "that is for other users: this process runs as ours."),
            never(
                Verdict::Refused(Errno::ENOENT),
                "the memory has no name, but its descriptor has this entry.",
            ),
        ],
    )?;
    let opened = anonymous.open_from_outside(&unrelated);
    let answer = Verdict::of(&opened);
    guess.reveal(story, answer);
    if answer == Some(Verdict::Refused(Errno::ENOENT)) {
        story.say("Where /proc is not mounted, descriptors have no entries.");
    } else {
        assert_eq!(opened?.map(SIZE)?.read(TEXT.len())?, TEXT);
    }
    story.try_it(
        format!("ls -l /proc/{}/fd", story.pid()),
        "our descriptors, and among them /memfd:playground",
    );

    story.step("Pass the descriptor on")?;
    story.say(
        "The receiver was forked before there was any memory. It is given the descriptor through a Unix socket. We seal the \
         memory first: from then on nobody makes it shorter.",
    );
    anonymous.seal_size()?;
    anonymous.send(&socket)?;
    let guess = story.predict(
        "We close our descriptor before the receiver takes its own out of the socket. What will the receiver read?",
        [
            always(
                TEXT.to_vec(),
                "a descriptor that is on its way keeps the memory, too, and so does our mapping.",
            ),
            never(vec![0; TEXT.len()], "it is the same memory, and not a new one.").named("zeros"),
            never(Vec::new(), "the socket carries the descriptor itself, not its number.")
                .named("nothing, EBADF"),
        ],
    )?;
    anonymous.close()?;
    let received = Memory::receive(&receiver, &socket)?;
    let memory_of_receiver = received.map(SIZE)?;
    let read = memory_of_receiver.read(TEXT.len())?;
    guess.reveal(story, read);

    story.experiment("Cut it short under a reader")?;
    story.say(
        "Whoever has a descriptor may make the memory shorter. We cut the first memory, which has no seal, to 0 \
         bytes.");
    named.resize(0)?;
    let fate = theirs.read(1).verdict()?;
    assert_eq!(fate, Verdict::Ended(Ending::Killed(Signal::SIGBUS)));
    let guess = story.predict(
        "The receiver tries the same with the sealed memory. What will ftruncate answer?",
        [
            never(Verdict::Success, "that would kill us at the next access."),
            always(
                Verdict::Refused(Errno::EPERM),
                "the seal F_SEAL_SHRINK forbids it, to everybody and for ever.",
            ),
            never(Verdict::Refused(Errno::EBUSY), "that the memory is mapped does not matter to ftruncate."),
        ],
    )?;
    let answer = received.resize(0).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::EPERM));
    story.habit(
        "Map no memory that another program may shorten: ask for F_SEAL_SHRINK (F_GET_SEALS) first. A segment needs no \
         seal: its size never changes.",
    );

    story.step("Put locks into the memory")?;
    story.say(
        "A mutex and a semaphore of the C library lie in the memory itself. Each is told that processes share it, and the \
         mutex is robust. The receiver takes both.",
    );
    let mutex = RobustMutex::create(&memory, MUTEX_AT)?;
    let semaphore = SharedSemaphore::create(&memory, SEMAPHORE_AT, 1)?;
    mutex.try_lock(&memory_of_receiver)?;
    semaphore.try_wait(&memory_of_receiver)?;

    story.step("Take the locks of the dead")?;
    story.say(
        "While the receiver holds the mutex we get EBUSY. Then the receiver is killed, and unlocks nothing.",
    );
    let busy = mutex.try_lock(&memory).verdict()?;
    assert_eq!(busy, Verdict::Refused(Errno::EBUSY));
    receiver.kill(Signal::SIGKILL)?;
    let guess = story.predict(
        "What will pthread_mutex_trylock answer now?",
        [
            never(Verdict::Refused(Errno::EBUSY), "so it would be without PTHREAD_MUTEX_ROBUST, for ever."),
            never(Verdict::Success, "then nobody would know that the data may be half changed."),
            always(
                Verdict::Refused(Errno::EOWNERDEAD),
                "the kernel has marked each robust mutex that the dead process held. The lock is ours.",
            ),
        ],
    )?;
    let answer = mutex.try_lock(&memory).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::EOWNERDEAD));
    mutex.make_consistent(&memory)?;
    mutex.unlock(&memory)?;
    let guess = story.predict(
        "And what will sem_trywait answer?",
        [
            always(
                Verdict::Refused(Errno::EAGAIN),
                "a sem_t has no owner. It stays at 0 until somebody calls sem_post, and here nobody is left to.",
            ),
            never(Verdict::Success, "System V has SEM_UNDO for this; a sem_t has nothing like it."),
            never(Verdict::Refused(Errno::EOWNERDEAD), "only a mutex has an owner."),
        ],
    )?;
    let answer = semaphore.try_wait(&memory).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::EAGAIN));
    semaphore.post(&memory)?;

    story.step("Kill the maker of each")?;
    story.say("A maker makes a segment, memory with a name, and memory without one. Then it is killed.");
    let guess = story.predict(
        "How many of the three will still be there?",
        [
            never(0, "the kernel takes away neither a segment nor a name when a process ends."),
            never(1, "it would be the segment, but a name of shm_open stays as well."),
            always(2, "the segment and the name. The descriptor was closed, and nobody else had the memory."),
            never(3, "the kernel closes each descriptor when a process ends, however it ends."),
        ],
    )?;
    story.in_brief("Made, killed, looked for");
    let maker = story.fork("maker")?;
    let segment = Segment::create(&maker, Key::PRIVATE, SIZE, OWNER_RW)?.leak();
    let name = Name::unused(story);
    Memory::create(&maker, &name)?;
    let anonymous = Memory::anonymous(&maker)?;
    maker.kill(Signal::SIGKILL)?;
    let found = [
        segment.stat(story).map(|_| HERE).in_words()?,
        Memory::open(story, &name).map(|_| HERE).in_words()?,
        anonymous.open_from_outside(story).map(|_| HERE).in_words()?,
    ];
    guess.reveal(story, found.iter().filter(|answer| *answer == HERE).count());
    assert_eq!(found, [HERE, HERE, "ENOENT"]);
    let row =
        |made: &str, sought: &str, answer: &str, ends: &str| [made, sought, answer, ends].map(str::to_owned);
    story.table(
        "when the maker was killed",
        ["made with", "looked for by", "answer", "taken away with"],
        &[
            row("shmget", "its id", &found[0], "IPC_RMID"),
            row("shm_open", "its name", &found[1], "shm_unlink"),
            row("memfd_create", "/proc/PID/fd", &found[2], "close and munmap"),
        ],
    );

    story.step("What to use today")?;
    story.say(
        "The pages are of the same kind, and a load or a store is the same. What differs is who can find the memory, \
         what is left behind, and whether its size may change.",
    );
    story.habit(
        "Between processes that know each other, use memfd_create, a seal, and a socket or fork: nothing is left behind, \
         however they end. Where they meet by a name, use shm_open, and take the name away as soon as all have it open. \
         Use segments where programs that exist use them.",
    );

    story.tidy_up()?;
    memory.unmap()?;
    name.unlink(story)?;
    segment.remove(story)
}
