#include "schedules/gpu/grid.h"

namespace atrous::gpu {

using namespace Halide;

Var on_grid(Stage stage, const Var& x, const Var& y, const std::vector<Var>& rest, const PerThread& thread) {
    Var block("block"), block_y("block_y"), across("across"), thread_x("thread_x"), thread_y("thread_y");
    stage.split(x, block, across, thread.elements * warp, TailStrategy::GuardWithIf)
        .split(across, across, thread_x, warp)
        .split(y, block_y, thread_y, rows_of_block, TailStrategy::GuardWithIf);
    std::vector<VarOrRVar> order = thread.inside;
    order.insert(order.end(), {across, thread_x, thread_y, block, block_y});
    order.insert(order.end(), rest.begin(), rest.end());
    stage.reorder(order).fuse(block, block_y, block);
    for (const Var& v : rest) stage.fuse(block, v, block);
    stage.unroll(across).gpu_blocks(block).gpu_threads(thread_x, thread_y);
    return across;
}

}  // namespace atrous::gpu
