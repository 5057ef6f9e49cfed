/*
 * A kernel that answers otherwise than the lessons say: IPC_STAT tells of a thousand attachments too many.
 * Loaded before a program starts (LD_PRELOAD), it lets the lesson's own assertions fail.
 */
#define _GNU_SOURCE
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

int shmctl(int shmid, int cmd, struct shmid_ds *buf)
{
    int result = syscall(SYS_shmctl, shmid, cmd, buf);
    if (result == 0 && cmd == IPC_STAT)
        buf->shm_nattch += 1000;
    return result;
}
