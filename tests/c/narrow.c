/*
 * The article's calls from a 32-bit program, by both of its ways: `ipc`, which carries them all, and the numbers of
 * Linux 5.1. No C library, since a 64-bit machine has seldom a 32-bit one.
 *
 *     cc -m32 -nostdlib -static -fno-pie -fno-stack-protector -o narrow tests/c/narrow.c
 */

static long call(long number, long a, long b, long c, long d, long e)
{
    long result;

    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
    return result;
}

enum { EXIT = 1, IPC = 117, SHMGET = 395, SHMCTL = 396, SHMAT = 397, SHMDT = 398 };
enum { CREAT_0600 = 01600, STAT = 2, RMID = 0, IPC_64 = 0x100 };

static unsigned record[32];

void _start(void)
{
    unsigned long where = 0;
    long id = call(IPC, 23, 0, 25600, CREAT_0600, 0);

    call(IPC, 21, id, 0, (long)&where, 0);
    call(IPC, 24, id, STAT | IPC_64, 0, (long)record);
#ifdef OLDEST
    /* Without the bit: the record of before Linux 2.4, of which nothing may be taken for the newer one. */
    call(IPC, 24, id, STAT, 0, (long)record);
#endif
    call(IPC, 22, 0, 0, 0, (long)where);
    call(IPC, 24, id, RMID | IPC_64, 0, 0);

    id = call(SHMGET, 0, 25600, CREAT_0600, 0, 0);
    where = (unsigned long)call(SHMAT, id, 0, 0, 0, 0);
    call(SHMCTL, id, STAT, (long)record, 0, 0);
    call(SHMDT, (long)where, 0, 0, 0, 0);
    call(SHMCTL, id, RMID, 0, 0, 0);
    call(EXIT, record[9] == 25600 && record[18] == 1 ? 0 : 1, 0, 0, 0, 0);
}
