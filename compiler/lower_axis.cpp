// Operators along one axis: softmax, argmax, and instance normalisation over all axes after the channels. Their tensors
// are dense and seen as (inner, axis, outer).
#include "compiler/lowering.h"

namespace atrous {
namespace {

struct Extents {
    Size inner = 1, axis = 1, outer = 1;
};

Extents around(const std::vector<Size>& shape, size_t axis) {
    Extents result;
    for (size_t d = 0; d < shape.size(); ++d) {
        Size& extent = d < axis ? result.outer : d == axis ? result.axis : result.inner;
        extent = extent * shape[d];
    }
    return result;
}

BufferView dense_at(const Location& at, const std::vector<Size>& extents) {
    BufferView view = dense_view(at.tensor, at.element, extents);
    view.offset = at.offset;
    return view;
}

void require_float(Lowering& to, ValueId v) {
    if (to.value(v).type != ElementType::f32)
        to.refuse("computes on elements that are not float32",
                  "only float32 arithmetic is supported in what depends on the input");
}

}  // namespace

void lower_softmax(Lowering& to, const Node& node) {
    const auto& op = std::get<SoftmaxOp>(node.op);
    const ValueId x = node.inputs[0], y = node.outputs[0];
    require_float(to, x);
    const Extents e = around(to.shape(x), static_cast<size_t>(op.axis));
    SoftmaxSpec spec;
    spec.logarithm = op.logarithm;
    const Location from = to.read_dense(x);
    to.step(spec,
            {dense_at(from, {e.inner, e.axis, e.outer}),
             dense_at(to.place(y, Packing::planar), {e.inner, e.axis, e.outer})},
            to.hint_of(y));
}

void lower_argmax(Lowering& to, const Node& node) {
    const auto& op = std::get<ArgmaxOp>(node.op);
    const ValueId x = node.inputs[0], y = node.outputs[0];
    require_float(to, x);
    const Extents e = around(to.shape(x), static_cast<size_t>(op.axis));
    ArgmaxSpec spec;
    spec.select_last = op.select_last;
    const Location from = to.read_dense(x);
    to.step(spec,
            {dense_at(from, {e.inner, e.axis, e.outer}), dense_at(to.place(y, Packing::planar), {e.inner, e.outer})},
            to.hint_of(x));
}

void lower_instance_norm(Lowering& to, const Node& node) {
    const auto& op = std::get<InstanceNormOp>(node.op);
    const ValueId x = node.inputs[0], y = node.outputs[0];
    require_float(to, x);
    const Extents e = around(to.shape(x), 1);
    const std::vector<Size> extents{e.inner, e.axis, e.outer};
    const auto channels = [&](ValueId v) { return dense_at(to.read_dense(v), {e.axis}); };
    const Location from = to.read_dense(x);
    const BufferView scale = channels(node.inputs[1]), bias = channels(node.inputs[2]);
    to.step(InstanceNormSpec{},
            {dense_at(from, extents), scale, bias, FloatArg{Size(static_cast<double>(op.epsilon))},
             dense_at(to.place(y, Packing::planar), extents)},
            to.hint_of(y));
}

}  // namespace atrous
