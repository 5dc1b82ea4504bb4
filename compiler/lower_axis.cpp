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

// The DepthToSpace whose result the node reads, if nobody else does.
const Node* depth_to_space_before(const Lowering& to, const Node& node) {
    const uint32_t p = to.graph().producer[node.inputs[0]];
    if (p == Graph::no_node) return nullptr;
    const Node& before = to.network().nodes[p];
    return std::holds_alternative<DepthToSpaceOp>(before.op) && is_read_by_argmax(to, before) ? &before : nullptr;
}

// Each of the block² pixels that come of one has its classes in channels of the input: nothing needs to be moved but
// the winners. Both sides are seen as (x, y, bx, by, n), the input with the classes outermost.
void argmax_of_depth_to_space(Lowering& to, const Node& node, const Node& before) {
    const auto& op = std::get<DepthToSpaceOp>(before.op);
    const ValueId x = before.inputs[0];
    const std::vector<Size>&image = to.shape(x), &enlarged = to.shape(before.outputs[0]);
    const Location &from = to.read(x, Packing::planar), &out = to.place(node.outputs[0], Packing::planar);
    const Size block(op.block), channel = from.strides[1], classes = enlarged[1];
    const Size bx = channel * (op.column_row_depth ? Size(1) : classes);
    const Size axis = channel * (op.column_row_depth ? block * block : Size(1));
    const Size row = enlarged[3];
    ArgmaxSpec spec;
    spec.select_last = std::get<ArgmaxOp>(node.op).select_last;
    spec.scattered = true;
    to.step(spec,
            {BufferView{from.tensor,
                        from.element,
                        from.offset,
                        {{image[3], Size(1)},
                         {image[2], from.strides[2]},
                         {block, bx},
                         {block, bx * block},
                         {image[0], from.strides[0]},
                         {classes, axis}}},
             BufferView{out.tensor,
                        out.element,
                        out.offset,
                        {{image[3], block},
                         {image[2], row * block},
                         {block, Size(1)},
                         {block, row},
                         {image[0], row * enlarged[2]}}}},
            to.hint_of(x));
}

}  // namespace

bool is_read_by_argmax(const Lowering& to, const Node& depth_to_space) {
    const ValueId y = depth_to_space.outputs[0];
    const uint32_t reader = to.graph().only_consumer(y);
    if (reader == Graph::no_node || to.value(y).type != ElementType::f32 || to.shape(y).size() != 4) return false;
    const auto* op = std::get_if<ArgmaxOp>(&to.network().nodes[reader].op);
    return op && op->axis == 1;
}

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
    if (const Node* before = depth_to_space_before(to, node)) return argmax_of_depth_to_space(to, node, *before);
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
