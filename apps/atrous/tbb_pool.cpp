#include "apps/atrous/tbb_pool.h"

#include <tbb/global_control.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <algorithm>

namespace atrous {

void TbbPool::run(int threads, size_t count, const std::function<void(size_t index)>& work) {
    const auto workers = static_cast<size_t>(std::max(1, threads));
    // oneTBB would otherwise stay at the number of CPUs, whatever --threads says.
    const tbb::global_control allowed(tbb::global_control::max_allowed_parallelism, workers);
    tbb::task_arena arena(static_cast<int>(workers));
    size_t next = 0;
    const auto hand_out = [&](tbb::flow_control& control) -> size_t {
        if (next == count) control.stop();
        return next++;
    };
    arena.execute([&] {
        // A pipeline, not parallel_for, because it begins its items in order.
        tbb::parallel_pipeline(workers, tbb::make_filter<void, size_t>(tbb::filter_mode::serial_in_order, hand_out) &
                                            tbb::make_filter<size_t, void>(tbb::filter_mode::parallel, work));
    });
}

}  // namespace atrous
