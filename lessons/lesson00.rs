//! Lesson 0: the family: other ways to reach another process, and what tells them apart.
//!
//! Run: `cargo run --bin lesson00`. Source: pipe(7), unix(7), mmap(2), semop(2), sysvipc(7).

#[cfg(target_os = "linux")]
use playground::family::{self, Channel, MappedFile, Mechanism, SharedSegment};
#[cfg(not(target_os = "linux"))]
use playground::needs_linux as tell;
use playground::prelude::*;

/// What the article pings.
#[cfg(target_os = "linux")]
const HOSTS: &str = "localhost\nexample.org\n";

fn main() -> ExitCode {
    program::lesson(0, source!(), tell)
}

#[cfg(target_os = "linux")]
fn tell(story: &Story) -> Result<()> {
    story.step("Run the article's pipeline")?;
    story.say(
        "The article pipes a file of hosts through xargs to ping. The system's shell runs the pipeline. A small \
         program stands in for ping: it reports its argument, and how many bytes it could read.",
    );
    let guess = story.predict(
        "The file has 22 bytes, 10 for the first host. How many will the first ping read?",
        [
            always(
                0,
                "it never reads the pipe: xargs does, and starts each ping with a host as its argument.",
            ),
            never(10, "xargs has read them. ping still gets the host's name, as an argument."),
            never(HOSTS.len(), "then nothing would be left for the second ping, and the file has two lines."),
        ],
    )?;
    if let Some(family::Pipeline { shell, members, read }) = family::cat_to_xargs(story, HOSTS) {
        let row = |member: &family::Member| {
            let [pid, parent] = [member.pid, member.parent].map(|pid| pid.to_string());
            [member.name.clone(), pid, parent, member.input.clone(), member.output.clone()]
        };
        let sh = ["sh", &shell.to_string(), &story.pid().to_string(), "", ""].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(sh).chain(members.iter().map(row)).collect();
        let heading = ["process", "pid", "its parent", "standard input", "standard output"];
        story.table("who started whom, and where descriptors lead", heading, &rows);
        guess.reveal(story, read);
        assert_eq!(members[0].output, members[1].input);
    } else {
        guess.reveal(story, None);
    }
    story.erratum("E2", "the pipe joins cat and xargs, both children of the shell. xargs starts each ping.");

    story.say(
        "The article compares the mechanisms by four properties. We put each of them to the kernel as a question. Is \
         an unrelated process let in? May a reader write? Does a reader who is too early wait? Do two readers get \
         the same bytes?",
    );

    story.step("A pipe")?;
    let unrelated = story.unrelated("unrelated")?;
    let pipe = Channel::pipe(story)?;
    let reader = story.fork("reader")?;
    story.say(
        "The reader was forked after pipe2, so it has the descriptors. An unrelated process does not have them.");
    pipe.put(story, TEXT)?;
    assert_eq!(pipe.take(&reader, TEXT.len())?, TEXT);
    let guess = story.predict(
        "Nobody has written anything new. The reader reads once more, without waiting. What will read answer?",
        [
            always(Verdict::Refused(Errno::EAGAIN), "without O_NONBLOCK it would wait: a pipe synchronises."),
            never(Verdict::Success, "0 bytes would mean that no writer is left. We still can write."),
        ],
    )?;
    let answer = pipe.take(&reader, TEXT.len()).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::EAGAIN));
    story.erratum(
        "E3",
        "this holds for a pipe without a name. Unrelated processes use a FIFO (fifo(7)), or a message queue.",
    );
    story.in_brief("Four questions to it");
    let mut rows = vec![family::question(story, &pipe, TEXT, &reader, &unrelated)?];

    story.experiment("A mapped file, read too early")?;
    let file = MappedFile::create(story, story.page_size(), &unrelated)?;
    let reader = story.fork("reader")?;
    let guess = story.predict(
        "The file is mapped, and nobody has written to it. What will the reader read?",
        [
            always(
                vec![0; TEXT.len()],
                "memory cannot say that it is too early. The reader takes the zeros for the message.",
            )
            .named("zeros"),
            never(
                Vec::new(),
                "nobody would wake it: a store is no system call, so the kernel does not notice it.",
            )
            .named("nothing, it waits"),
        ],
    )?;
    let too_early = file.take(&reader, TEXT.len())?;
    guess.reveal(story, too_early);
    file.put(story, TEXT)?;
    assert_eq!(file.take(&reader, TEXT.len())?, TEXT);
    story.addition(
        "E5",
        "MAP_SHARED|MAP_ANONYMOUS needs no file; and the kernel keeps a segment as a file, too.",
    );
    story.in_brief("Four questions to it");
    rows.push(family::question(story, &file, TEXT, &reader, &unrelated)?);

    story.step("A semaphore, to guard it")?;
    let guard = Semaphores::create(story, Key::PRIVATE, 1, OWNER_RW)?;
    story.say("Its value is 0. The reader takes 1 before it reads; we give 1 when we have written.");
    let guess = story.predict(
        "The reader comes too early again. What will semop answer to -1?",
        [
            always(
                Verdict::Refused(Errno::EAGAIN),
                "0 cannot be lowered: without IPC_NOWAIT it would wait for us.",
            ),
            never(Verdict::Success, "a value is never below 0; to lower it, somebody must raise it first."),
        ],
    )?;
    let answer = guard.take(&reader, 0).verdict()?;
    guess.reveal(story, answer);
    assert_eq!(answer, Verdict::Refused(Errno::EAGAIN));
    file.put(story, TEXT)?;
    guard.put(story, TEXT)?;
    guard.take(&reader, 0)?;
    assert_eq!((file.take(&reader, TEXT.len())?.as_slice(), guard.id().value(story, 0)?), (TEXT, 0));
    story.erratum(
        "E4",
        "a semaphore moves no data; and POSIX semaphores (sem_overview(7)) join processes, too.",
    );
    story.try_it(format!("ipcs -s -i {}", guard.id()), "its value, and who changed it last");
    story.habit(
        "keep memory and guard in one type, as Mutex<T> does, so that nobody gets at the bytes without the guard.",
    );
    story.in_brief("Four questions to it");
    rows.push(family::question(story, &guard, TEXT, &reader, &unrelated)?);

    story.step("A socket pair")?;
    let pair = Channel::socket_pair(story)?;
    let reader = story.fork("reader")?;
    pair.put(story, TEXT)?;
    assert_eq!(pair.take(&reader, TEXT.len())?, TEXT);
    pair.put_back(&reader, b"SO IT IS")?;
    assert_eq!(pair.take_back(story, TEXT.len())?, b"SO IT IS");
    story.say(
        "One pair carries bytes both ways. A socket with a name serves unrelated processes, too, and over a network \
         other machines.",
    );
    story.in_brief("Four questions to it");
    rows.push(family::question(story, &pair, TEXT, &reader, &unrelated)?);

    story.step("A segment")?;
    let segment = SharedSegment::create(story, SIZE)?;
    let reader = story.fork("reader")?;
    segment.put(story, TEXT)?;
    assert_eq!(segment.take(&reader, TEXT.len())?, TEXT);
    let page = story.page_size();
    story.addition("E9", format!("how large a page is. getpagesize() gives {page} here."));
    story.erratum(
        "E6",
        "it is as if all processes, related or not, had called malloc and got pointers to the same memory.",
    );
    story.erratum(
        "E8",
        "processes share these pages, not an address space. For much data it is the fastest, if the lock is not \
         counted.",
    );
    story.in_brief("Four questions to it");
    rows.push(family::question(story, &segment, TEXT, &reader, &unrelated)?);

    story.step("Four questions")?;
    story.say(
        "Each question stands for a property that the article names. Relation: an unrelated process tries. Rights: a \
         process that may only read tries to write. Waiting: a reader comes too early. Number: two readers, one \
         message.",
    );
    story.table("what the kernel answered in this run", family::HEADING, &rows);
    assert!(rows.iter().all(|row| (row[4] == "EAGAIN") == (row[5] == "1 of 2 get it")));
    story.say(
        "A pipe and a socket make a reader wait, and give each byte to one reader. Memory gives its bytes to every \
         reader, and makes nobody wait. So a segment needs a semaphore beside it, which carries no data.",
    );

    story.tidy_up()?;
    segment.remove()?;
    guard.remove()
}
