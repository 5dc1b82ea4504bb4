#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "apps/segment/pool.h"

namespace atrous {

void ThreadPool::run(int threads, size_t count, const std::function<void(size_t index)>& work) {
    std::atomic<size_t> next{0};
    std::mutex mutex;
    std::exception_ptr failure;
    const auto worker = [&] {
        for (size_t index; (index = next++) < count;) {
            try {
                work(index);
            } catch (...) {
                const std::lock_guard lock(mutex);
                if (!failure) failure = std::current_exception();
                next = count;
            }
        }
    };
    {
        std::vector<std::jthread> helpers;
        const size_t workers = std::min(count, static_cast<size_t>(std::max(1, threads)));
        for (size_t i = 1; i < workers; i++) helpers.emplace_back(worker);
        worker();
    }
    if (failure) std::rethrow_exception(failure);
}

}  // namespace atrous
