
static void nap(void)
{
    nanosleep(&(struct timespec){0, 100000000}, NULL);
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
    nap();
}

// In the scheduler: gives a process its turn, and waits until that is over.
__attribute__((unused)) static void run(int number)
{
    shared->done[number] = 0;
    shared->turn[number]++;
    while (shared->done[number] == 0) nanosleep(&(struct timespec){0, 100000}, NULL);
}

static void start(int number);
