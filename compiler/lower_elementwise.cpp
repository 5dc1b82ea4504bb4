// Functions of one to three operands with numpy broadcasting. An operand's axes are aligned with the result's first;
// where its extent is 1 and the result's is not, its stride is 0.
#include <algorithm>

#include "compiler/lowering.h"

namespace atrous {
namespace {

constexpr size_t kernel_rank = 5;

bool is_repeated(const Size& operand, const Size& result) {
    return operand.integer() == 1 && result.integer() != 1;
}

// The operand's shape with the result's rank, leading axes of extent 1 added.
std::vector<Size> aligned(const std::vector<Size>& shape, size_t rank) {
    std::vector<Size> result(rank - shape.size(), Size(1));
    result.insert(result.end(), shape.begin(), shape.end());
    return result;
}

void require_broadcast(Lowering& to, const std::vector<Size>& operand, const std::vector<Size>& result) {
    for (size_t d = 0; d < result.size(); ++d)
        if (!is_repeated(operand[d], result[d])) to.require_equal(operand[d], result[d], "extents of its operands");
}

void require_types(Lowering& to, const Node& node, ElementwiseFunction function) {
    const auto wanted = [&](ValueId v, bool boolean, const char* what) {
        const ElementType type = to.value(v).type;
        if (boolean ? type == ElementType::boolean || type == ElementType::u8 : type == ElementType::f32) return;
        to.refuse(std::string("computes on ") + what + " that are not " + (boolean ? "boolean" : "float32"),
                  "only float32 arithmetic is supported in what depends on the input");
    };
    for (size_t k = 0; k < node.inputs.size(); ++k)
        wanted(node.inputs[k], function == ElementwiseFunction::where && k == 0, "operands");
    wanted(node.outputs[0], function == ElementwiseFunction::equal, "results");
}

// An operand in c16. With one channel for all it is read from lane 0, or, planar, as it is.
BufferView blocked_operand(Lowering& to, ValueId v, const std::vector<Size>& result, bool& repeated) {
    const std::vector<Size> shape = aligned(to.shape(v), result.size());
    require_broadcast(to, shape, result);
    const ImageShape from = image_of(shape), out = image_of(result);
    repeated = is_repeated(from.c, out.c);
    const auto stride = [](const Size& extent, const Size& whole, const Size& step) {
        return ViewDim{whole, is_repeated(extent, whole) ? Size(0) : step};
    };
    const Size blocks = channel_blocks(out.c);
    if (repeated && !to.has_location(v, Packing::c16)) {
        Location at = to.read(v, Packing::planar);
        at.strides.insert(at.strides.begin(), result.size() - at.strides.size(), Size(0));
        const BufferView image = planar_image(at, shape);
        return {image.tensor,
                image.element,
                image.offset,
                {{Size(1), Size(1)},
                 stride(from.w, out.w, image.dims[0].stride),
                 stride(from.h, out.h, image.dims[1].stride),
                 {blocks, Size(0)},
                 stride(from.n, out.n, image.dims[3].stride)}};
    }
    const Location at = to.value(v).constant ? to.blocked_constant(v, shape) : to.read(v, Packing::c16);
    const BufferView image = blocked_image(at, from);
    return {image.tensor,
            image.element,
            image.offset,
            {{repeated ? Size(1) : Size(channel_block), Size(1)},
             stride(from.w, out.w, image.dims[1].stride),
             stride(from.h, out.h, image.dims[2].stride),
             {blocks, repeated ? Size(0) : image.dims[3].stride},
             stride(from.n, out.n, image.dims[4].stride)}};
}

// One axis of all operands and, last, the result.
struct Axis {
    Size extent;
    std::vector<Size> strides;
};

// Axes, innermost first, that everyone walks without a gap become one; those of extent 1 vanish.
std::vector<Axis> collapsed(const std::vector<Axis>& outermost_first) {
    std::vector<Axis> result;
    for (size_t d = outermost_first.size(); d-- > 0;) {
        const Axis& axis = outermost_first[d];
        if (axis.extent.integer() == 1) continue;
        bool joins = !result.empty();
        for (size_t k = 0; joins && k < axis.strides.size(); ++k)
            joins = axis.strides[k] == result.back().strides[k] * result.back().extent;
        if (joins)
            result.back().extent = result.back().extent * axis.extent;
        else
            result.push_back(axis);
    }
    return result;
}

// The kernel's innermost axis is dense in the result, and dense or repeated in operands. (A column of a wider tensor is
// not: its innermost axis is one of extent 1.)
bool walks_inner_axis(const Axis& axis) {
    const auto dense = [](const Size& stride) { return stride.integer() == 1; };
    return dense(axis.strides.back()) && std::ranges::all_of(axis.strides, [&](const Size& stride) {
               return dense(stride) || stride.integer() == 0;
           });
}

void lower_planar(Lowering& to, const Node& node, ElementwiseSpec spec, const std::vector<PlanArg>& parameters) {
    const ValueId y = node.outputs[0];
    const std::vector<Size>& result = to.shape(y);
    std::vector<BufferView> views;
    std::vector<Axis> axes(result.size());
    for (size_t d = 0; d < result.size(); ++d) axes[d].extent = result[d];
    for (const ValueId v : node.inputs) {
        const std::vector<Size> shape = aligned(to.shape(v), result.size());
        require_broadcast(to, shape, result);
        const Location& at = to.read(v, Packing::planar);
        views.push_back({at.tensor, at.element, at.offset, {}});
        const size_t shift = result.size() - at.strides.size();
        for (size_t d = 0; d < result.size(); ++d)
            axes[d].strides.push_back(d < shift || is_repeated(shape[d], result[d]) ? Size(0) : at.strides[d - shift]);
    }
    const Location& out = to.place(y, Packing::planar);
    views.push_back({out.tensor, out.element, out.offset, {}});
    for (size_t d = 0; d < result.size(); ++d) axes[d].strides.push_back(out.strides[d]);

    std::vector<Axis> joined = collapsed(axes);
    if (!joined.empty() && !walks_inner_axis(joined[0]))
        joined.insert(joined.begin(), {Size(1), std::vector<Size>(views.size(), Size(1))});
    if (joined.size() > kernel_rank)
        to.refuse("broadcasts along more than five axes", "reshape its operands to fewer dimensions");
    if (joined.empty()) joined.push_back({Size(1), std::vector<Size>(views.size(), Size(1))});
    while (joined.size() < kernel_rank) joined.push_back({Size(1), std::vector<Size>(views.size(), Size(0))});
    for (size_t k = 0; k < views.size(); ++k)
        for (size_t d = 0; d < joined.size(); ++d) views[k].dims.push_back({joined[d].extent, joined[d].strides[k]});
    for (size_t k = 0; k + 1 < views.size(); ++k) {
        ViewDim& inner = views[k].dims[0];
        if (inner.stride.integer() != 0) continue;
        inner = {Size(1), Size(1)};
        spec.inner_broadcast |= 1 << k;
    }
    std::vector<PlanArg> args(views.begin(), views.end() - 1);
    args.push_back(IntegerArg{Size(0)});
    args.insert(args.end(), parameters.begin(), parameters.end());
    args.push_back(views.back());
    to.step(spec, args, to.hint_of(y));
}

void lower_blocked(Lowering& to, const Node& node, ElementwiseSpec spec, const std::vector<PlanArg>& parameters) {
    const ValueId y = node.outputs[0];
    std::vector<PlanArg> args;
    for (size_t k = 0; k < node.inputs.size(); ++k) {
        bool repeated = false;
        args.push_back(blocked_operand(to, node.inputs[k], to.shape(y), repeated));
        if (repeated) spec.inner_broadcast |= 1 << k;
    }
    args.push_back(IntegerArg{image_of(to.shape(y)).c});
    args.insert(args.end(), parameters.begin(), parameters.end());
    args.push_back(blocked_image(to.place(y, Packing::c16), image_of(to.shape(y))));
    to.step(spec, args, to.hint_of(y));
}

}  // namespace

void lower_elementwise(Lowering& to, const Node& node) {
    const auto& op = std::get<ElementwiseOp>(node.op);
    require_types(to, node, op.function);
    ElementwiseSpec spec;
    spec.packing = to.packing_of(node);
    spec.function = op.function;
    const std::vector<PlanArg> parameters{FloatArg{Size(static_cast<double>(op.alpha))},
                                          FloatArg{Size(static_cast<double>(op.beta))}};
    if (spec.packing == Packing::c16)
        lower_blocked(to, node, spec, parameters);
    else
        lower_planar(to, node, spec, parameters);
}

}  // namespace atrous
