#include "runtime/network_plan.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "runtime/network_numbers.h"

namespace atrous::network {

namespace {

halide_type_t halide_type(plan::ElementType type) {
    switch (type) {
    case plan::ElementType::f32:
        return {halide_type_float, 32, 1};
    case plan::ElementType::f64:
        return {halide_type_float, 64, 1};
    case plan::ElementType::f16:
        return {halide_type_float, 16, 1};
    case plan::ElementType::i64:
        return {halide_type_int, 64, 1};
    case plan::ElementType::i32:
        return {halide_type_int, 32, 1};
    case plan::ElementType::i8:
        return {halide_type_int, 8, 1};
    default:
        return {halide_type_uint, 8, 1};
    }
}

uint64_t most_arguments(const PlanView& plan) {
    uint32_t most = 0;
    for (uint64_t i = 0; i < plan.header().steps.count; ++i) most = std::max(most, plan.steps()[i].arg_count);
    return most;
}

}  // namespace

Tables tables_of(const PlanView& plan) {
    const plan::Header& h = plan.header();
    Tables tables{};
    size_t end = 0;
    const auto reserve = [&](uint64_t count, size_t element) {
        const size_t start = end;
        end = align(end + count * element);
        return start;
    };
    tables.values = reserve(h.expressions.count, sizeof(double));
    tables.tensor_bytes = reserve(h.tensors.count, sizeof(uint64_t));
    tables.tensor_offsets = reserve(h.tensors.count, sizeof(uint64_t));
    tables.bases = reserve(h.tensors.count, sizeof(uint8_t*));
    tables.order = reserve(h.tensors.count, sizeof(uint32_t));
    tables.placed = reserve(h.tensors.count, sizeof(uint32_t));
    tables.buffers = reserve(h.buffers.count, sizeof(halide_buffer_t));
    tables.dims = reserve(h.dims.count, sizeof(halide_dimension_t));
    tables.scalars = reserve(h.args.count, sizeof(Scalar));
    tables.arguments = reserve(most_arguments(plan) + 1, sizeof(void*));
    tables.skipped = reserve(h.steps.count, 1);
    tables.end = end;
    tables.slot = slot_tables(plan);
    return tables;
}

ResolvedPlan::ResolvedPlan(const PlanView& plan, const Tables& tables, uint8_t* memory)
    : plan_(plan),
      values_(reinterpret_cast<double*>(memory + tables.values)),
      tensor_bytes_(reinterpret_cast<uint64_t*>(memory + tables.tensor_bytes)),
      tensor_offsets_(reinterpret_cast<uint64_t*>(memory + tables.tensor_offsets)),
      bases_(reinterpret_cast<uint8_t**>(memory + tables.bases)),
      order_(reinterpret_cast<uint32_t*>(memory + tables.order)),
      placed_(reinterpret_cast<uint32_t*>(memory + tables.placed)),
      buffers_(reinterpret_cast<halide_buffer_t*>(memory + tables.buffers)),
      dims_(reinterpret_cast<halide_dimension_t*>(memory + tables.dims)),
      scalars_(reinterpret_cast<Scalar*>(memory + tables.scalars)),
      arguments_(reinterpret_cast<void**>(memory + tables.arguments)),
      skipped_(memory + tables.skipped),
      slot_tables_(tables.slot) {}

int ResolvedPlan::evaluate(const atrous_tensor* inputs) {
    const plan::Header& h = plan_.header();
    for (uint64_t i = 0; i < h.inputs.count; ++i) {
        if (const int error = check_input(plan_.inputs()[i], inputs[i])) return error;
    }
    for (uint64_t i = 0; i < h.expressions.count; ++i) values_[i] = evaluate(plan_.expressions()[i], inputs);
    for (uint64_t i = 0; i < h.inputs.count; ++i) {
        if (const int error = check_dims(plan_.inputs()[i], inputs[i])) return error;
    }
    for (uint64_t i = 0; i < h.constraints.count; ++i) {
        const double condition = values_[plan_.constraints()[i].condition];
        if (condition == 0 || std::isnan(condition)) return ATROUS_CONSTRAINT - static_cast<int>(i);
    }
    return ATROUS_OK;
}

// What must be right before a dimension's value may be used.
int ResolvedPlan::check_input(const plan::Port& port, const atrous_tensor& tensor) const {
    if (tensor.type != static_cast<int32_t>(port.element)) return ATROUS_BAD_TYPE;
    if (tensor.rank != static_cast<int32_t>(port.rank)) return ATROUS_BAD_SHAPE;
    int64_t elements = 1;
    for (uint32_t d = 0; d < port.rank; ++d) {
        if (tensor.shape[d] < 1) return ATROUS_BAD_SHAPE;
        if (tensor.shape[d] > int32_limit || elements > int32_limit / tensor.shape[d]) return ATROUS_TOO_LARGE;
        elements *= tensor.shape[d];
    }
    return ATROUS_OK;
}

int ResolvedPlan::check_dims(const plan::Port& port, const atrous_tensor& tensor) const {
    for (uint32_t d = 0; d < port.rank; ++d) {
        if (values_[port.dims[d]] != static_cast<double>(tensor.shape[d])) return ATROUS_BAD_SHAPE;
    }
    return ATROUS_OK;
}

double ResolvedPlan::evaluate(const plan::Expr& e, const atrous_tensor* inputs) const {
    const auto operand = [&](uint32_t index) { return values_[index]; };
    switch (e.op) {
    case plan::ExprOp::constant:
        return e.value;
    case plan::ExprOp::input_dim:
        return static_cast<double>(inputs[e.a].shape[e.b]);
    case plan::ExprOp::add:
        return operand(e.a) + operand(e.b);
    case plan::ExprOp::sub:
        return operand(e.a) - operand(e.b);
    case plan::ExprOp::mul:
        return operand(e.a) * operand(e.b);
    case plan::ExprOp::div:
        return operand(e.a) / operand(e.b);
    case plan::ExprOp::floor_div:
        return std::floor(operand(e.a) / operand(e.b));
    case plan::ExprOp::trunc_div:
        return std::trunc(operand(e.a) / operand(e.b));
    case plan::ExprOp::mod:
        return operand(e.a) - operand(e.b) * std::floor(operand(e.a) / operand(e.b));
    case plan::ExprOp::min:
        return std::fmin(operand(e.a), operand(e.b));
    case plan::ExprOp::max:
        return std::fmax(operand(e.a), operand(e.b));
    case plan::ExprOp::floor:
        return std::floor(operand(e.a));
    case plan::ExprOp::ceil:
        return std::ceil(operand(e.a));
    case plan::ExprOp::round_even:
        return std::nearbyint(operand(e.a));
    case plan::ExprOp::sqrt:
        return std::sqrt(operand(e.a));
    case plan::ExprOp::neg:
        return -operand(e.a);
    case plan::ExprOp::to_f32:
        return static_cast<double>(static_cast<float>(operand(e.a)));
    case plan::ExprOp::equal:
        return operand(e.a) == operand(e.b);
    case plan::ExprOp::less:
        return operand(e.a) < operand(e.b);
    case plan::ExprOp::select:
        return operand(e.a) != 0 ? operand(e.b) : operand(e.c);
    }
    return std::nan("");
}

int ResolvedPlan::shape_outputs(atrous_tensor* outputs) const {
    for (uint64_t i = 0; i < plan_.header().outputs.count; ++i) {
        const plan::Port& port = plan_.outputs()[i];
        outputs[i].type = static_cast<int32_t>(port.element);
        outputs[i].rank = static_cast<int32_t>(port.rank);
        int64_t elements = 1;
        for (uint32_t d = 0; d < port.rank; ++d) {
            int64_t& size = outputs[i].shape[d];
            if (!to_integer(values_[port.dims[d]], size) || size < 0) return ATROUS_BAD_SHAPE;
            if (size > int32_limit || (size > 0 && elements > int32_limit / size)) return ATROUS_TOO_LARGE;
            elements *= size;
        }
        for (uint32_t d = port.rank; d < ATROUS_MAX_RANK; ++d) outputs[i].shape[d] = 1;
    }
    return ATROUS_OK;
}

int ResolvedPlan::check_outputs(const atrous_tensor* outputs) const {
    for (uint64_t i = 0; i < plan_.header().outputs.count; ++i) {
        const plan::Port& port = plan_.outputs()[i];
        if (outputs[i].type != static_cast<int32_t>(port.element)) return ATROUS_BAD_TYPE;
        if (outputs[i].rank != static_cast<int32_t>(port.rank)) return ATROUS_BAD_SHAPE;
        if (const int error = check_dims(port, outputs[i])) return error;
        bool empty = false;
        for (uint32_t d = 0; d < port.rank; ++d) {
            if (outputs[i].shape[d] < 0) return ATROUS_BAD_SHAPE;
            if (outputs[i].shape[d] > int32_limit) return ATROUS_TOO_LARGE;
            empty = empty || outputs[i].shape[d] == 0;
        }
        if (!outputs[i].data && !empty) return ATROUS_BAD_ARGUMENT;
    }
    return ATROUS_OK;
}

void ResolvedPlan::locate(const Memory& memory) {
    scratch_ = memory.slot + slot_tables_;
    for (uint32_t i = 0; i < plan_.header().tensors.count; ++i) bases_[i] = base_of(i, memory);
}

// The steps of each loop, with the others before and after them.
int ResolvedPlan::bind() {
    std::memset(static_cast<void*>(buffers_), 0, plan_.header().buffers.count * sizeof(halide_buffer_t));
    uint64_t next = 0;
    for (uint64_t i = 0; i < plan_.header().loops.count; ++i) {
        const plan::Loop& loop = plan_.loops()[i];
        int32_t iterations = 0;
        if (!to_int32(values_[loop.iterations], iterations)) return ATROUS_TOO_LARGE;
        if (const int error = bind_steps(next, loop.first_step, 1)) return error;
        next = uint64_t{loop.last_step} + 1;
        if (const int error = bind_steps(loop.first_step, next, iterations)) return error;
    }
    return bind_steps(next, plan_.header().steps.count, 1);
}

int ResolvedPlan::bind_steps(uint64_t first, uint64_t end, int32_t iterations) {
    for (uint64_t i = first; i < end; ++i) {
        const plan::Step& step = plan_.steps()[i];
        skipped_[i] = iterations < 1 || (step.skip != plan::none && values_[step.skip] != 0);
        if (skipped_[i]) continue;
        if (const int error = bind_step(step, iterations)) return error;
        skipped_[i] = writes_nothing(step);
    }
    return ATROUS_OK;
}

int ResolvedPlan::bind_step(const plan::Step& step, int32_t iterations) {
    for (uint32_t a = step.first_arg; a < step.first_arg + step.arg_count; ++a) {
        const plan::Arg& arg = plan_.args()[a];
        const int error = arg.kind == plan::ArgKind::buffer ? bind_buffer(arg.index, iterations) : bind_scalar(a);
        if (error) return error;
    }
    return ATROUS_OK;
}

// Several steps may share a buffer: the first one describes it.
int ResolvedPlan::bind_buffer(uint32_t index, int32_t iterations) {
    const plan::Buffer& buffer = plan_.buffers()[index];
    halide_buffer_t& bound = buffers_[index];
    if (bound.host) return ATROUS_OK;

    int64_t offset = 0, stride = 0;
    if (!to_integer(values_[buffer.offset], offset)) return ATROUS_BAD_PLAN;
    if (buffer.iteration_stride != plan::none && !to_integer(values_[buffer.iteration_stride], stride)) {
        return ATROUS_BAD_PLAN;
    }
    bound.type = halide_type(buffer.element);
    bound.dimensions = static_cast<int32_t>(buffer.rank);
    bound.dim = dims_ + buffer.first_dim;
    for (uint32_t d = 0; d < buffer.rank; ++d) {
        const plan::Dim& dim = plan_.dims()[buffer.first_dim + d];
        halide_dimension_t& to = bound.dim[d];
        to.flags = 0;
        if (!to_int32(values_[dim.min], to.min) || !to_int32(values_[dim.extent], to.extent) ||
            !to_int32(values_[dim.stride], to.stride)) {
            return ATROUS_TOO_LARGE;
        }
        to.extent = std::max(to.extent, 0);
    }
    const auto begin = static_cast<double>(offset), end = begin + (iterations - 1.0) * static_cast<double>(stride);
    if (!is_inside(buffer, begin) || !is_inside(buffer, end)) return ATROUS_BAD_PLAN;
    bound.host = bases_[buffer.tensor] + offset * plan::size_of(buffer.element);
    return ATROUS_OK;
}

int ResolvedPlan::bind_scalar(uint32_t index) {
    const plan::Arg& arg = plan_.args()[index];
    if (arg.kind == plan::ArgKind::iteration) return ATROUS_OK;  // each slot has its own
    if (arg.kind == plan::ArgKind::f32) {
        scalars_[index].f32 = static_cast<float>(values_[arg.index]);
        return ATROUS_OK;
    }
    return to_int32(values_[arg.index], scalars_[index].i32) ? ATROUS_OK : ATROUS_TOO_LARGE;
}

// The last look before kernels, which check nothing themselves: does the view lie within its tensor? In doubles, which
// cannot overflow here and are exact as far as it matters.
bool ResolvedPlan::is_inside(const plan::Buffer& buffer, double offset) const {
    const plan::Tensor& tensor = plan_.tensors()[buffer.tensor];
    if (tensor.size == plan::none) return true;
    double low = offset, high = offset;
    for (uint32_t d = 0; d < buffer.rank; ++d) {
        const halide_dimension_t& dim = dims_[buffer.first_dim + d];
        if (dim.extent == 0) return true;
        const double reach = (dim.extent - 1.0) * dim.stride;
        (reach < 0 ? low : high) += reach;
    }
    return low >= 0 && (high + 1) * plan::size_of(buffer.element) <= static_cast<double>(tensor_bytes_[buffer.tensor]);
}

uint8_t* ResolvedPlan::base_of(uint32_t index, const Memory& memory) const {
    const plan::Tensor& tensor = plan_.tensors()[index];
    switch (tensor.kind) {
    case plan::TensorKind::input:
        return static_cast<uint8_t*>(memory.inputs[tensor.index].data);
    case plan::TensorKind::output:
        return static_cast<uint8_t*>(memory.outputs[tensor.index].data);
    case plan::TensorKind::weights:
        return const_cast<uint8_t*>(memory.weights) + tensor.offset;  // kernels only read them
    case plan::TensorKind::scratch:
        return scratch_ + tensor_offsets_[index];
    default:
        return memory.arena + tensor_offsets_[index];
    }
}

// A kernel's output buffer is its last argument. Vectorised loops may not be entered for an empty one.
bool ResolvedPlan::writes_nothing(const plan::Step& step) const {
    if (step.arg_count == 0) return false;
    const plan::Arg& last = plan_.args()[step.first_arg + step.arg_count - 1];
    if (last.kind != plan::ArgKind::buffer) return false;
    const plan::Buffer& output = plan_.buffers()[last.index];
    for (uint32_t d = 0; d < output.rank; ++d) {
        if (dims_[output.first_dim + d].extent == 0) return true;
    }
    return false;
}

int ResolvedPlan::call(const Kernel* kernels, Threads& pool, Profile* profile) {
    Slots slots(scratch_ - slot_tables_, slot_bytes_);
    slots.add(std::min(pool.count(), most_iterations()) - 1);
    if (profile) profile->start();
    const plan::Loop *loop = plan_.loops(), *end = loop + plan_.header().loops.count;
    for (uint64_t i = 0; i < plan_.header().steps.count; ++i) {
        int error = ATROUS_OK;
        if (loop != end && i == loop->first_step) {
            error = call_loop(*loop, kernels, slots, pool, profile);
            i = loop++->last_step;
        } else {
            error = call_step(i, kernels, &pool);
            if (profile) profile->add(plan_.steps()[i].operator_index, profile->lap());
        }
        if (error) return error;
    }
    return ATROUS_OK;
}

int ResolvedPlan::call_step(uint64_t index, const Kernel* kernels, void* user_context) {
    if (skipped_[index]) return ATROUS_OK;
    const plan::Step& step = plan_.steps()[index];
    arguments_[0] = &user_context;
    for (uint32_t a = 0; a < step.arg_count; ++a) {
        const plan::Arg& arg = plan_.args()[step.first_arg + a];
        arguments_[a + 1] = arg.kind == plan::ArgKind::buffer ? static_cast<void*>(&buffers_[arg.index])
                                                              : static_cast<void*>(&scalars_[step.first_arg + a]);
    }
    return kernels[step.kernel](arguments_) == 0 ? ATROUS_OK : ATROUS_KERNEL_FAILED;
}

}  // namespace atrous::network
