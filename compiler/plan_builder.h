// Writes the plan of runtime/plan.h: collects tensors, views, steps and weights, stores every expression and string
// once, and notes from the steps how long each tensor lives.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "compiler/size.h"
#include "compiler/weight_store.h"
#include "runtime/plan.h"

namespace atrous {

struct ViewDim {
    Size extent, stride;  // in elements; minima are 0
};

// A buffer argument, innermost dimension first.
struct BufferView {
    uint32_t tensor = plan::none;
    plan::ElementType element = plan::ElementType::f32;
    Size offset;
    std::vector<ViewDim> dims;
    Size per_iteration;  // elements that it moves by from an iteration of its loop to the next
};
// Or a default BufferView, which stands for none.
inline bool is_given(const BufferView& view) {
    return view.tensor != plan::none;
}

struct IntegerArg {
    Size value;
};
struct FloatArg {
    Size value;
};
// The number of the loop's iteration, as a 32-bit integer.
struct IterationArg {};
struct PlanArg {
    PlanArg(BufferView buffer) : kind(plan::ArgKind::buffer), view(std::move(buffer)) {}
    PlanArg(IntegerArg integer) : kind(plan::ArgKind::i32), number(std::move(integer.value)) {}
    PlanArg(FloatArg real) : kind(plan::ArgKind::f32), number(std::move(real.value)) {}
    PlanArg(IterationArg) : kind(plan::ArgKind::iteration) {}
    plan::ArgKind kind;
    BufferView view;
    Size number;
};

struct PlanPort {
    std::string name;
    plan::ElementType element = plan::ElementType::f32;
    std::vector<Size> dims;          // outermost first
    std::vector<std::string> names;  // of free dimensions, "" otherwise
};

class PlanBuilder {
  public:
    explicit PlanBuilder(WeightStore& weights) : weights_(weights) {}

    uint32_t arena_tensor(plan::ElementType element, const Size& elements, std::string_view name);
    uint32_t input_tensor(uint32_t index, plan::ElementType element, const Size& elements, std::string_view name);
    uint32_t output_tensor(uint32_t index, plan::ElementType element, const Size& elements, std::string_view name);
    uint32_t weights_tensor(plan::ElementType element, std::span<const std::byte> data, std::string_view name);
    bool has_weights(std::span<const std::byte> data) const { return weights_.find(data).has_value(); }
    // Memory of each thread, for the steps of one loop.
    uint32_t scratch_tensor(plan::ElementType element, const Size& elements, std::string_view name);

    plan::TensorKind kind_of(uint32_t tensor) const { return tensors_.at(tensor).kind; }

    // Appends an operator; steps say by its number which one they are done for.
    uint32_t add_operator(std::string_view name);
    // Appends a step, of an operator or plan::none. `skip`: it is left out at run time where this is not zero; a
    // constant 0 means never.
    void step(uint32_t kernel, const std::vector<PlanArg>& args, uint32_t operator_index, const Size& skip = {});
    // The steps between the two are the body of a loop, whose iterations run at the same time. Not nested; a loop
    // without steps is none.
    void begin_loop(const Size& iterations);
    void end_loop();

    void input(const PlanPort& port) { inputs_.push_back(make_port(port)); }
    void output(const PlanPort& port) { outputs_.push_back(make_port(port)); }
    void constraint(const Size& condition, std::string_view message);

    size_t step_count() const { return steps_.size(); }
    // The blob. Arena and scratch tensors that no step touches are given an empty lifetime (first step 1, last step 0).
    std::vector<uint8_t> finish(uint32_t kernel_count) const;

  private:
    uint32_t add(const plan::Expr& expr);
    uint32_t expression(const Size& size);
    uint32_t atom(const SizeAtom& atom);
    uint32_t constant(double value);
    uint32_t text(std::string_view string);
    uint32_t add_tensor(plan::TensorKind kind, plan::ElementType element, const Size& elements, uint32_t index,
                        std::string_view name);
    plan::Arg make_arg(const PlanArg& arg);
    uint32_t first_dim(const std::vector<ViewDim>& dims);
    plan::Step make_step(uint32_t kernel, const std::vector<PlanArg>& args, uint32_t operator_index);
    template <class Body>
    void for_tensors(const plan::Step& step, Body&& body);
    plan::Port make_port(const PlanPort& port);

    std::vector<plan::Expr> expressions_;
    std::vector<plan::Tensor> tensors_;
    std::vector<plan::Dim> dims_;
    std::vector<plan::Buffer> buffers_;
    std::vector<plan::Arg> args_;
    std::vector<plan::Operator> operators_;
    std::vector<plan::Step> steps_;
    std::vector<plan::Loop> loops_;
    bool in_loop_ = false;
    std::vector<plan::Port> inputs_, outputs_;
    std::vector<plan::Constraint> constraints_;
    std::string strings_;
    WeightStore& weights_;

    using ExprKey = std::tuple<plan::ExprOp, uint32_t, uint32_t, uint32_t, uint64_t>;
    std::map<ExprKey, uint32_t> expression_index_;
    std::unordered_map<std::string, uint32_t> atom_index_, string_index_;
    std::map<std::pair<uint32_t, uint32_t>, bool> constraint_index_;
    std::map<std::vector<uint32_t>, uint32_t> dims_index_;  // by extents and strides in turn
};

}  // namespace atrous
