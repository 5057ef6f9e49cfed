//! Random lines.
//!
//! **Invariant:** what a line does on one kernel it does on the other: an access beside a segment goes to a fixed address,
//! since what lies beside one that the kernel has placed is the kernel's business. A program that is not there has a
//! path, since through which folders a PATH leads is the machine's.

use super::random::Random;

const KEYS: [&str; 3] = ["IPC_PRIVATE", "0x52", "0x53"];
const SIZES: [&str; 6] = ["0", "1", "100", "4096", "8192", "20000"];
const GET: [&str; 7] = [
    "0",
    "0600",
    "600",
    "IPC_CREAT | 0640",
    "IPC_CREAT | IPC_EXCL | 0600",
    "IPC_CREAT | 0",
    "IPC_CREAT | 0666",
];
const FIXED: [&str; 5] = ["0x5000000", "0x5001000", "0x5000123", "0x5000FFF", "1"];
const AT: [&str; 5] = ["0", "SHM_RDONLY", "SHM_RND", "SHM_REMAP", "SHM_RND | SHM_REMAP"];
const FLAGS: [&str; 4] = ["0", "IPC_NOWAIT", "SEM_UNDO", "SEM_UNDO | IPC_NOWAIT"];
/// Where no buffer can be; the last is in a program's memory on many machines.
const NOWHERE: [&str; 3] = ["NULL", "(void *)1", "(void *)0x400000"];
const NUMBERS: [&str; 6] = ["GETVAL", "GETPID", "GETNCNT", "GETZCNT", "IPC_RMID", "99"];
const SETTINGS: [&str; 5] =
    ["shmmni=2", "shmmni=4096", "shm_rmid_forced=1", "shm_rmid_forced=0", "shm_next_id=7"];

/// The lines of one script.
pub fn script(seed: u64, length: usize) -> Vec<String> {
    let mut random = Random::new(seed);
    (0..length).map(|_| line(&mut random)).collect()
}

fn line(random: &mut Random) -> String {
    let who = ["", "", "", "A: ", "B: ", "B: ", "C: ", "D: "];
    let what = match random.below(10) {
        0..4 => segment(random),
        4..7 => semaphore(random),
        7 => memory(random),
        _ => return process(random),
    };
    random.pick(&who).to_owned() + &what
}

fn segment(random: &mut Random) -> String {
    let (id, at, flags) = (random.below(4), random.pick(&FIXED), random.pick(&AT));
    match random.below(17) {
        14 => {
            format!("shmget({}, {}, SHM_HUGETLB | 0600)", random.pick(&["0x52", "0x53"]), random.pick(&SIZES))
        }
        15 => format!("int small = 7; shmctl({id}, IPC_STAT, &small); (small)"),
        16 => format!(
            "k = ftok({}, 1); k == -1",
            random.pick(&["NULL", "\".\"", "\"/tmp\"", "\"/no/such/file\""])
        ),
        0..4 => {
            let (key, size, get) = (random.pick(&KEYS), random.pick(&SIZES), random.pick(&GET));
            format!("id = shmget({key}, {size}, {get})")
        }
        4 => format!("p = shmat({id}, NULL, {})", random.pick(&["0", "SHM_RDONLY"])),
        5 | 6 => format!("q = shmat({id}, (void *){at}, {flags})"),
        7 => "shmdt(p); p = 0".to_owned(),
        8 => format!("shmdt((void *){at})"),
        9 => format!("shmctl({id}, IPC_RMID, NULL)"),
        10 => format!("struct shmid_ds buf; shmctl({id}, IPC_STAT, &buf); buf.shm_nattch; buf.shm_perm.mode"),
        11 => {
            let mode = random.pick(&["0", "0400", "0640", "0666"]);
            let uid = random.pick(&["0", "65534", "1000"]);
            format!(
                "struct shmid_ds set; set.shm_perm.mode = {mode}; set.shm_perm.uid = {uid}; shmctl({id}, IPC_SET, &set)"
            )
        }
        12 => {
            let cmd =
                random.pick(&["IPC_STAT", "IPC_SET", "IPC_INFO", "SHM_INFO", "SHM_STAT", "SHM_STAT_ANY"]);
            format!("shmctl({id}, {cmd}, {})", random.pick(&NOWHERE))
        }
        _ => "struct shm_info use; shmctl(0, SHM_INFO, &use); use.used_ids; use.shm_tot".to_owned(),
    }
}

