//! What the prompt's language does not have: words of a whole program, functions, and characters that C has not.

use std::ops::Range;

use super::Misunderstood;

/// What C has and a prompt does not need.
pub(super) fn not_here(word: &str) -> Option<String> {
    Some(match word {
        "if" | "else" | "while" | "for" | "do" | "switch" | "goto" | "break" | "continue" => {
            format!(
                "{word} belongs into a program: here each line is done at once, and you decide what is next"
            )
        }
        "return" => "return belongs into a function: exit(0) ends the process".to_owned(),
        "union" => {
            "a union semun is not needed here: semctl takes the value, the array or &buf itself".to_owned()
        }
        _ => return None,
    })
}

/// What a function is for that the prompt does not have, and what does the same here.
pub(super) fn no_function(name: &str) -> Option<String> {
    let instead = match name {
        "wait" | "waitpid" | "waitid" | "wait3" | "wait4" => {
            "the prompt says how each process ends. A child that has ended stays a zombie until its parent ends"
        }
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
