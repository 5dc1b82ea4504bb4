#include "apps/segment/pool.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "apps/atrous/tbb_pool.h"

using namespace atrous;

TEST_CASE("Both pools do each item once, never more at a time than asked for, and more than one") {
    const std::unique_ptr<Pool> pools[] = {std::make_unique<ThreadPool>(), std::make_unique<VerbPool>()};
    for (const auto& pool : pools) {
        for (const int threads : {1, 3}) {
            std::vector<std::atomic<int>> done(50);
            std::atomic<int> at_once{0}, most{0};
            pool->run(threads, done.size(), [&](size_t index) {
                const int now = ++at_once;
                for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
                }
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
                done[index]++;
                at_once--;
            });
            for (const auto& count : done) CHECK(count == 1);
            CHECK(most <= threads);
            if (threads > 1) CHECK(most > 1);  // also on a machine with one CPU: the items sleep
        }
        pool->run(4, 0, [](size_t) { FAIL("there is nothing to do"); });
    }
}

TEST_CASE("Both pools pass on an exception and begin nothing more") {
    const std::unique_ptr<Pool> pools[] = {std::make_unique<ThreadPool>(), std::make_unique<VerbPool>()};
    for (const auto& pool : pools) {
        std::atomic<int> begun{0};
        const auto work = [&](size_t index) {
            begun++;
            if (index == 3) throw std::runtime_error("no room");
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        };
        CHECK_THROWS_WITH(pool->run(2, 10000, work), "no room");
        CHECK(begun < 1000);
    }
}
