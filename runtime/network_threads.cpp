#include "runtime/network_threads.h"

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

namespace atrous::network {

namespace {

// A kernel follows the one before within microseconds, and a sleeping thread takes tens of them to wake: so look a
// while before sleeping, and soon let others have the CPU who want it meanwhile.
constexpr int spins = 400, yields = 1000;

void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield" ::: "memory");
#else
    __asm__ volatile("" ::: "memory");
#endif
}

template <typename Condition>
void spin_until(Condition condition) {
    for (int i = 0; i < spins; ++i) {
        if (condition()) return;
        pause();
    }
    for (int i = 0; i < yields && !condition(); ++i) sched_yield();
}

}  // namespace

Threads::Threads(int threads) {
    threads = std::min(threads, limit);
    if (threads <= 1) return;
    sigset_t all, before;  // the program's signals are for its own threads
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (workers_ < threads - 1 && pthread_create(&handles_[workers_], nullptr, worker, this) == 0) ++workers_;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Threads::~Threads() {
    pthread_mutex_lock(&mutex_);
    stop_ = true;
    job_.fetch_add(1, std::memory_order_release);
    pthread_cond_broadcast(&begin_);
    pthread_mutex_unlock(&mutex_);
    for (int i = 0; i < workers_; ++i) pthread_join(handles_[i], nullptr);
    pthread_cond_destroy(&begin_);
    pthread_cond_destroy(&end_);
    pthread_mutex_destroy(&mutex_);
}

int Threads::parallel_for(Task task, int min, int size, uint8_t* closure) {
    if (workers_ == 0 || size <= 1 || busy_.exchange(true, std::memory_order_relaxed)) {
        return serial_for(task, min, size, closure);
    }
    pthread_mutex_lock(&mutex_);
    task_ = task, closure_ = closure, min_ = min, size_ = size;
    chunk_ = std::max(1, size / (8 * count()));  // small enough to even out, large enough to count seldom
    next_.store(0, std::memory_order_relaxed);
    error_.store(0, std::memory_order_relaxed);
    open_ = true;
    job_.fetch_add(1, std::memory_order_release);
    pthread_cond_broadcast(&begin_);
    pthread_mutex_unlock(&mutex_);

    work();

    // Workers that have not woken by now need not: the job closes, and only those inside are waited for.
    pthread_mutex_lock(&mutex_);
    open_ = false;
    pthread_mutex_unlock(&mutex_);
    spin_until([&] { return inside_.load(std::memory_order_acquire) == 0; });
    pthread_mutex_lock(&mutex_);
    while (inside_.load(std::memory_order_relaxed) != 0) pthread_cond_wait(&end_, &mutex_);
    pthread_mutex_unlock(&mutex_);
    busy_.store(false, std::memory_order_relaxed);
    return error_.load(std::memory_order_relaxed);
}

int Threads::serial_for(Task task, int min, int size, uint8_t* closure) {
    for (int i = 0; i < size; ++i) {
        if (const int error = task(this, min + i, closure)) return error;
    }
    return 0;
}

void* Threads::worker(void* self) {
    static_cast<Threads*>(self)->serve();
    return nullptr;
}

void Threads::serve() {
    uint32_t seen = 0;
    for (;;) {
        spin_until([&] { return job_.load(std::memory_order_acquire) != seen; });
        pthread_mutex_lock(&mutex_);
        while (job_.load(std::memory_order_relaxed) == seen) pthread_cond_wait(&begin_, &mutex_);
        seen = job_.load(std::memory_order_relaxed);
        const bool stop = stop_, enter = open_ && !stop_;
        if (enter) inside_.fetch_add(1, std::memory_order_relaxed);
        pthread_mutex_unlock(&mutex_);
        if (stop) return;
        if (!enter) continue;

        work();

        pthread_mutex_lock(&mutex_);
        if (inside_.fetch_sub(1, std::memory_order_release) == 1) pthread_cond_signal(&end_);
        pthread_mutex_unlock(&mutex_);
    }
}

// Takes chunks until none are left.
void Threads::work() {
    while (error_.load(std::memory_order_relaxed) == 0) {
        const int64_t begin = next_.fetch_add(chunk_, std::memory_order_relaxed);
        const int64_t end = std::min<int64_t>(begin + chunk_, size_);
        for (int64_t i = begin; i < end; ++i) {
            if (const int error = task_(this, static_cast<int>(min_ + i), closure_)) {
                int none = 0;
                error_.compare_exchange_strong(none, error, std::memory_order_relaxed);
                return;
            }
        }
        if (end >= size_) return;
    }
}

int available_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
    return static_cast<int>(std::max(1l, sysconf(_SC_NPROCESSORS_ONLN)));
}

}  // namespace atrous::network

// What kernels call for their parallel loops. The context is the run's Threads.
extern "C" __attribute__((visibility("hidden"))) int halide_do_par_for(void* user_context, atrous::network::Task task,
                                                                       int min, int size, uint8_t* closure) {
    return static_cast<atrous::network::Threads*>(user_context)->parallel_for(task, min, size, closure);
}
