/*
 * What lessons and book say of the kernel beyond the calls that the library makes: `said NAME` asks the kernel.
 *
 * Exit status: 0 if the sentence holds, 77 if it cannot be asked here, anything else if it is false.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES 64
#define FAILED ((void *)-1)

static size_t page;

static int segment(size_t pages)
{
    int id = shmget(IPC_PRIVATE, pages * page, IPC_CREAT | 0600);

    if (id == -1)
        exit(77);
    return id;
}

static struct shmid_ds record(int id)
{
    struct shmid_ds record;

    assert(shmctl(id, IPC_STAT, &record) == 0);
    return record;
}

static int is_gone(int id)
{
    struct shmid_ds record;

    return shmctl(id, IPC_STAT, &record) == -1 && errno == EINVAL;
}

/* Marks the segment, so that however this program ends nothing stays. */
static void *attached(int id)
{
    void *memory = shmat(id, NULL, 0);

    assert(memory != FAILED);
    assert(shmctl(id, IPC_RMID, NULL) == 0);
    return memory;
}

static void in_a_namespace_of_its_own(void)
{
    uid_t uid = geteuid();
    FILE *map;

    if (unshare(CLONE_NEWUSER | CLONE_NEWIPC) == -1 || !(map = fopen("/proc/self/uid_map", "w")))
        exit(77);
    fprintf(map, "0 %u 1\n", uid);
    if (fclose(map) != 0)
        exit(77);
}

static void force(void)
{
    int setting = open("/proc/sys/kernel/shm_rmid_forced", O_WRONLY);

    if (setting == -1 || write(setting, "1", 1) != 1)
        exit(77);
    close(setting);
}

