// Loops of a resolved plan: their iterations on all threads, each thread with a slot of its own.
//
// A slot holds what differs between threads: the iteration's number, the body's buffers that lie in scratch tensors or
// move with the iterations, the arguments of its steps, and the scratch tensors.
#include <algorithm>
#include <atomic>
#include <cstring>

#include "runtime/network_numbers.h"
#include "runtime/network_plan.h"

namespace atrous::network {

namespace {

bool is_scratch(const PlanView& plan, const plan::Buffer& buffer) {
    return plan.tensors()[buffer.tensor].kind == plan::TensorKind::scratch;
}

bool moves(const plan::Buffer& buffer) {
    return buffer.iteration_stride != plan::none;
}

// A buffer of a slot that moves from `first` on.
struct Moving {
    halide_buffer_t* buffer;
    uint8_t* first;
    int64_t stride;  // bytes
};

// How many of the body's arguments are buffers of the slot, and of these, how many move.
struct SlotBuffers {
    size_t all = 0, moving = 0;

    SlotBuffers(const PlanView& plan, const plan::Loop& loop) {
        for (uint64_t s = loop.first_step; s <= loop.last_step; ++s) {
            const plan::Step& step = plan.steps()[s];
            for (uint32_t a = 0; a < step.arg_count; ++a) {
                const plan::Arg& arg = plan.args()[step.first_arg + a];
                if (arg.kind != plan::ArgKind::buffer) continue;
                const plan::Buffer& buffer = plan.buffers()[arg.index];
                moving += moves(buffer);
                all += moves(buffer) || is_scratch(plan, buffer);
            }
        }
    }
};

size_t pointers(const PlanView& plan, const plan::Loop& loop) {
    size_t count = 0;
    for (uint64_t s = loop.first_step; s <= loop.last_step; ++s) count += plan.steps()[s].arg_count + 1;
    return count;
}

// Seconds that each slot has spent in each step of a loop's body, in cache lines of its own.
class StepTimes {
  public:
    explicit StepTimes(const plan::Loop& loop)
        : first_step_(loop.first_step),
          steps_(uint64_t{loop.last_step} - loop.first_step + 1),
          line_(align(steps_ * sizeof(double))) {}

    bool reserve(int slots) {
        if (!block_.allocate(static_cast<uint64_t>(slots) * line_)) return false;
        std::memset(block_.get(), 0, static_cast<uint64_t>(slots) * line_);
        slots_ = slots;
        return true;
    }
    // By the number of the step in the body; null where no times are noted.
    double* of_slot(int slot) const {
        return slots_ == 0 ? nullptr : reinterpret_cast<double*>(block_.get() + static_cast<uint64_t>(slot) * line_);
    }

    // The wall time of the loop, shared among its steps as the threads spent theirs. (Without iterations it is the
    // first step's.)
    void give(double wall, const plan::Step* steps, Profile& profile) {
        double all = 0;
        for (uint64_t s = 0; s < steps_; ++s) all += sum(s);
        for (uint64_t s = 0; s < steps_ && all > 0; ++s)
            profile.add(steps[first_step_ + s].operator_index, wall * (sum(s) / all));
        if (!(all > 0)) profile.add(steps[first_step_].operator_index, wall);
    }

  private:
    double sum(uint64_t step) const {
        double seconds = 0;
        for (int slot = 0; slot < slots_; ++slot) seconds += of_slot(slot)[step];
        return seconds;
    }

    uint64_t first_step_, steps_, line_;
    int slots_ = 0;
    Block block_;
};

}  // namespace

size_t slot_tables(const PlanView& plan) {
    size_t most = 0;
    for (uint64_t i = 0; i < plan.header().loops.count; ++i) {
        const plan::Loop& loop = plan.loops()[i];
        const SlotBuffers buffers(plan, loop);
        most = std::max(most, cache_line + buffers.all * sizeof(halide_buffer_t) + buffers.moving * sizeof(Moving) +
                                  pointers(plan, loop) * sizeof(void*));
    }
    return align(most);
}

// Half as many until there is memory for them: the result is the same with any number, and later.
void Slots::add(int count) {
    for (added_ = std::max(count, 0); added_ > 0; added_ /= 2) {
        const auto slots = static_cast<uint64_t>(added_);
        if (bytes_ <= UINT64_MAX / slots && block_.allocate(slots * bytes_)) return;
    }
}

// What the tasks of one loop share.
struct ResolvedPlan::LoopCall {
    const ResolvedPlan& plan;
    const plan::Loop& loop;
    const Kernel* kernels;
    const Slots& slots;
    const StepTimes& times;
    int iterations;
    std::atomic<int64_t> next{0};
};

// A loop's body in a slot. Steps that are skipped have no arguments there.
class ResolvedPlan::Body {
  public:
    // Seconds: where those of each step are added to; or null.
    Body(const LoopCall& call, void** user_context, uint8_t* slot, double* seconds);
    int call(int32_t iteration);

  private:
    void* argument(uint32_t arg);
    halide_buffer_t* copy_of(const plan::Buffer& buffer, const halide_buffer_t& bound);

