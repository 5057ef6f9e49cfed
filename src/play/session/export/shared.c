
static void nap(void)
{
    nanosleep(&(struct timespec){0, 1000000}, NULL);
}

// In the scheduler: what a process does: S, it sleeps; Z or X, it is over.
static char state(int number)
{
    char path[64], state = 'X';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)shared->pid[number]);
    FILE *stat = fopen(path, "r");
    if (stat != NULL) {
        if (fscanf(stat, "%*d (%*[^)]) %c", &state) != 1) state = 'X';
        fclose(stat);
    }
    return state;
}

// In the scheduler: waits until a process sleeps, in a call that waits or until its next turn, or is over.
__attribute__((unused)) static void settle(int number)
{
    for (int quiet = 0; quiet < 3; nap()) quiet = strchr("SZX", state(number)) ? quiet + 1 : 0;
}

// In a process: waits until it is its turn.
__attribute__((unused)) static void await_turn(int number)
{
    while (shared->turn[number] == 0) nanosleep(&(struct timespec){0, 100000}, NULL);
    shared->turn[number]--;
}

// In a process: its turn is over.
__attribute__((unused)) static void done(int number)
{
    shared->done[number] = 1;
}

// In the scheduler: lets a process go on, which waits in a call or ends.
__attribute__((unused)) static void let_go_on(int number)
{
    shared->turn[number]++;
    while (shared->turn[number] != 0 && strchr("ZX", state(number)) == NULL) nap();
    settle(number);
}

// In the scheduler: gives a process its turn, and waits until that is over.
__attribute__((unused)) static void run(int number)
{
    shared->done[number] = 0;
    shared->turn[number]++;
    while (shared->done[number] == 0) nanosleep(&(struct timespec){0, 100000}, NULL);
}

static void start(int number);
