//! Lesson 19: no system call: what the kernel sees of shared memory, and of everything beside it.
//!
//! Run: `cargo run --bin lesson19`. Source: ptrace(2), seccomp(2), getrusage(2), proc(5).

use std::sync::atomic::Ordering::Relaxed;

use playground::prelude::*;
use speed::prelude::*;

const MESSAGES: u64 = 1000;
const MILLION: u32 = 1_000_000;

fn main() -> ExitCode {
    program::lesson(19, source!(".."), tell)
}

fn tell(story: &Story) -> Result<()> {
    story.so_far();
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    let memory = segment.attach()?;
    let bench = Bench::set_up(story, SMALLEST)?;

    story.step("Count the system calls of a thousand messages")?;
    story.say(
        "A child sends messages of 64 bytes and receives them, and stops at every system call, as under strace. The \
         first way is a ring in a segment: places for messages, and two counters.",
    );
    let guess = story.predict(
        "How many system calls will 1000 messages through the ring take?",
        [
            always(
                0,
                "a message is stores and loads, and so is each change of the counter that announces it.",
            ),
            never(1000, "nobody has to be told: whoever waits looks at the counter."),
            never(2000, "that is a write and a read for each, as a pipe takes."),
        ],
    )?;
    let ring = bench.count_calls(story, Mechanism::Spin, MESSAGES)?;
    guess.reveal(story, ring);
    assert!(ring.is_none_or(|calls| calls == 0));
    let guess = story.predict(
        "Now one System V semaphore counts the messages in the ring, and another one the free places. How many calls \
         will it be?",
        [
            never(0, "the bytes still go over without a call, but each change of a semaphore is one."),
            never(
                2000,
                "that would be one semaphore; a ring can be full as well as empty, so there are two.",
            ),
            always(
                4000,
                "four for each message: the sender changes both semaphores, and so does the receiver. A pipe takes \
                 half as many.",
            ),
        ],
    )?;
    let semop = bench.count_calls(story, Mechanism::Semop, MESSAGES)?;
    guess.reveal(story, semop);
    let (futex, pipe) = (
        bench.count_calls(story, Mechanism::Futex, MESSAGES)?,
        bench.count_calls(story, Mechanism::Pipe, MESSAGES)?,
    );
    assert!(pipe.is_none_or(|calls| calls == 2 * MESSAGES));
    let counts = [
        (Mechanism::Spin, ring),
        (Mechanism::Futex, futex),
        (Mechanism::Semop, semop),
        (Mechanism::Pipe, pipe),
    ];
    let rows = counts.map(|(way, calls)| [way.to_string(), told(calls)]);
    story.table("system calls for 1000 messages", ["through", "calls"], &rows);
    story.say(
        "A futex takes a call only when somebody sleeps. Here nobody had to: sender and receiver took turns.",
    );
    story.habit(
        "Keep waiting out of the fast path: look at the memory first, and ask the kernel only to sleep.",
    );
    story.try_it(
        format!("ps -o pid,min_flt,nlwp,wchan,cmd -p {}", story.pid()),
        "its page faults so far, and the call in which it sleeps while it waits for you",
    );
    story.why(
        "strace -c would count the same. It cannot be run on this process while the lesson counts, since a process has \
         one tracer at most.",
    );

    story.experiment("Forbid them all")?;
    story.say(
        "A filter (seccomp) lets a child make one system call, its exit, and kills it at any other. No privilege is \
         needed. The child adds 1 to a word of the segment a million times.",
    );
    let counter = bench.shared()?.segment.word(0);
    counter.store(0, Relaxed);
    let guess = story.predict(
        "What will happen to the child?",
        [
            always(
                Ending::Exited(0),
                "an access to mapped memory is no system call, and the filter sees nothing else.",
            ),
            never(
                Ending::Killed(Signal::SIGSYS),
                "that would have happened at the first access, if it took a call.",
            ),
        ],
    )?;
    let add_a_million = || {
        for _ in 0..MILLION {
            counter.fetch_add(1, Relaxed);
        }
    };
    let ending = story.seal("sealed", add_a_million);
    guess.reveal(story, ending);
    story.count("in the word that the child added to", counter.load(Relaxed).into());
    assert!(ending.is_none_or(|ending| ending == Ending::Exited(0) && counter.load(Relaxed) == MILLION));
    let guess = story.predict(
        "The same child, the same million, and then one getpid()?",
        [
            never(Ending::Exited(0), "getpid is a small call, but it is one."),
            always(
                Ending::Killed(Signal::SIGSYS),
                "bad system call: the filter makes no difference between small and large.",
            ),
        ],
    )?;
    counter.store(0, Relaxed);
    let ending = story.seal("sealed", || {
        add_a_million();
        story.pid();
    });
    guess.reveal(story, ending);
    story.count("in the word: the accesses before the call were all made", counter.load(Relaxed).into());
    assert!(ending.is_none_or(|ending| ending == Ending::Killed(Signal::SIGSYS)));
    story.why(
        "Strict seccomp, the older kind, would still allow read and write, and is refused where a filter is in force \
         already, as in a container. So this is the stricter proof.",
    );

    story.step("Count the page faults")?;
    let pages = SIZE.div_ceil(story.page_size()) as u64;
    let all = vec![b'x'; SIZE];
    story.say(
        "Without a system call there is still work for the kernel: the first touch of each page is a page fault. We \
         write all of the segment, twice.",
    );
    let first = [memory.write(0, &all)?, memory.write(0, &all)?];
    story.say(
        "The pages are in memory now. A second process has the segment attached, too, since before they were.",
    );
    let child = story.fork("child")?;
    let inherited = memory.inherited_by(&child);
    let guess = story.predict(
        "How many page faults will it take the child to write all of it?",
        [
            never(0, "the memory is there, but the child's page table does not lead to it yet."),
            depends(
                1,
                "the pages are parts of one huge page here, which has one entry in the page table.",
                "each page has its own entry in the page table.",
            ),
            depends(
                pages,
                "one for each page: every process has a page table of its own.",
                "it would be one for each page, but some of them are parts of a huge page here.",
            ),
        ],
    )?;
    let there = [inherited.write(0, &all)?, inherited.write(0, &all)?];
    guess.reveal(story, there[0]);
    inherited.leak();
    child.exit()?;
    assert_eq!([first[1], there[1]], [0, 0]);

    story.experiment("Attach for every use")?;
    story.say("A program that attaches before each use and detaches after it is tidy. What does that cost?");
    memory.detach()?;
    let memory = segment.attach()?;
    let again = [memory.write(0, &all)?, memory.write(0, &all)?];
    let row = |who: &str, [first, second]: [u64; 2]| [who.to_owned(), first.to_string(), second.to_string()];
    story.table(
        &format!("page faults for writing {pages} pages"),
        ["who", "first time", "second time"],
        &[row("this process", first), row("the child", there), row("this process, attached anew", again)],
    );
    assert_eq!(again[1], 0);
    // One for each page, or fewer where the pages are huge.
    assert!([first[0], there[0], again[0]].iter().all(|faults| (1..=pages).contains(faults)));
    story.erratum(
        "E7",
        "no call is needed for an access; but setting up takes calls, and each page faults once per attachment.",
    );
    story.habit(
        "Attach once, touch every page before time counts, and keep the Attachment: dropping it detaches.",
    );

    story.step("Count the copies")?;
    story.say(
        "A server reads a page of a file, and a client writes it to another file. With a pipe between them the \
         kernel copies the page in and out for each of the two; with a segment between them the server reads right \
         into the segment.",
    );
    let guess = story.predict(
        "How often will the kernel copy the page with a segment between the two?",
        [
            never(1, "one file is read and another one is written, and each of the two copies."),
            always(2, "from the file into the segment, and from the segment into the other file."),
            never(4, "that is with a pipe: file to server, server to pipe, pipe to client, client to file."),
        ],
    )?;
    let segment_s = copies::through_a_segment(story, memory.bytes()?.part(0, story.page_size()))?;
    guess.reveal(story, segment_s);
    let pipe_s = copies::through_a_pipe(story, story.page_size())?;
    let rows = [["a segment".to_owned(), told(segment_s)], ["a pipe".to_owned(), told(pipe_s)]];
    story.table("how often the kernel copied the page", ["between the two", "copies"], &rows);
    story.say(
        "We have counted what went through read and write (/proc/self/io). What a program copies by itself is not \
         counted: lesson 20's ring does that, unless a message is made in place. Calls that move pages instead, such \
         as splice, are not counted, either.",
    );

    story.tidy_up()?;
    bench.clear()?;
    memory.detach()?;
    segment.remove()
}

fn told(count: Option<u64>) -> String {
    count.map_or("not counted".to_owned(), |count| count.to_string())
}