    const LoopCall& call_;
    int32_t* iteration_;
    halide_buffer_t* free_buffer_;
    Moving *moving_, *free_moving_;
    void** arguments_;  // of each step: the user context, then its arguments
    uint8_t* scratch_;
    double* seconds_;
};

ResolvedPlan::Body::Body(const LoopCall& call, void** user_context, uint8_t* slot, double* seconds)
    : call_(call),
      iteration_(reinterpret_cast<int32_t*>(slot)),
      free_buffer_(reinterpret_cast<halide_buffer_t*>(slot + cache_line)),
      scratch_(slot + call.plan.slot_tables_),
      seconds_(seconds) {
    const SlotBuffers buffers(call.plan.plan_, call.loop);
    moving_ = free_moving_ = reinterpret_cast<Moving*>(free_buffer_ + buffers.all);
    arguments_ = reinterpret_cast<void**>(moving_ + buffers.moving);
    void** next = arguments_;
    for (uint64_t s = call.loop.first_step; s <= call.loop.last_step; ++s) {
        if (call.plan.skipped_[s]) continue;
        const plan::Step& step = call.plan.plan_.steps()[s];
        *next++ = user_context;
        for (uint32_t a = 0; a < step.arg_count; ++a) *next++ = argument(step.first_arg + a);
    }
}

void* ResolvedPlan::Body::argument(uint32_t index) {
    const ResolvedPlan& plan = call_.plan;
    const plan::Arg& arg = plan.plan_.args()[index];
    if (arg.kind == plan::ArgKind::iteration) return iteration_;
    if (arg.kind != plan::ArgKind::buffer) return &plan.scalars_[index];
    const plan::Buffer& buffer = plan.plan_.buffers()[arg.index];
    halide_buffer_t& bound = plan.buffers_[arg.index];
    return moves(buffer) || is_scratch(plan.plan_, buffer) ? copy_of(buffer, bound) : &bound;
}

// A scratch buffer has the same place in this slot's scratch memory as `bound` has in the first slot's.
halide_buffer_t* ResolvedPlan::Body::copy_of(const plan::Buffer& buffer, const halide_buffer_t& bound) {
    *free_buffer_ = bound;
    if (moves(buffer)) {
        const auto stride = static_cast<int64_t>(call_.plan.values_[buffer.iteration_stride]);
        *free_moving_++ = {free_buffer_, bound.host, stride * plan::size_of(buffer.element)};
    } else {
        free_buffer_->host = scratch_ + (bound.host - call_.plan.scratch_);
    }
    return free_buffer_++;
}

int ResolvedPlan::Body::call(int32_t iteration) {
    *iteration_ = iteration;
    for (const Moving* m = moving_; m != free_moving_; ++m) m->buffer->host = m->first + iteration * m->stride;
    void** arguments = arguments_;
    Stopwatch watch;
    if (seconds_) watch.start();
    for (uint64_t s = call_.loop.first_step; s <= call_.loop.last_step; ++s) {
        if (call_.plan.skipped_[s]) continue;
        const plan::Step& step = call_.plan.plan_.steps()[s];
        if (call_.kernels[step.kernel](arguments) != 0) return ATROUS_KERNEL_FAILED;
        if (seconds_) seconds_[s - call_.loop.first_step] += watch.lap();
        arguments += step.arg_count + 1;
    }
    return ATROUS_OK;
}

// None where every step is skipped.
int ResolvedPlan::iterations_of(const plan::Loop& loop) const {
    for (uint64_t s = loop.first_step; s <= loop.last_step; ++s) {
        if (!skipped_[s]) return std::max(0, static_cast<int>(values_[loop.iterations]));
    }
    return 0;
}

int ResolvedPlan::most_iterations() const {
    int most = 0;
    for (uint64_t i = 0; i < plan_.header().loops.count; ++i) most = std::max(most, iterations_of(plan_.loops()[i]));
    return most;
}

// As many tasks as slots, each with the slot of its number, so that no task need know its thread.
int ResolvedPlan::call_loop(const plan::Loop& loop, const Kernel* kernels, const Slots& slots, Threads& pool,
                            Profile* profile) const {
    StepTimes times(loop);
    if (profile && !times.reserve(slots.count())) return ATROUS_NO_MEMORY;
    LoopCall call{*this, loop, kernels, slots, times, iterations_of(loop)};
    const int tasks = std::min(slots.count(), call.iterations);
    const int error = pool.parallel_for(call_iterations, 0, tasks, reinterpret_cast<uint8_t*>(&call));
    if (profile) times.give(profile->lap(), plan_.steps(), *profile);
    return error;
}

// Takes iterations until none is left.
int ResolvedPlan::call_iterations(void* user_context, int slot, uint8_t* loop_call) {
    LoopCall& call = *reinterpret_cast<LoopCall*>(loop_call);
    int64_t iteration = call.next.fetch_add(1, std::memory_order_relaxed);
    if (iteration >= call.iterations) return ATROUS_OK;
    Body body(call, &user_context, call.slots.at(slot), call.times.of_slot(slot));
    for (; iteration < call.iterations; iteration = call.next.fetch_add(1, std::memory_order_relaxed)) {
        if (const int error = body.call(static_cast<int32_t>(iteration))) {
            call.next.store(call.iterations, std::memory_order_relaxed);
            return error;
        }
    }
    return ATROUS_OK;
}

}  // namespace atrous::network
