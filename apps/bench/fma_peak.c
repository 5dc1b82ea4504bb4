/* How fast this machine multiplies and adds floats at this moment: chains of fused multiply-adds that do not
 * depend on each other, in the widest vectors that the compiler was told of. Compiled with -O3 -march=native as a
 * library. */
#include <pthread.h>
#include <stdint.h>
#include <time.h>

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
enum { CHAINS = 12, LANES = BYTES / 4, MAX_THREADS = 512 };
typedef float lanes __attribute__((vector_size(BYTES)));

typedef struct {
    int64_t rounds;
    double start, end;
    float sum;
    pthread_barrier_t* barrier;
} job;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static lanes chains(int64_t rounds) {
    lanes factor, step, value[CHAINS], sum = {0};
    for (int i = 0; i < LANES; i++) factor[i] = 0.999f, step[i] = 0.001f;
    for (int c = 0; c < CHAINS; c++) value[c] = step * (float)c;
    for (int64_t r = 0; r < rounds; r++) {
#pragma GCC unroll 12
        for (int c = 0; c < CHAINS; c++) value[c] = value[c] * factor + step;
    }
    for (int c = 0; c < CHAINS; c++) sum += value[c];
    return sum;
}

static void* work(void* argument) {
    job* j = (job*)argument;
    pthread_barrier_wait(j->barrier);
    j->start = now();
    lanes sum = chains(j->rounds);
    j->end = now();
    j->sum = sum[0];
    return NULL;
}

int fma_lanes(void) {
    return LANES;
}

/* GFLOP/s of all threads together, from the first one's start to the last one's end. 0: no threads to be had. */
double fma_peak(int threads, int64_t rounds) {
    static job jobs[MAX_THREADS];
    static pthread_t ids[MAX_THREADS];
    pthread_barrier_t barrier;
    if (threads < 1 || threads > MAX_THREADS || pthread_barrier_init(&barrier, NULL, (unsigned)threads)) return 0;
    for (int i = 0; i < threads; i++) jobs[i] = (job){rounds, 0, 0, 0, &barrier};
    for (int i = 1; i < threads; i++) {
        if (pthread_create(&ids[i], NULL, work, &jobs[i])) return 0;
    }
    work(&jobs[0]);
    double start = jobs[0].start, end = jobs[0].end;
    for (int i = 1; i < threads; i++) {
        pthread_join(ids[i], NULL);
        if (jobs[i].start < start) start = jobs[i].start;
        if (jobs[i].end > end) end = jobs[i].end;
    }
    pthread_barrier_destroy(&barrier);
    return 2e-9 * CHAINS * LANES * (double)rounds * threads / (end - start);
}
