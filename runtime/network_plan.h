// The plan, made concrete for one set of input shapes: expressions evaluated, arena packed, buffers described. All of
// it lives in memory that the caller gives, so that a run with a workspace allocates nothing.
#pragma once

#include <HalideRuntime.h>

#include <cstddef>
#include <cstdint>

#include "runtime/abi.h"
#include "runtime/network_parts.h"
#include "runtime/plan_view.h"

namespace atrous::network {

using plan::PlanView;

struct Scalar {
    union {
        int32_t i32;
        float f32;
    };
};

// Where the tables of a resolved plan lie in their memory, in bytes from its start.
struct Tables {
    size_t values, tensor_bytes, tensor_offsets, order, placed, buffers, dims, scalars, arguments, skipped, end;
};
Tables tables_of(const PlanView& plan);

// A resolved plan over memory of at least `tables.end` bytes, aligned to 64.
class ResolvedPlan {
  public:
    ResolvedPlan(const PlanView& plan, const Tables& tables, uint8_t* memory);

    // Each returns ATROUS_OK or the error. In this order:
    int evaluate(const atrous_tensor* inputs);        // checks the inputs, then every expression and constraint
    int shape_outputs(atrous_tensor* outputs) const;  // type, rank, shape
    int check_outputs(const atrous_tensor* outputs) const;
    int pack();  // sizes of tensors, places in the arena
    uint64_t arena_bytes() const { return arena_bytes_; }
    int bind(const atrous_tensor* inputs, const atrous_tensor* outputs, const uint8_t* weights, uint8_t* arena);
    int call(const Kernel* kernels, void* user_context);

  private:
    struct Memory {
        const atrous_tensor *inputs, *outputs;
        const uint8_t* weights;
        uint8_t* arena;
    };

    int check_input(const plan::Port& port, const atrous_tensor& tensor) const;
    int check_dims(const plan::Port& port, const atrous_tensor& tensor) const;
    double evaluate(const plan::Expr& expression, const atrous_tensor* inputs) const;
    int size_tensors();
    void place_tensors();
    uint64_t best_place(uint32_t tensor, uint32_t placed_count) const;
    int bind_step(const plan::Step& step, const Memory& memory);
    int bind_buffer(uint32_t index, const Memory& memory);
    int bind_scalar(uint32_t index);
    bool is_inside(const plan::Buffer& buffer, int64_t offset) const;
    uint8_t* base_of(uint32_t tensor, const Memory& memory) const;
    bool writes_nothing(const plan::Step& step) const;

    PlanView plan_;
    double* values_;            // of each expression
    uint64_t* tensor_bytes_;    // rounded up to 64 in the arena
    uint64_t* tensor_offsets_;  // in the arena
    uint32_t* order_;           // arena tensors, largest first
    uint32_t* placed_;          // arena tensors that have their place, by offset
    halide_buffer_t* buffers_;
    halide_dimension_t* dims_;
    Scalar* scalars_;   // one per argument
    void** arguments_;  // of the step that is being called
    uint8_t* skipped_;  // steps
    uint64_t arena_bytes_ = 0;
};

}  // namespace atrous::network