fn semaphore(random: &mut Random) -> String {
    let (id, number, value) = (random.below(3), random.below(4), random.below(3));
    let sembuf = |random: &mut Random| {
        let (number, change) = (random.below(3), random.below(5) as i64 - 2);
        format!("{{{number}, {change}, {}}}", random.pick(&FLAGS))
    };
    match random.below(18) {
        16 => {
            let (one, limit) = (sembuf(random), random.pick(&["{0, 1000000000}", "{-1, 0}", "{0, -5}"]));
            format!("struct timespec t = {limit}; semtimedop({id}, (struct sembuf[]){{{one}}}, 1, &t)")
        }
        17 => {
            let (one, limit) = (sembuf(random), random.pick(&NOWHERE[1..]));
            format!(
                "semtimedop({id}, (struct sembuf[]){{{one}}}, {}, {limit})",
                random.pick(&["0", "1", "501"])
            )
        }
        0..3 => {
            let (key, get) = (random.pick(&KEYS), random.pick(&GET));
            format!("semget({key}, {}, {get})", random.below(4))
        }
        3..7 => format!("semop({id}, (struct sembuf[]){{{}}}, 1)", sembuf(random)),
        7 => {
            let (one, other) = (sembuf(random), sembuf(random));
            format!("semop({id}, (struct sembuf[]){{{one}, {other}}}, 2)")
        }
        8 => {
            let one = sembuf(random);
            format!("struct timespec t = {{0, 2000000}}; semtimedop({id}, (struct sembuf[]){{{one}}}, 1, &t)")
        }
        9 | 10 => format!("semctl({id}, {number}, SETVAL, {value})"),
        11 => format!("semctl({id}, {number}, {})", random.pick(&NUMBERS)),
        13 => {
            let cmd = random.pick(&["IPC_STAT", "IPC_SET", "GETALL", "SETALL", "SEM_STAT", "SEM_INFO"]);
            format!("semctl({id}, 0, {cmd}, {})", random.pick(&NOWHERE))
        }
        14 => format!("semop({id}, {}, {})", random.pick(&NOWHERE), random.pick(&["0", "1", "500", "501"])),
        12 => format!("unsigned short v[4]; semctl({id}, 0, GETALL, v); v[0] + 10 * v[1]"),
        _ => format!("unsigned short w[4] = {{1, 0, 2, 0}}; semctl({id}, 0, SETALL, w)"),
    }
}

fn memory(random: &mut Random) -> String {
    let offset = random.pick(&["0", "1", "99", "4095"]);
    match random.below(14) {
        9 => format!("strcpy(p + {offset}, \"more\")"),
        10 => format!("memset(p, 'A', {})", random.pick(&["99", "101", "4096", "5000"])),
        11 => "char t[4]; strcpy(t, \"too long\"); t[5]".to_owned(),
        12 => random
            .pick(&["\"abc\"[0] = 'x'", "const int x = 1; x = 2", "p == NULL", "int r = (long)p >> 40"])
            .to_string(),
        13 => "char *t = \"abc\"; puts(t)".to_owned(),
        0 | 1 => format!("p[{offset}] = 'X'"),
        2 => "strcpy(p, \"some text\")".to_owned(),
        3 => "puts(p)".to_owned(),
        4 => format!("p[{offset}]"),
        5 => format!("*(int *)(0x5000000 + {}) = 5", random.pick(&["0", "4094", "8192", "100000"])),
        6 => format!("*(char *)(0x5001000 + {offset})"),
        7 => format!(
            "mprotect((void *)0x5000000, 4096, {})",
            random.pick(&["PROT_READ", "PROT_NONE", "PROT_READ | PROT_WRITE"])
        ),
        _ => format!("munmap((void *)0x5001000, {})", random.pick(&["4096", "8192", "100"])),
    }
}

fn process(random: &mut Random) -> String {
    let who = random.pick(&["A", "B", "C", "D"]);
    match random.below(20) {
        0..3 => format!("{who}: fork()"),
        15 => format!("{who}: wait(NULL)"),
        16 => format!("{who}: int st = -1; wait(&st); st"),
        17 => format!(
            "{who}: waitpid({}, NULL, {})",
            random.pick(&["A", "B", "C", "-1"]),
            random.pick(&["0", "WNOHANG"])
        ),
        18 => format!("{who}: exit({})", random.pick(&["1", "255", "256"])),
        4 => "new".to_owned(),
        5 | 6 => format!("{who}:"),
        7 => format!("{who}: exit(0)"),
        3 => format!("{who}: fork(); fork()"),
        8 => format!("kill({who}, {})", random.pick(&["SIGKILL", "SIGTERM", "0"])),
        9 => format!("{who}: setuid({})", random.pick(&["65534", "65534", "-1"])),
        10 => format!("{who}: setgid({})", random.pick(&["65534", "0", "5"])),
        11 => format!("sysctl kernel.{}", random.pick(&SETTINGS)),
        12 => format!("ipcrm -{} {}", random.pick(&["m", "s"]), random.below(3)),
        13 => "errno".to_owned(),
        14 => format!("{} {}", random.pick(&["undo", "undo", "redo"]), 1 + random.below(3)),
        _ => format!(
            "{who}: execlp(\"{}\", \"x\", \"{}\", NULL)",
            random.pick(&["sleep", "true", "/bin/false", "/no/such/program"]),
            random.pick(&["1000", "0.1", "soon"])
        ),
    }
}
