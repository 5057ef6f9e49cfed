/* The spin round trip and the ring of lesson 20 in C, to compare with: the same layout, the same bytes, the same checks.
 *
 *     ring trip SIZE MICROSECONDS CPU CPU     nanoseconds for a round trip
 *     ring copy SIZE MICROSECONDS CPU CPU     nanoseconds for a message of a stream, copied in and out
 *     ring place SIZE MICROSECONDS CPU CPU    the same, made and checked where it lies
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LINE = 128, HEAD = 4 * LINE };
#define LAST (1ULL << 63)

typedef struct {
    _Atomic uint32_t *own, *other;
    uint32_t done, seen, lead, places;
    char *slots;
    size_t stride;
} side;

static size_t stride(size_t size) { return (size + LINE - 1) / LINE * LINE; }

static side make_side(char *ring, uint32_t places, size_t size, int sends) {
    _Atomic uint32_t *sent = (void *)ring, *taken = (void *)(ring + LINE);
    return (side){sends ? sent : taken, sends ? taken : sent, 0, 0, sends ? places : 0, places, ring + HEAD, stride(size)};
}

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static inline char *turn(side *s) {
    while (s->done == s->seen + s->lead) {
        s->seen = atomic_load_explicit(s->other, memory_order_acquire);
        if (s->done == s->seen + s->lead) relax();
    }
    return s->slots + (s->done & (s->places - 1)) * s->stride;
}

static inline void done(side *s) { atomic_store_explicit(s->own, ++s->done, memory_order_release); }

static inline uint64_t number(uint64_t stamp, size_t index) {
    uint64_t rest = stamp * 0xbf58476d1ce4e5b9ULL + index * 0x9e3779b97f4a7c15ULL;
    return index ? rest : stamp;
}

static inline void make(uint64_t *words, size_t size, uint64_t stamp) {
    for (size_t i = 0; i < size / 8; i++) words[i] = number(stamp, i);
}

static inline uint64_t check(const uint64_t *words, size_t size, uint64_t wanted) {
    uint64_t stamp = words[0], wrong = 0;
    for (size_t i = 0; i < size / 8; i++) wrong |= words[i] ^ number(stamp, i);
    if (wrong || (stamp & ~LAST) != wanted) {
        fprintf(stderr, "message %llu is wrong\n", (unsigned long long)wanted);
        exit(1);
    }
    return stamp;
}

static void send_copy(side *s, const uint64_t *from, size_t size) { memcpy(turn(s), from, size), done(s); }
static void receive_copy(side *s, uint64_t *to, size_t size) { memcpy(to, turn(s), size), done(s); }

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

typedef struct {
    side out, back;
    uint64_t *message;
    size_t size;
    int in_place, answers;
} end;

static void put(end *e, uint64_t stamp) {
    if (e->in_place) {
        make((uint64_t *)turn(&e->out), e->size, stamp), done(&e->out);
    } else {
        make(e->message, e->size, stamp), send_copy(&e->out, e->message, e->size);
    }
    if (e->answers) receive_copy(&e->back, e->message, e->size), check(e->message, e->size, stamp & ~LAST);
}

/* Batches that grow, so that the clock is read rarely: as in src/speed/channel.rs. */
static uint64_t until(end *e, int64_t budget, uint64_t least, uint64_t *next, uint64_t *batch, int64_t *start) {
    uint64_t first = *next;
    int64_t passed = 0;
    *start = now();
    while (passed < budget || *next - first < least) {
        int64_t before = passed;
        for (uint64_t i = 0; i < *batch; i++) put(e, (*next)++);
        passed = now() - *start;
        if (passed - before < budget / 16) *batch *= 2;
        else if (*batch > 1 && passed - before > budget / 4) *batch /= 2;
    }
    return *next - first;
}

static void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void answer(end *e) {
    for (uint64_t wanted = 0;; wanted++) {
        uint64_t stamp;
        if (e->in_place) {
            stamp = check((uint64_t *)turn(&e->back), e->size, wanted), done(&e->back);
        } else {
            receive_copy(&e->back, e->message, e->size);
            if (e->answers) {
                send_copy(&e->out, e->message, e->size);
                stamp = e->message[0];
            } else {
                stamp = check(e->message, e->size, wanted);
            }
        }
        if (stamp & LAST) break;
    }
    if (!e->answers) send_copy(&e->out, e->message, e->size);
}

int main(int argc, char **argv) {
    if (argc < 6) return 2;
    int trip = !strcmp(argv[1], "trip"), in_place = !strcmp(argv[1], "place");
    size_t size = strtoull(argv[2], NULL, 10);
    int64_t budget = atoll(argv[3]) * 1000;
    int cpus[] = {atoi(argv[4]), atoi(argv[5])};
    uint32_t places = 2;
    if (!trip) {
        for (places = 4; places < (1 << 20) / size && places < 1024; places *= 2) {}
    }
    size_t ring = (HEAD + places * stride(size) + LINE - 1) / LINE * LINE;
    int id = shmget(IPC_PRIVATE, 2 * ring, IPC_CREAT | 0600);
    char *memory = shmat(id, NULL, 0);
    shmctl(id, IPC_RMID, NULL);
    if (memory == (void *)-1) return 1;
    end one = {make_side(memory, places, size, 1), make_side(memory + ring, places, size, 0), NULL, size, in_place, trip};
    end two = {make_side(memory + ring, places, size, 1), make_side(memory, places, size, 0), NULL, size, in_place, trip};
    pid_t child = fork();
    one.message = two.message = calloc(1, size);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin(cpus[1]);
        answer(&two);
        return 0;
    }
    pin(cpus[0]);
    int64_t start;
    uint64_t next = 0, batch = 1;
    until(&one, budget / 4, 2 * places, &next, &batch, &start);
    uint64_t sent = until(&one, budget, 1, &next, &batch, &start) + 1;
    put(&one, next | LAST);
    if (!trip) receive_copy(&one.back, one.message, size);
    double each = (double)(now() - start) / sent;
    int status;
    waitpid(child, &status, 0);
    printf("%llu %.3f\n", (unsigned long long)sent, each);
    return status != 0;
}