static long faults(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

static long faults_of_reading(volatile char *memory)
{
    long before = faults();

    for (size_t i = 0; i < PAGES; i++)
        (void)memory[i * page];
    return faults() - before;
}

/* Each page of a segment takes a fault of its own. Other shared memory is mapped several pages at a time. */
static void faults_differ(void)
{
    int id = segment(PAGES), file = memfd_create("said", MFD_CLOEXEC);
    char *first = shmat(id, NULL, 0), *second = attached(id), *written, *read;
    long of_segment, of_file;

    assert(file != -1 && ftruncate(file, PAGES * page) == 0);
    written = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    read = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    memset(first, 1, PAGES * page);
    memset(written, 1, PAGES * page);
    of_segment = faults_of_reading(second);
    of_file = faults_of_reading(read);
    printf("%d pages: %ld faults in a segment, %ld in a memfd\n", PAGES, of_segment, of_file);
    assert(of_segment >= PAGES && of_segment < PAGES + 4);
    assert(of_file < PAGES / 2);
}

/* With shm_rmid_forced a segment goes with its last detach, though its creator lives. */
static void forced_detach(void)
{
    int id;
    void *memory;

    in_a_namespace_of_its_own();
    force();
    id = segment(1);
    assert(!is_gone(id));
    memory = shmat(id, NULL, 0);
    assert(memory != FAILED && !is_gone(id));
    assert(shmdt(memory) == 0 && is_gone(id));
}

/* And so does one that nobody has attached when shmat fails for its address. */
static void forced_failure(void)
{
    int id;
    void *taken;

    in_a_namespace_of_its_own();
    force();
    id = segment(1);
    /* An address that is no multiple of a page is refused before the segment is looked at. */
    assert(shmat(id, (void *)1, 0) == FAILED && errno == EINVAL && !is_gone(id));
    taken = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert(shmat(id, taken, 0) == FAILED && errno == EINVAL);
    assert(is_gone(id));
}

/* shm_nattch counts mappings: what splits one makes it grow, and shmat is not the only call that does. */
static void mappings_count(void)
{
    int id = segment(3);
    char *memory = attached(id);

    assert(record(id).shm_nattch == 1);
    assert(mprotect(memory + page, page, PROT_READ) == 0);
    assert(record(id).shm_nattch == 3);
    assert(mprotect(memory + page, page, PROT_READ | PROT_WRITE) == 0);
    assert(munmap(memory + page, page) == 0);
    printf("nattch after munmap in the middle: %lu\n", (unsigned long)record(id).shm_nattch);
    assert(record(id).shm_nattch == 2);
}

static void remapped_in_the_middle(void)
{
    int large = segment(3), small = segment(1);
    char *memory = attached(large);
    char *middle = shmat(small, memory + page, SHM_REMAP);

    shmctl(small, IPC_RMID, NULL);
    assert(middle == memory + page);
    assert(record(large).shm_nattch == 2 && record(small).shm_nattch == 1);
}

/* Attach, then mark: SIGKILL between shmget and IPC_RMID leaves the segment all the same. */
static void killed_too_early(void)
{
    int ends[2], id, status;
    pid_t child;

    assert(pipe(ends) == 0);
    child = fork();
    if (child == 0) {
        id = segment(1);
        if (write(ends[1], &id, sizeof id) == sizeof id)
            pause();
        _exit(1);
    }
    assert(read(ends[0], &id, sizeof id) == sizeof id);
    kill(child, SIGKILL);
    assert(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    assert(!is_gone(id));
    assert(shmctl(id, IPC_RMID, NULL) == 0);
}

/* An address above the program's memory: ENOMEM. */
static void too_high(void)
{
    void *top = (void *)(~0UL / 2 & ~(page - 1)), *answer;
    int id = segment(1), error;

    answer = shmat(id, top, 0);
    error = errno;
    shmctl(id, IPC_RMID, NULL);
    assert(answer == FAILED && error == ENOMEM);
}

/* An address below vm.mmap_min_addr, for whoever has no privilege: EPERM. SHM_RND rounds 1 down to 0. */
static void too_low(void)
{
    FILE *setting = fopen("/proc/sys/vm/mmap_min_addr", "r");
    unsigned long lowest;
    void *answer;
    int id, error;

    if (!setting || fscanf(setting, "%lu", &lowest) != 1 || lowest == 0)
        exit(77);
    if (geteuid() == 0 && (setgid(65534) == -1 || setuid(65534) == -1))
        exit(77);
    id = segment(1);
    answer = shmat(id, (void *)1, SHM_RND);
    error = errno;
    shmctl(id, IPC_RMID, NULL);
    assert(answer == FAILED && error == EPERM);
}

/* IPC_SET moves shm_ctime besides owner, group and mode. */
static void set_moves_ctime(void)
{
    int id = segment(1);
    struct shmid_ds before, now;

    attached(id);
    before = record(id);
    sleep(2);
    assert(shmctl(id, IPC_SET, &before) == 0);
    now = record(id);
    assert(now.shm_ctime > before.shm_ctime);
    assert(now.shm_perm.uid == before.shm_perm.uid && now.shm_atime == before.shm_atime);
}

/* The first id may be 0; the sequence number grows when the index has gone through the table, not at each use. */
static void sequence_grows_with_the_circle(void)
{
    int last = -1, id, steps;

    in_a_namespace_of_its_own();
    for (steps = 0; (id = segment(1)) < 32768; steps++) {
        assert(id == last + 1);
        last = id;
        assert(shmctl(id, IPC_RMID, NULL) == 0);
        assert(steps < 32768);
    }
    assert(steps > 1 && id == 32768);
    shmctl(id, IPC_RMID, NULL);
}

/* The name that shm_open makes stays when its process has ended, as a segment does. */
static void names_stay(void)
{
    char name[64];
    int file;
    pid_t child;

    snprintf(name, sizeof name, "/said-%d", getpid());
    child = fork();
    if (child == 0)
        _exit(shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600) == -1);
    waitpid(child, NULL, 0);
    file = shm_open(name, O_RDWR, 0);
    assert(shm_unlink(name) == 0 && file != -1);
}

/* The umask takes permissions from what shm_open makes, and none from what shmget makes. */
static void umask_cuts_names(void)
{
    struct shmid_ds record;
    struct stat status;
    char name[64];
    int file, id;

    snprintf(name, sizeof name, "/said-%d", getpid());
    umask(0077);
    file = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0666);
    assert(file != -1 && shm_unlink(name) == 0 && fstat(file, &status) == 0);
    id = shmget(IPC_PRIVATE, 1, IPC_CREAT | 0666);
    assert(shmctl(id, IPC_STAT, &record) == 0 && shmctl(id, IPC_RMID, NULL) == 0);
    assert((status.st_mode & 0777) == 0600 && (record.shm_perm.mode & 0777) == 0666);
}

