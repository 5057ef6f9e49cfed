//! Lesson 20: how fast shared memory is, beside everything else that the system has.
//!
//! Run: `cargo run --bin lesson20`, better with `--release`. Source: futex(2), semop(2), pipe(7), unix(7), tcp(7),
//! mq_overview(7), msgget(2), sched_setaffinity(2).

use playground::prelude::*;

fn main() -> ExitCode {
    program::lesson_with(20, source!(), tell)
}

fn tell(story: &Story, options: &program::Speed) -> Result<()> {
    let ground = Ground::look();
    let bench = Bench::set_up(story, 1 << 20)?;
    let figures = bench.measure(story, options.plan(), &ground)?;
    story.table("ground", ["what", "how"], &ground.told());
    story.show_speeds(&figures, Traffic::RoundTrip);
    story.show_speeds(&figures, Traffic::Stream);
    bench.clear(story)
}
