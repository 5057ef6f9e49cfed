//! Puzzles solved by somebody who looks around, has more processes than needed, or takes a call that does the same.

use super::ways::solves;

const TAKE: &str = "(struct sembuf[]){{0, -1, SEM_UNDO}}";
const ANOTHER_WAITS: &str = "D: semop(semget(7, 1, IPC_CREAT | 0600), (struct sembuf[]){{0, -1, 0}}, 1)";

#[test]
fn what_changes_nothing_that_the_goal_names_does_not_count_against_it() {
    let take_in_time = format!("B: semtimedop(s, {TAKE}, 1, &(struct timespec){{100, 0}})");
    let take = format!("B: semop(s, {TAKE}, 1)");
    let ways: [(&str, &[&str]); 12] = [
        ("two-views", &["fork()", "shmat(id, NULL, 0)", "shmat(id, NULL, SHM_RDONLY)"]),
        (
            "two-views",
            &[
                "shmat(shmget(5, 1, IPC_CREAT | 0600), NULL, 0)",
                "shmat(id, NULL, 0)",
                "shmat(id, NULL, SHM_RDONLY)",
            ],
        ),
        ("wait", &["B: fork()", "B: wait(NULL)"]),
        (
            "wait",
            &[
                "s = semget(5, 1, IPC_CREAT | 0600); new",
                "C: semop(0, (struct sembuf[]){{0, -1, 0}}, 1)",
                "B: semtimedop(0, (struct sembuf[]){{0, -1, 0}}, 1, &(struct timespec){100, 0})",
            ],
        ),
        ("wake-two", &["new", ANOTHER_WAITS, "A: semop(s, (struct sembuf[]){{0, -1, 0}}, 1)"]),
        ("survive-kill", &[&take_in_time, "B: semctl(s, 0, GETVAL)", "kill(B, SIGKILL)"]),
        ("survive-kill", &[&take, "B: shmget(IPC_PRIVATE, 1, 0)", "kill(B, SIGKILL)"]),
        (
            "helping-hand",
            &["semop(s, (struct sembuf[]){{0, 1, 0}}, 1)", "B: semctl(s, 0, GETPID)", "kill(B, SIGKILL)"],
        ),
        ("helping-hand", &["B: semop(s, (struct sembuf[]){{0, 1, 0}}, 1)", "B: exit(0)"]),
        (
            "eidrm",
            &[
                "shmget(5, 1, IPC_CREAT); s = semget(7, 1, IPC_CREAT | 0600)",
                "B: semtimedop(0, (struct sembuf[]){{0, -1, 0}}, 1, &(struct timespec){100, 0})",
                "A: ipcrm -s 0",
                "B: semctl(0, 0, GETVAL)",
                "ipcrm -m 0",
            ],
        ),
        (
            "lost-update",
            &[
                "A: n[5] = 7; r = *(char *)n",
                "B: r = *n; n[6] = 1",
                "A: *(char *)n = r + 100; *n",
                "B: *n = r + 10",
            ],
        ),
        (
            "deadlock",
            &[
                "new",
                ANOTHER_WAITS,
                "C: kill(B, SIGTERM)",
                "A: semop(s, (struct sembuf[]){{0, 1, SEM_UNDO}, {1, 1, SEM_UNDO}}, 2)",
            ],
        ),
    ];
    let missed: Vec<_> =
        ways.iter().filter(|(name, lines)| !solves(name, lines)).map(|(name, _)| name).collect();
    assert!(missed.is_empty(), "{missed:?}");
}
