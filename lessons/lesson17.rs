//! Lesson 17: the race: two processes, one counter.
//!
//! Run: `cargo run --bin lesson17`, or with `-- --schedule AABBAB` to replay an order of steps.
//! Source: *Advanced Linux Programming*, 5.1.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use playground::prelude::*;
use playground::program::Scheduling;

/// Where things are in the segment. What is written by different processes is 128 bytes apart.
const COUNTER: usize = 0;
const GATE: usize = 128;
const FLAG: usize = 256;
const MESSAGE: usize = 384;
const PAIR: usize = 512;

/// How often each process counts at first, and how many times we try, four times as long each time.
const TIMES: u64 = 4_000_000;
const ROUNDS: u32 = 4;

fn main() -> ExitCode {
    program::lesson_with(17, source!(), tell)
}

fn tell(story: &Story, options: &Scheduling) -> Result<()> {
    story.so_far();
    let segment = Segment::create(story, Key::PRIVATE, SIZE, OWNER_RW)?;
    let memory = segment.attach()?;
    let (a, b) = (story.fork("A")?, story.fork("B")?);
    let (in_a, in_b) = (memory.inherited_by(&a), memory.inherited_by(&b));

    story.step("Let both count at once")?;
    story.say(format!(
        "Two processes add 1 to one counter in the segment, {TIMES} times each. Nothing keeps them apart."
    ));
    let guess = story.predict(
        "What will the counter say at the end?",
        [
            depends(
                Ordering::Equal,
                "this time neither process came between a load and a store of the other. That is luck.",
                "an increment is three steps, and the other process can come in between.",
            )
            .named("the sum"),
            depends(
                Ordering::Less,
                "some increments were overwritten before anyone saw them.",
                "this time no increment was overwritten. Nothing promises that.",
            )
            .named("less than the sum"),
            never(Ordering::Greater, "no increment is made twice.").named("more than the sum"),
        ],
    )?;
    let race = Race { memory: &memory, runners: &[&in_a, &in_b], counter: COUNTER, gate: GATE };
    let (sum, rounds) = race.run_until_lost(TIMES, How::Plain, ROUNDS)?;
    story.table(
        "the last race",
        ["races", "increments made", "counter", "updates lost"],
        &[[rounds.to_string(), sum.made().to_string(), sum.counted.to_string(), sum.lost().to_string()]],
    );
    guess.reveal(story, sum.beside_made());
    if sum.beside_made().is_eq() {
        story.missing(
            "None of these races lost an update. On a single processor that takes a switch from one process to the \
             other between a load and its store: run the lesson again.",
        );
    }
    story.addition("E8", "the fastest way has a price. The processes have to make each other wait.");
    story.try_it(format!("ipcs -m -i {}", segment.id()), "nattch=3: this process, A and B");
    story.why(
        "On one processor updates are lost less often, but many at a time. A process that is stopped between load \
         and store puts an old value back when it goes on. All that the other counted meanwhile is gone.",
    );

    story.step("Slowly: you are the scheduler")?;
    story.say(
        "Each process makes one increment, in three steps: it loads the counter into a register of its own, adds 1 \
         there, and stores the register. The kernel decides who moves next; here you do.",
    );
    let guess = story.predict(
        "The counter starts at 0, and each adds 1 once. What can it be at the end, whoever moves when?",
        [
            always("1 or 2".to_owned(), "1, if one loads before the other has stored."),
            never("2".to_owned(), "only if one waits for the other."),
            never(
                "0 or 1 or 2".to_owned(),
                "whoever stores last stores what it has loaded plus 1, so never 0.",
            )
            .named("0, 1 or 2"),
        ],
    )?;
    let begin = || {
        let slowly = Interleaved::begin(&memory, [&in_a, &in_b], COUNTER)?;
        Ok(move |who, step| slowly.make(who, step))
    };
    story.direct(options.schedule.as_ref(), &Schedule::example(), begin, |schedule, made| {
        let rows: Vec<_> = made.iter().map(Moved::row).collect();
        story.table("what A and B have done", ["who", "step", "A's r", "B's r", "counter"], &rows);
        story.say(format!("To replay it: cargo run --bin lesson17 -- --schedule {schedule}"));
    })?;

    story.step("Every order")?;
    story.say(
        "A and B make 3 steps each. That is 20 orders, and each is carried out here, by A and B themselves.",
    );
    let mut results = Vec::new();
    for schedule in Schedule::all() {
        let made = Interleaved::begin(&memory, [&in_a, &in_b], COUNTER)?.replay(&schedule)?;
        results.push((schedule.to_string(), made[5].counter));
    }
    let rows: Vec<_> = results.chunks(4).map(beside_each_other).collect();
    let heading = ["order", "counter", "order", "counter", "order", "counter", "order", "counter"];
    story.table("each order, and the counter after it", heading, &rows);
    let exact: Vec<_> = results.iter().filter(|(_, counter)| *counter == 2).collect();
    let seen: BTreeSet<_> = results.iter().map(|(_, counter)| counter.to_string()).collect();
    guess.reveal(story, Vec::from_iter(seen).join(" or "));
    story.count("orders in which no update is lost", exact.len() as u64);
    assert_eq!(exact.iter().map(|(order, _)| order.as_str()).collect::<Vec<_>>(), ["AAABBB", "BBBAAA"]);

    story.experiment("Raise the flag before the message is there")?;
    story.say(
        "A sends a message: bytes, and a flag that says they are there. It stores the flag first. B looks.",
    );
    let guess = story.predict(
        "B sees the flag. What will it read?",
        [
            always(vec![0; TEXT.len()], "the flag was there before the bytes, and B came between.")
                .named("zeros"),
            never(TEXT.to_vec(), "A has not written it yet.").named("the message"),
        ],
    )?;
    in_a.write(FLAG, &[1])?;
    assert_eq!(in_b.read(FLAG, 1)?, [1]);
    let early = in_b.read(MESSAGE, TEXT.len())?;
    in_a.write(MESSAGE, TEXT)?;
    let late = in_b.read(MESSAGE, TEXT.len())?;
    guess.reveal(story, early.clone());
    assert_eq!((early, late.as_slice()), (vec![0; TEXT.len()], TEXT));
    story.why(
        "Writing the lines in the right order is not enough: the compiler and the processor may swap two plain \
         stores. The flag has to be an atomic: stored with Release after the bytes are written, and loaded with \
         Acquire before they are read.",
    );

    story.experiment("Read while the other writes")?;
    story.say(
        "16 bytes are more than one store of 8. A replaces a value half by half, and B reads in between.",
    );
    let guess = story.predict(
        "The value was AAAAAAAAAAAAAAAA and becomes BBBBBBBBBBBBBBBB. What will B read?",
        [
            always("BBBBBBBBAAAAAAAA".to_owned(), "a value that nobody ever wrote: it is torn."),
            never("AAAAAAAAAAAAAAAA".to_owned(), "the first half is stored already."),
            never("BBBBBBBBBBBBBBBB".to_owned(), "the second half is not stored yet."),
        ],
    )?;
    in_a.write(PAIR, &[b'A'; 16])?;
    in_a.write(PAIR, &[b'B'; 8])?;
    let torn = in_b.read_text(PAIR, 16)?;
    in_a.write(PAIR + 8, &[b'B'; 8])?;
    guess.reveal(story, torn);
    assert_eq!(in_b.read_text(PAIR, 16)?, "B".repeat(16));
    story.habit(
        "Between threads Rust refuses a plain counter. It cannot see another process: treat every shared word as an \
         AtomicU32, and everything larger as bytes that a lock guards. That is lesson 18.",
    );

    story.tidy_up()?;
    a.exit()?;
    b.exit()?;
    memory.detach()?;
    segment.remove()
}

/// Four orders in a row, so that all twenty fit on one screen.
fn beside_each_other(four: &[(String, u32)]) -> [String; 8] {
    let cells: Vec<_> =
        four.iter().flat_map(|(order, counter)| [order.clone(), counter.to_string()]).collect();
    std::array::from_fn(|at| cells[at].clone())
}
