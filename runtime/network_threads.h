// The threads of one run: made when it starts, joined when it ends. Kernels reach them through their user context and
// halide_do_par_for.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>

namespace atrous::network {

using Task = int (*)(void* user_context, int index, uint8_t* closure);

class Threads {
  public:
    static constexpr int limit = 256;

    explicit Threads(int threads);  // the calling one included; fewer where the system has no more
    ~Threads();
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

    // Calls task(this, i, closure) for i in min … min + size − 1, each once, on any thread. The first non-zero result
    // in time is returned, and what has not begun by then is left out. Inside a task it runs on the calling thread
    // alone.
    int parallel_for(Task task, int min, int size, uint8_t* closure);

    int count() const { return workers_ + 1; }

  private:
    static void* worker(void* self);
    void serve();
    void work();
    int serial_for(Task task, int min, int size, uint8_t* closure);

    pthread_t handles_[limit];
    int workers_ = 0;

    pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t begin_ = PTHREAD_COND_INITIALIZER, end_ = PTHREAD_COND_INITIALIZER;
    std::atomic<uint32_t> job_{0};   // counts jobs; changes when one begins, and at the end of all
    std::atomic<int> inside_{0};     // workers that take part in the present job
    std::atomic<bool> busy_{false};  // a job is under way
    bool open_ = false, stop_ = false;

    Task task_ = nullptr;
    uint8_t* closure_ = nullptr;
    int min_ = 0, size_ = 0, chunk_ = 1;
    std::atomic<int64_t> next_{0};
    std::atomic<int> error_{0};
};

// CPUs that this process may use.
int available_cpus();

}  // namespace atrous::network
