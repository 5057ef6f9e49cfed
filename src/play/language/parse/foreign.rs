//! What the prompt's language does not have: words of a whole program, functions, and characters that C has not.

use std::ops::Range;

use super::Misunderstood;

/// What C has and a prompt does not need.
pub(super) fn not_here(word: &str) -> Option<String> {
    Some(match word {
        "if" | "else" | "switch" | "case" | "default" => format!(
            "{word} belongs into a program: here you type the condition alone, see its value (1 is true), and type what is to be done next"
        ),
        "while" | "for" | "do" | "goto" | "break" | "continue" => format!(
            "{word} belongs into a program: here you type what stands in the loop, without braces, as often as it is to be done"
        ),
        "return" => "return belongs into a function: exit(0) ends the process".to_owned(),
        "{" | "}" => format!("{word} alone belongs into a program: type the lines between the braces"),
        "main" => "main is not needed here: type the lines of its body, one by one".to_owned(),
        "typedef" => {
            "a typedef is not needed here: declare variables of the type itself, as in int id".to_owned()
        }
        "enum" => "there is no enum here: declare each of its names as an int, as in int RED = 0".to_owned(),
        "float" | "double" => {
            format!("there is no {word} here: these calls take integers, as int, long and size_t")
        }
        "bool" | "_Bool" => {
            format!("there is no {word} here: declare an int, where 1 is true and 0 is false")
        }
        "inline" | "extern" | "auto" | "restrict" => {
            format!("{word} is not needed here: leave it out, as in int id = 5")
        }
        "union" => {
            "a union semun is not needed here: semctl takes the value, the array or &buf itself".to_owned()
        }
        _ => return None,
    })
}

/// What a name is that a type and then an opening bracket stand around: a function, which nobody can define here.
pub(super) fn function_defined(name: &str) -> String {
    not_here(name).filter(|_| name == "main").unwrap_or_else(|| {
        format!("{name} would be a function of your own, and there are none here: type the lines of its body")
    })
}

/// A list in braces has no type of its own.
pub(super) const BARE_LIST: &str = "a list in { } alone is no value in C: put its type before it, as in (struct sembuf[]){{0, 1, 0}}, or declare struct sembuf op = {0, 1, 0} and pass &op";

/// What is said of a line for the preprocessor, which is a comment here.
pub fn preprocessed(line: &str) -> Option<String> {
    let mut words = line.trim_start().strip_prefix('#')?.split_whitespace();
    Some(match words.next()? {
        "include" => "#include is not needed here: the functions, constants and types of the manual pages are there already.".to_owned(),
        "define" => {
            let name = words.next().unwrap_or("SIZE");
            let value = words.next().unwrap_or("4096");
            format!("A line with # is a comment here. In place of #define declare a variable: int {name} = {value}.")
        }
        "if" | "ifdef" | "ifndef" | "else" | "endif" | "pragma" | "undef" => {
            "A line with # is a comment here, and the lines after it are done as they stand.".to_owned()
        }
        _ => return None,
    })
}

/// What a function is for that the prompt does not have, and what does the same here.
pub(super) fn no_function(name: &str) -> Option<String> {
    let instead = match name {
        "waitid" | "wait3" | "wait4" => "wait(&status) and waitpid(B, &status, 0) wait for a child",
        "_exit" | "_Exit" | "abort" | "raise" => {
            "exit(0) ends the process, and kill(getpid(), SIGKILL) kills it"
        }
        "execl" | "execv" | "execvp" | "execle" | "execve" | "system" | "popen" => {
            "execlp(\"ls\", \"ls\", \"-l\", NULL) runs another program in place of this one"
        }
        "vfork" | "clone" | "pthread_create" => "fork() makes a process",
        "signal" | "sigaction" | "sigprocmask" => "no process has a handler, and a signal ends it",
        "getppid" | "geteuid" | "getgid" | "getegid" => {
            "getpid() and getuid() tell who a process is, and show draws all of them"
        }
        "strncpy" | "strcat" | "strncat" | "sprintf" | "snprintf" | "memmove" | "bzero" => {
            "strcpy, memcpy and memset write into memory, as in strcpy(p + 4, \"more\")"
        }
        "fprintf" | "dprintf" | "fputs" | "putchar" | "putc" | "fflush" | "write" => "printf and puts print",
        "gets" | "fgets" | "getchar" | "scanf" | "read" | "atoi" | "strtol" => {
            "type the value itself, as in n = 5 or strcpy(p, \"text\")"
        }
        "strerror" | "err" | "errx" | "error" | "warn" | "assert" => {
            "perror(\"shmat\") prints what errno means, and why tells the reason"
        }
        "time" | "ctime" | "localtime" | "gettimeofday" | "clock_gettime" => {
            "a record's time is shown when you type its field, as buf.shm_ctime"
        }
        "open" | "close" | "fopen" | "fclose" | "creat" | "unlink" => "the prompt has no files",
        "sleep" | "usleep" | "nanosleep" | "clock_nanosleep" | "pause" | "alarm" => {
            "a process rests until you let it go on, so just wait. execlp(\"sleep\", \"sleep\", \"5\", NULL) runs a program that sleeps"
        }
        "msgget" | "msgsnd" | "msgrcv" | "msgctl" => "a lesson shows message queues: the book has it",
        "shm_open" | "shm_unlink" | "ftruncate" | "sem_open" | "sem_wait" | "sem_post" | "sem_unlink" => {
            "here are System V's calls, as shmget and semget. A lesson shows POSIX shared memory: the book has it"
        }
        "mmap" | "mremap" => "shmat is what maps memory here",
        "malloc" | "calloc" | "realloc" | "free" => "declare an array, as in char text[100]",
        "memcmp" | "strcmp" | "strncmp" | "memchr" | "strchr" | "strstr" => {
            "compare bytes, as in p[0] == 'A', or look at a text with puts(p)"
        }
        _ => return None,
    };
    Some(format!("there is no {name} here: {instead}"))
}

/// A program of the shell that the prompt does not have.
pub fn of_the_shell(name: &str) -> Option<String> {
    let programs =
        ["ls", "ps", "top", "pwd", "cd", "clear", "cls", "echo", "grep", "sudo", "lsipc", "ipcmk", "pmap"];
    programs.contains(&name).then(|| {
        format!("there is no {name} here: of the shell there are ipcs, ipcrm, cat and sysctl, and show draws the world")
    })
}

/// What is wrong with a character that begins no token.
pub(super) fn unknown(line: &str, span: &Range<usize>) -> Misunderstood {
    let text = &line[span.clone()];
    let message = match text.chars().next() {
        Some('"') => "this string does not end: a \" is missing".to_owned(),
        Some('\'') => "this character does not end: a ' is missing".to_owned(),
        Some('“' | '”' | '‘' | '’') => {
            format!("{text} is a typographic quotation mark: C wants \" or '")
        }
        Some('?') => "the choice ? : belongs into a program: here you see the value, and decide".to_owned(),
        _ => format!("{text} means nothing in C"),
    };
    Misunderstood::new(line, span.start, message)
}
