//! Lesson 20: how fast shared memory is, beside everything else that the system has.
//!
//! Run: `cargo run --bin lesson20`, and for figures to believe `cargo run --release --bin lesson20`.
//! Source: futex(2), semop(2), pipe(7), unix(7), tcp(7), mq_overview(7), msgget(2), sched_setaffinity(2).

use playground::prelude::*;
use speed::prelude::*;

const BIG: usize = 1 << 16;
const BIGGEST: usize = 1 << 20;

/// What to do where the figures say nothing.
const RUN_AGAIN: &str = "What to do: close what else runs, and run the lesson again, without --quick.";

fn main() -> ExitCode {
    program::lesson_with(20, source!(".."), tell)
}

fn tell(story: &Story, options: &Speed) -> Result<()> {
    let host = Host::look();
    if host.is_debug() {
        story.warn(
            "This is a debug build: what the processor does is slower, what the kernel does is not, and so the ratios \
             mislead. For figures to believe: cargo run --release --bin lesson20",
        );
    }
    story.so_far();
    let bench = Bench::set_up(story, BIGGEST)?;

    story.step("Send messages there and back")?;
    story.say(
        "One process sends a message, another one sends it back, by each mechanism in turn, in seven rounds. Every byte \
         is checked. The processes are forked for each measurement, are ready before the clock starts, and warm up.",
    );
    if is_traced(story, &host) {
        return finish(story, bench);
    }
    let round_trip = |way, size| Measurement::messages(way, Traffic::RoundTrip, size);
    let stream = |way, size| Measurement::messages(way, Traffic::Stream, size);
    let by_spinning = story.predict(
        "64 bytes through a segment, and each side looks for them without a pause. How fast is that beside a pipe?",
        [
            depends(
                Scale::Faster,
                "no call is made, but a line of the cache takes long from core to core here.",
                "a pipe wakes a sleeping process for each message, which takes microseconds.",
            ),
            depends(
                Scale::MuchFaster,
                "a pipe takes a call at each end; here a line of the cache goes from core to core.",
                "that is not what these two took here: see the table.",
            ),
            depends(
                Scale::FarFaster,
                "a line of the cache goes from core to core, no call is made, and nobody is woken.",
                "a line of the cache takes too long from core to core here, or a pipe too little.",
            ),
        ],
    )?;
    let by_sleeping = story.predict(
        "The same ring, but each side sleeps on a futex until there is a message. How fast is that beside a pipe?",
        [
            depends(
                Finding::Faster,
                "the bytes go over with no call; to sleep and to be woken takes one each, as in a pipe.",
                "the bytes go over with no call, but to sleep and to be woken is what takes the time.",
            ),
            depends(
                Finding::Same,
                "to sleep and to be woken is what takes the time, and a pipe does no more than that.",
                "both sleep and wake, but the two ways to do that do not take the same time here.",
            ),
            depends(
                Finding::Slower,
                "each message takes a call to sleep and one to wake, and a look at the ring before each.",
                "a call to sleep and one to wake are no more than what a pipe takes.",
            ),
        ],
    )?;
    let figures = bench.measure(story, options.plan(), &host)?;
    // It may have come meanwhile.
    if is_traced(story, &host) {
        return finish(story, bench);
    }
    story.count("messages that arrived while the clock ran, every byte as it was sent", figures.messages);
    story.table("what the figures stand on", ["what", "how it was"], &host.told(&figures));
    if are_too_few(story, &figures) {
        return finish(story, bench);
    }
    show_speeds(story, &figures, Traffic::RoundTrip);
    let pipe = round_trip(Mechanism::Pipe, SMALLEST);
    reveal(story, by_spinning, figures.scale(round_trip(Mechanism::Spin, SMALLEST), pipe));
    reveal(story, by_sleeping, figures.finding(round_trip(Mechanism::Futex, SMALLEST), pipe));
    story.why(
        "A time is the median of the rounds; the percentage says how far the middle half of them is from it. A ratio \
         pairs the two times of each round, and is a number only if the rounds agree: otherwise it is unclear.",
    );

    story.step("Send them one way")?;
    story.say("Now message after message, and an answer at the end. A ring lets the sender run ahead.");
    let guess = story.predict(
        "64 bytes through the ring, and System V semaphores count messages and places. How fast is that beside a pipe?",
        [
            depends(
                Finding::Faster,
                "the bytes themselves take no call, and the four of the semaphores do less than two of a pipe.",
                "the bytes themselves take no call; the semaphores take four for each message.",
            ),
            depends(
                Finding::Same,
                "a pipe takes two calls for each message, which do as much as the four of the semaphores.",
                "two calls of a pipe and four of the semaphores do not take the same time here.",
            ),
            depends(
                Finding::Slower,
                "four calls for each message, and a pipe takes two: see lesson 19.",
                "it is four calls for each message, and a pipe takes two, but each of the two does more.",
            ),
        ],
    )?;
    show_speeds(story, &figures, Traffic::Stream);
    reveal(
        story,
        guess,
        figures.finding(stream(Mechanism::Semop, SMALLEST), stream(Mechanism::Pipe, SMALLEST)),
    );

    story.experiment("Spin on one CPU")?;
    story.say("Both processes are kept on one CPU. Whoever spins keeps the other from running, for its whole slice.");
    let guess = story.predict(
        "64 bytes there and back by spinning on one CPU. Beside a pipe on one CPU that is",
        [
            depends(
                Scale::FarFaster,
                "the scheduler lets the other side run at once here.",
                "with two CPUs the other side looks at once; with one it has to wait for its turn.",
            ),
            depends(
                Scale::Slower,
                "nothing goes on until the scheduler takes the CPU away from whoever spins: soon, here.",
                "the scheduler does not take the CPU away in that time here: see the table.",
            ),
            depends(
                Scale::FarSlower,
                "each half of a round trip waits for a time slice, and that takes milliseconds.",
                "each half of a round trip waits for a time slice, but the slices are short here.",
            ),
        ],
    )?;
    let on_one = |way: Mechanism| [way.to_string(), figures.told_time(Measurement::on_one_cpu(way))];
    story.table("64 bytes there and back, on one CPU", ["by", "time"], &ON_ONE_CPU.map(on_one));
    reveal(
        story,
        guess,
        figures.scale(Measurement::on_one_cpu(Mechanism::Spin), Measurement::on_one_cpu(Mechanism::Pipe)),
    );
    story.habit("Spin for some microseconds, then sleep on a futex: that is what a Mutex of Rust does.");

    story.experiment("Make a segment for each message")?;
    let guess = story.predict(
        "64 KiB at a time: shmget, shmat, fill, read, shmdt, IPC_RMID. How fast is that beside a pipe?",
        [
            depends(
                Finding::Faster,
                "to clear 16 pages and to fault them in takes less here than to copy them twice.",
                "a segment that is used again has its pages already; each new one has to get them.",
            ),
            depends(
                Finding::Same,
                "new pages have to be cleared, a pipe has to copy twice, and the two take the same time.",
                "new pages have to be cleared, a pipe has to copy twice, and the two differ here.",
            ),
            depends(
                Finding::Slower,
                "16 pages are cleared, and fault in two processes; a pipe copies them twice instead.",
                "16 pages are cleared and fault, but a pipe copies them twice, which takes no less here.",
            ),
        ],
    )?;
    reveal(story, guess, figures.finding(stream(Mechanism::Fresh, BIG), stream(Mechanism::Pipe, BIG)));
    story.habit(
        "Make a segment once and use it for every message. An Attachment that is kept is the cheap one.",
    );

    story.step("What fastest means")?;
    let guess = story.predict(
        "64 KiB there and back, and each side sleeps on a futex until there is a message. How fast is that beside a pipe?",
        [
            depends(
                Finding::Faster,
                "to sleep and to be woken takes as long as for 64 bytes, and the bytes themselves go faster.",
                "a pipe copies the bytes in and out, but that takes no longer here than to sleep and to wake.",
            ),
            depends(
                Finding::Same,
                "the copies of a pipe take little here, beside sleeping and waking.",
                "for 64 bytes only the sleep counts; here a pipe moves 16 pages, one by one, in and out.",
            ),
            depends(
                Finding::Slower,
                "to sleep and to wake takes longer here than a pipe takes to copy the bytes in and out.",
                "it takes a call to sleep and one to wake, and a pipe takes two as well.",
            ),
        ],
    )?;
    reveal(
        story,
        guess,
        figures.finding(round_trip(Mechanism::Futex, BIG), round_trip(Mechanism::Pipe, BIG)),
    );
    let compared = |what: &str, first, second| [what.to_owned(), figures.told_ratio(first, second)];
    story.table(
        "how many times as fast",
        ["the first beside the second", "ratio"],
        &[
            compared("64 B there and back: spin, pipe", round_trip(Mechanism::Spin, SMALLEST), pipe),
            compared("64 B there and back: futex, pipe", round_trip(Mechanism::Futex, SMALLEST), pipe),
            compared("64 B there and back: semop, pipe", round_trip(Mechanism::Semop, SMALLEST), pipe),
            compared(
                "64 KiB there and back: futex, pipe",
                round_trip(Mechanism::Futex, BIG),
                round_trip(Mechanism::Pipe, BIG),
            ),
            compared(
                "64 KiB one way: ring, pipe",
                stream(Mechanism::Spin, BIG),
                stream(Mechanism::Pipe, BIG),
            ),
            compared(
                "64 KiB one way: in place, ring",
                stream(Mechanism::InPlace, BIG),
                stream(Mechanism::Spin, BIG),
            ),
            compared(
                "64 KiB one way: mapped file, segment",
                stream(Mechanism::File, BIG),
                stream(Mechanism::Spin, BIG),
            ),
            compared(
                "64 KiB one way: ring, segment for each",
                stream(Mechanism::Spin, BIG),
                stream(Mechanism::Fresh, BIG),
            ),
            compared(
                "64 KiB one way: segment for each, pipe",
                stream(Mechanism::Fresh, BIG),
                stream(Mechanism::Pipe, BIG),
            ),
        ],
    );
    story.say(
        "Two things cannot be beaten: a line of the cache that goes to another core and back, and memcpy.",
    );
    let limit = |what: &str, thing| [what.to_owned(), figures.told_time(thing)];
    story.table(
        "the limits",
        ["what", "time"],
        &[
            limit("a line of the cache, there and back", round_trip(Mechanism::Line, size_of::<u64>())),
            limit("memcpy of 1 KiB", Measurement::Copy(1 << 10)),
            limit("memcpy of 64 KiB", Measurement::Copy(BIG)),
            limit("memcpy of 1 MiB", Measurement::Copy(BIGGEST)),
            limit("a system call that does nothing (getppid)", Measurement::Call),
        ],
    );
    story.erratum(
        "E8",
        "processes share pages, not a space. What is fast is that nothing is called and little is copied; what waits is \
         not.",
    );
    story.try_it("nproc; cat /proc/loadavg", "how many CPUs there are, and who else wants them");
    options.draw(story, &figures)?;

    finish(story, bench)
}

/// Whether somebody looks on, who would spoil the figures; and says so.
fn is_traced(story: &Story, host: &Host) -> bool {
    let Some(tracer) = host.tracer() else { return false };
    story.missing(format!(
        "Process {tracer} traces this one. A tracer stops a process at each system call, so that a pipe would be \
         several times slower, and spinning would not. No figures: run the lesson without strace or a debugger."
    ));
    true
}

/// Tells what the rounds agree on, or that they do not.
fn reveal<T: Observed>(story: &Story, guess: Guess<T>, found: Option<T>) {
    match found {
        Some(found) => guess.reveal(story, found),
        None => story.missing(format!(
            "The rounds of this run do not agree, or one of the two could not be measured. {RUN_AGAIN}"
        )),
    }
}

/// Whether the rounds are too few for an answer, and says what to do.
fn are_too_few(story: &Story, figures: &Results) -> bool {
    if figures.are_too_few() {
        story.missing(format!(
            "The machine was too busy: {} of {} rounds were finished in the time, and so few answer no question. \
             {RUN_AGAIN}",
            figures.rounds, figures.planned
        ));
    }
    figures.are_too_few()
}

fn finish(story: &Story, bench: Bench) -> Result<()> {
    story.tidy_up()?;
    bench.clear()
}
