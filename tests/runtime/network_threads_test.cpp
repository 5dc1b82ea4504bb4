#include "runtime/network_threads.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

using namespace atrous::network;

namespace {

struct Counts {
    std::vector<std::atomic<int>> seen;
    int base = 0, fail_at = INT32_MIN;
    explicit Counts(size_t size) : seen(size) {}
};

int count_task(void*, int index, uint8_t* closure) {
    Counts& counts = *reinterpret_cast<Counts*>(closure);
    counts.seen[static_cast<size_t>(index - counts.base)].fetch_add(1);
    return index == counts.fail_at ? 42 : 0;
}

uint8_t* closure_of(Counts& counts) {
    return reinterpret_cast<uint8_t*>(&counts);
}

}  // namespace

TEST_CASE("Every index is done once, with any number of threads") {
    for (int threads : {0, 1, 2, 3, 8}) {
        Threads pool(threads);
        for (int size : {0, 1, 2, 3, 7, 64, 1000}) {
            for (int repeat = 0; repeat < 20; ++repeat) {
                Counts counts(static_cast<size_t>(size));
                counts.base = -5;
                REQUIRE(pool.parallel_for(count_task, -5, size, closure_of(counts)) == 0);
                for (const auto& seen : counts.seen) REQUIRE(seen == 1);
            }
        }
    }
}

TEST_CASE("A task's error ends the loop, and the next loop is not harmed") {
    for (int threads : {1, 4}) {
        Threads pool(threads);
        Counts counts(1000);
        counts.fail_at = 100;
        CHECK(pool.parallel_for(count_task, 0, 1000, closure_of(counts)) == 42);
        CHECK(counts.seen[100] == 1);
        Counts again(100);
        CHECK(pool.parallel_for(count_task, 0, 100, closure_of(again)) == 0);
        for (const auto& seen : again.seen) CHECK(seen == 1);
    }
}

TEST_CASE("A loop inside a task runs on its thread") {
    struct Closure {
        Threads* pool;
        Counts counts{64};
    } closure;
    Threads pool(4);
    closure.pool = &pool;
    const auto task = [](void* context, int, uint8_t* memory) {
        const auto inner = [](void* thread, int j, uint8_t* memory) {
            Closure& c = **reinterpret_cast<Closure**>(memory);
            (void)thread;
            return count_task(nullptr, j, closure_of(c.counts));
        };
        Closure* inner_closure = reinterpret_cast<Closure*>(memory);
        return static_cast<Threads*>(context)->parallel_for(inner, 0, 64, reinterpret_cast<uint8_t*>(&inner_closure));
    };
    CHECK(pool.parallel_for(task, 0, 10, reinterpret_cast<uint8_t*>(&closure)) == 0);
    for (const auto& seen : closure.counts.seen) CHECK(seen == 10);
}

TEST_CASE("More threads than the limit are not made") {
    Threads pool(100000);
    CHECK(pool.count() <= Threads::limit);
    CHECK(available_cpus() >= 1);
}
