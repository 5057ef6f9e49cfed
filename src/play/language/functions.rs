//! The functions that can be called, each with its prototype and an example.

/// A function of the C library that the prompt knows.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its prototype, as its manual page gives it.
    pub prototype: &'static str,
    /// What it does, in one sentence.
    pub does: &'static str,
    /// A line that can be typed.
    pub example: &'static str,
}

const fn function_of(
    name: &'static str,
    prototype: &'static str,
    does: &'static str,
    example: &'static str,
) -> Function {
    Function { name, prototype, does, example }
}

/// Every function that the prompt knows.
pub const FUNCTIONS: &[Function] = &[
    function_of(
        "shmget",
        "int shmget(key_t key, size_t size, int shmflg)",
        "Makes a segment, or finds one by its key.",
        "id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600)",
    ),
    function_of(
        "shmat",
        "void *shmat(int shmid, const void *shmaddr, int shmflg)",
        "Attaches a segment: maps it into the memory of the process.",
        "char *p = shmat(id, NULL, 0)",
    ),
    function_of(
        "shmdt",
        "int shmdt(const void *shmaddr)",
        "Detaches what shmat attached at this address.",
        "shmdt(p)",
    ),
    function_of(
        "shmctl",
        "int shmctl(int shmid, int cmd, struct shmid_ds *buf)",
        "Asks about a segment, changes it, or marks it for destruction.",
        "shmctl(id, IPC_RMID, NULL)",
    ),
    function_of(
        "semget",
        "int semget(key_t key, int nsems, int semflg)",
        "Makes a set of semaphores, or finds one by its key.",
        "s = semget(IPC_PRIVATE, 1, 0600)",
    ),
    function_of(
        "semop",
        "int semop(int semid, struct sembuf *sops, size_t nsops)",
        "Changes semaphores, all at once or not at all, and waits until it can.",
        "semop(s, (struct sembuf[]){{0, -1, SEM_UNDO}}, 1)",
    ),
    function_of(
        "semtimedop",
        "int semtimedop(int semid, struct sembuf *sops, size_t nsops,\n               const struct timespec *timeout)",
        "Does what semop does, and waits no longer than this.",
        "semtimedop(s, &(struct sembuf){0, -1, 0}, 1, &(struct timespec){1, 0})",
    ),
    function_of(
        "semctl",
        "int semctl(int semid, int semnum, int cmd, ...)",
        "Asks about a set of semaphores, sets values, or removes it.",
        "semctl(s, 0, SETVAL, 1)",
    ),
    function_of(
        "ftok",
        "key_t ftok(const char *pathname, int proj_id)",
        "Makes a key from a file and a number.",
        "k = ftok(\"/tmp\", 'R')",
    ),
    function_of(
        "fork",
        "pid_t fork(void)",
        "Makes a copy of the process, with its variables and attachments.",
        "fork()",
    ),
    function_of("exit", "void exit(int status)", "Ends the process.", "exit(0)"),
    function_of(
        "wait",
        "pid_t wait(int *wstatus)",
        "Waits until a child ends, takes away what is left of it, and returns its id.",
        "int status; wait(&status)",
    ),
    function_of(
        "waitpid",
        "pid_t waitpid(pid_t pid, int *wstatus, int options)",
        "Does what wait does, for one child, or with WNOHANG without waiting.",
        "waitpid(B, NULL, WNOHANG)",
    ),
    function_of(
        "WIFEXITED",
        "int WIFEXITED(int wstatus)",
        "Says whether a child has ended with exit.",
        "WIFEXITED(status)",
    ),
    function_of(
        "WEXITSTATUS",
        "int WEXITSTATUS(int wstatus)",
        "Returns the status that a child has given to exit.",
        "WEXITSTATUS(status)",
    ),
    function_of(
        "WIFSIGNALED",
        "int WIFSIGNALED(int wstatus)",
        "Says whether a signal has ended a child.",
        "WIFSIGNALED(status)",
    ),
    function_of(
        "WTERMSIG",
        "int WTERMSIG(int wstatus)",
        "Returns the signal that has ended a child.",
        "WTERMSIG(status)",
    ),
    function_of("kill", "int kill(pid_t pid, int sig)", "Sends a signal to a process.", "kill(B, SIGKILL)"),
    function_of(
        "execlp",
        "int execlp(const char *file, const char *arg, ... /*, (char *) NULL */)",
        "Replaces the program that the process runs.",
        "execlp(\"sleep\", \"sleep\", \"100\", NULL)",
    ),
    function_of("getpid", "pid_t getpid(void)", "Returns the id of the process.", "getpid()"),
    function_of("getuid", "uid_t getuid(void)", "Returns the user that the process acts for.", "getuid()"),
    function_of("setuid", "int setuid(uid_t uid)", "Lets the process act for another user.", "setuid(65534)"),
    function_of(
        "setgid",
        "int setgid(gid_t gid)",
        "Lets the process act for another group.",
        "setgid(65534)",
    ),
    function_of(
        "mprotect",
        "int mprotect(void *addr, size_t len, int prot)",
        "Changes what may be done with pages.",
        "mprotect(p, 4096, PROT_READ)",
    ),
    function_of(
        "munmap",
        "int munmap(void *addr, size_t len)",
        "Removes pages from memory.",
        "munmap(p, 4096)",
    ),
    function_of(
        "strcpy",
        "char *strcpy(char *dest, const char *src)",
        "Copies a string, and the zero byte at its end.",
        "strcpy(p, \"THIS IS A TEST\")",
    ),
    function_of(
        "memcpy",
        "void *memcpy(void *dest, const void *src, size_t n)",
        "Copies bytes.",
        "memcpy(p, \"TEST\", 4)",
    ),
    function_of("memset", "void *memset(void *s, int c, size_t n)", "Fills bytes.", "memset(p, 0, 4096)"),
    function_of(
        "strlen",
        "size_t strlen(const char *s)",
        "Counts the bytes before the first zero.",
        "strlen(p)",
    ),
    function_of("puts", "int puts(const char *s)", "Prints a string and a line's end.", "puts(p)"),
    function_of(
        "printf",
        "int printf(const char *format, ...)",
        "Prints values in a format.",
        "printf(\"%s\\n\", p)",
    ),
    function_of("perror", "void perror(const char *s)", "Prints what errno means.", "perror(\"shmat\")"),
];

/// The function of this name.
pub fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}