/* An IPC namespace of one's own hides the segments of others, and no name of shm_open. */
static void names_in_any_namespace(void)
{
    char name[64];
    int file, status, id = segment(1);
    pid_t child;

    snprintf(name, sizeof name, "/said-%d", getpid());
    file = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
    child = fork();
    if (child == 0) {
        in_a_namespace_of_its_own();
        _exit(shm_open(name, O_RDWR, 0) == -1 || !is_gone(id));
    }
    waitpid(child, &status, 0);
    shmctl(id, IPC_RMID, NULL);
    assert(shm_unlink(name) == 0 && file != -1);
    if (WEXITSTATUS(status) == 77)
        exit(77);
    assert(status == 0);
}

/* A forgotten segment occupies memory, and not only a place in the table. */
static void forgotten_memory(void)
{
    struct shm_info before, after, info;
    int id;
    char *memory;

    in_a_namespace_of_its_own();
    shmctl(0, SHM_INFO, (struct shmid_ds *)&before);
    id = segment(PAGES);
    memory = shmat(id, NULL, 0);
    memset(memory, 1, PAGES * page);
    shmdt(memory);
    shmctl(0, SHM_INFO, (struct shmid_ds *)&after);
    shmctl(id, IPC_RMID, NULL);
    shmctl(0, SHM_INFO, (struct shmid_ds *)&info);
    assert(after.shm_rss + after.shm_swp == before.shm_rss + before.shm_swp + PAGES);
    assert(info.shm_rss + info.shm_swp == before.shm_rss + before.shm_swp);
}

/* shmdt takes what is left of an attachment, also after munmap has taken its middle. */
static void detached_after_munmap(void)
{
    int id = segment(3);
    char *memory = attached(id);

    assert(munmap(memory + page, page) == 0);
    assert(shmdt(memory) == 0 && is_gone(id));
}

#define ROUNDS 1000

__attribute__((noinline)) static void count_plainly(unsigned *counter)
{
    for (int round = 0; round < ROUNDS; round++)
        (*counter)++;
}

__attribute__((noinline)) static void count_each(volatile unsigned *counter)
{
    for (int round = 0; round < ROUNDS; round++)
        (*counter)++;
}

/* Counts in a child that stops after each instruction: how often does the word change? */
static int stores_to(unsigned *counter, int is_volatile)
{
    unsigned last = *counter = 0;
    int status, stores = 0;
    pid_t child = fork();

    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
            _exit(77);
        raise(SIGSTOP);
        if (is_volatile)
            count_each(counter);
        else
            count_plainly(counter);
        _exit(0);
    }
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        stores += *(volatile unsigned *)counter != last;
        last = *(volatile unsigned *)counter;
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == -1)
            exit(77);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        exit(77);
    assert(WIFEXITED(status) && last == ROUNDS);
    return stores;
}

/* From -O1 on, gcc stores the sum of a whole loop at once; with volatile it stores in each round. */
static void one_store_for_a_loop(void)
{
    unsigned *counter = attached(segment(1));
    int plain = stores_to(counter, 0), each = stores_to(counter, 1);

    printf("%d rounds: %d stores, with volatile %d\n", ROUNDS, plain, each);
    assert(plain == 1 && each == ROUNDS);
}

static const struct {
    const char *name;
    void (*holds)(void);
} sentences[] = {
    { "faults-differ", faults_differ },
    { "forced-detach", forced_detach },
    { "forced-failure", forced_failure },
    { "mappings-count", mappings_count },
    { "remapped-in-the-middle", remapped_in_the_middle },
    { "killed-too-early", killed_too_early },
    { "too-high", too_high },
    { "too-low", too_low },
    { "set-moves-ctime", set_moves_ctime },
    { "sequence-grows-with-the-circle", sequence_grows_with_the_circle },
    { "names-stay", names_stay },
    { "umask-cuts-names", umask_cuts_names },
    { "names-in-any-namespace", names_in_any_namespace },
    { "forgotten-memory", forgotten_memory },
    { "detached-after-munmap", detached_after_munmap },
    { "one-store-for-a-loop", one_store_for_a_loop },
};

int main(int count, char **arguments)
{
    page = sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
        if (count == 2 && strcmp(arguments[1], sentences[i].name) == 0) {
            sentences[i].holds();
            return 0;
        }
    fprintf(stderr, "usage: said NAME\n");
    return 2;
}
