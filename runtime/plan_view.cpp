#include "runtime/plan_view.h"

namespace atrous::plan {

bool PlanView::is_valid() const {
    return has_tables() && has_valid_loops() && has_valid_tensors() && has_valid_operators() && has_valid_steps();
}

bool PlanView::has_tables() const {
    const Header& h = header();
    return h.magic == magic && h.abi_version == abi_version && holds<Expr>(h.expressions) && holds<Tensor>(h.tensors) &&
           holds<Dim>(h.dims) && holds<Buffer>(h.buffers) && holds<Arg>(h.args) && holds<Operator>(h.operators) &&
           holds<Step>(h.steps) && holds<Loop>(h.loops) && holds<Port>(h.inputs) && holds<Port>(h.outputs) &&
           holds<Constraint>(h.constraints) && holds<char>(h.strings);
}

bool PlanView::has_valid_loops() const {
    const Header& h = header();
    uint64_t free = 0;  // the first step that the next loop may begin with
    for (uint64_t i = 0; i < h.loops.count; ++i) {
        const Loop& loop = loops()[i];
        if (loop.first_step < free || loop.last_step < loop.first_step || loop.last_step >= h.steps.count) return false;
        if (loop.iterations >= h.expressions.count) return false;
        free = uint64_t(loop.last_step) + 1;
    }
    return true;
}

bool PlanView::has_valid_tensors() const {
    for (uint64_t i = 0; i < header().tensors.count; ++i) {
        const Tensor& tensor = tensors()[i];
        if (tensor.kind > TensorKind::scratch) return false;
        if (tensor.kind == TensorKind::scratch && tensor.size >= header().expressions.count) return false;
    }
    return true;
}

// Names begin in the strings, and end there, because the last string does.
bool PlanView::has_valid_operators() const {
    const Header& h = header();
    for (uint64_t i = 0; i < h.operators.count; ++i) {
        if (operators()[i].name >= h.strings.count) return false;
    }
    return h.operators.count == 0 || at<char>(h.strings)[h.strings.count - 1] == '\0';
}

bool PlanView::has_valid_steps() const {
    const Loop *loop = loops(), *end = loop + header().loops.count;
    for (uint32_t i = 0; i < header().steps.count; ++i) {
        if (loop != end && i > loop->last_step) ++loop;
        const bool inside = loop != end && i >= loop->first_step;
        if (!is_valid_step(i, inside ? loop : nullptr)) return false;
    }
    return true;
}

// `loop`: the one whose body the step belongs to, or null.
bool PlanView::is_valid_step(uint32_t index, const Loop* loop) const {
    const Header& h = header();
    const Step& step = steps()[index];
    if (step.operator_index != none && step.operator_index >= h.operators.count) return false;
    if (step.first_arg > h.args.count || step.arg_count > h.args.count - step.first_arg) return false;
    for (uint32_t a = 0; a < step.arg_count; ++a) {
        const Arg& arg = args()[step.first_arg + a];
        if (arg.kind > ArgKind::iteration || (arg.kind == ArgKind::iteration && !loop)) return false;
        if (arg.kind == ArgKind::buffer && !is_valid_buffer(arg.index, index, loop)) return false;
    }
    return true;
}

bool PlanView::is_valid_buffer(uint32_t index, uint32_t step, const Loop* loop) const {
    const Header& h = header();
    if (index >= h.buffers.count || buffers()[index].tensor >= h.tensors.count) return false;
    const Buffer& buffer = buffers()[index];
    const Tensor& tensor = tensors()[buffer.tensor];
    if (buffer.iteration_stride != none) {
        if (!loop || tensor.kind == TensorKind::scratch || buffer.iteration_stride >= h.expressions.count) return false;
    }
    switch (tensor.kind) {
    case TensorKind::scratch:
        return loop && loop->first_step <= tensor.first_step && tensor.first_step <= step && step <= tensor.last_step &&
               tensor.last_step <= loop->last_step;
    case TensorKind::arena:
        return !loop || (tensor.first_step <= loop->first_step && tensor.last_step >= loop->last_step);
    default:
        return true;
    }
}

}  // namespace atrous::plan
