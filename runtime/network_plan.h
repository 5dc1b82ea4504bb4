// The plan, made concrete for one set of input shapes: expressions evaluated, arena packed, buffers described. All of
// it lives in memory that the caller gives, so that a run with a workspace allocates nothing.
#pragma once

#include <HalideRuntime.h>

#include <cstddef>
#include <cstdint>

#include "runtime/abi.h"
#include "runtime/network_memory.h"
#include "runtime/network_parts.h"
#include "runtime/network_profile.h"
#include "runtime/network_threads.h"
#include "runtime/plan_view.h"

namespace atrous::network {

using plan::PlanView;

struct Scalar {
    union {
        int32_t i32;
        float f32;
    };
};

// Where the tables of a resolved plan lie in their memory, in bytes from its start; and how many bytes of a slot, which
// is a thread's memory in a loop, come before its scratch tensors.
struct Tables {
    size_t values, tensor_bytes, tensor_offsets, bases, order, placed, buffers, dims, scalars, arguments, skipped, end;
    size_t slot;
};
Tables tables_of(const PlanView& plan);
size_t slot_tables(const PlanView& plan);  // Tables::slot

// Where tensors lie, by kind.
struct Memory {
    const atrous_tensor *inputs, *outputs;
    const uint8_t* weights;
    uint8_t* arena;
    uint8_t* slot;  // the first one; all are aligned to 64
};

// The slots of a run: the first one is its workspace's, so that a run on one thread allocates nothing.
class Slots {
  public:
    Slots(uint8_t* first, uint64_t bytes) : first_(first), bytes_(bytes) {}
    void add(int count);  // fewer where memory is short
    int count() const { return 1 + added_; }
    uint8_t* at(int i) const { return i == 0 ? first_ : block_.get() + static_cast<uint64_t>(i - 1) * bytes_; }

  private:
    uint8_t* first_;
    uint64_t bytes_;
    Block block_;
    int added_ = 0;
};

// A resolved plan over memory of at least `tables.end` bytes, aligned to 64.
class ResolvedPlan {
  public:
    ResolvedPlan(const PlanView& plan, const Tables& tables, uint8_t* memory);

    // Each returns ATROUS_OK or the error. In this order:
    int evaluate(const atrous_tensor* inputs);        // checks the inputs, then every expression and constraint
    int shape_outputs(atrous_tensor* outputs) const;  // type, rank, shape
    int check_outputs(const atrous_tensor* outputs) const;
    // Sizes of tensors, places in the arena and in a slot, each a multiple of `grain`.
    int pack(uint64_t grain);
    uint64_t arena_bytes() const { return arena_bytes_; }
    uint64_t slot_bytes() const { return slot_bytes_; }
    void locate(const Memory& memory);  // where every tensor begins
    int bind();
    int call(const Kernel* kernels, Threads& pool, Profile* profile);  // profile: may be null

    // For kernels on a GPU, where tensors begin at addresses of another kind, and steps are called one by one.
    const PlanView& plan() const { return plan_; }
    uint64_t bytes_of(uint32_t tensor) const { return tensor_bytes_[tensor]; }
    uint64_t offset_of(uint32_t tensor) const { return tensor_offsets_[tensor]; }
    uint8_t*& base(uint32_t tensor) { return bases_[tensor]; }
    bool is_skipped(uint64_t step) const { return skipped_[step]; }
    halide_buffer_t& buffer(uint32_t index) { return buffers_[index]; }
    int call_step(uint64_t step, const Kernel* kernels, void* user_context);

  private:
    class Body;
    struct LoopCall;

    int check_input(const plan::Port& port, const atrous_tensor& tensor) const;
    int check_dims(const plan::Port& port, const atrous_tensor& tensor) const;
    double evaluate(const plan::Expr& expression, const atrous_tensor* inputs) const;
    int size_tensors(uint64_t grain);
    uint64_t place_tensors(plan::TensorKind kind);
    uint64_t best_place(uint32_t tensor, uint32_t placed_count) const;
    int bind_steps(uint64_t first, uint64_t end, int32_t iterations);
    int bind_step(const plan::Step& step, int32_t iterations);
    int bind_buffer(uint32_t index, int32_t iterations);
    int bind_scalar(uint32_t index);
    bool is_inside(const plan::Buffer& buffer, double offset) const;
    uint8_t* base_of(uint32_t tensor, const Memory& memory) const;
    bool writes_nothing(const plan::Step& step) const;
    int iterations_of(const plan::Loop& loop) const;
    int most_iterations() const;
    int call_loop(const plan::Loop& loop, const Kernel* kernels, const Slots& slots, Threads& pool,
                  Profile* profile) const;
    static int call_iterations(void* user_context, int slot, uint8_t* loop_call);

    PlanView plan_;
    double* values_;            // of each expression
    uint64_t* tensor_bytes_;    // rounded up in memory of ours
    uint64_t* tensor_offsets_;  // in the arena or a slot's scratch memory
    uint8_t** bases_;           // where tensors begin
    uint32_t* order_;           // tensors to place, largest first
    uint32_t* placed_;          // tensors that have their place, by offset
    halide_buffer_t* buffers_;
    halide_dimension_t* dims_;
    Scalar* scalars_;   // one per argument
    void** arguments_;  // of the step that is being called
    uint8_t* skipped_;  // steps
    size_t slot_tables_;
    uint64_t arena_bytes_ = 0, slot_bytes_ = 0;
    uint8_t* scratch_ = nullptr;  // of the first slot
};

}  // namespace atrous::network
