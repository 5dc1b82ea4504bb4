// Nodes that only move elements: views where possible, copies along strided views otherwise. Any element type.
#include <algorithm>

#include "compiler/lowering.h"

namespace atrous {
namespace {

BufferView start_of(const Location& at) {
    return {at.tensor, at.element, at.offset, {}};
}

// The node's value at `from` (its shape) copied to where it belongs.
void copy_to_place(Lowering& to, ValueId v, const BufferView& from, const std::vector<Size>& strides) {
    const Location& out = to.place(v, Packing::planar);
    std::vector<CopyDim> dims;
    for (size_t d = 0; d < strides.size(); ++d) dims.push_back({to.shape(v)[d], strides[d], out.strides[d]});
    to.copy(plan::size_of(out.element), dims, from, start_of(out));
}

// Into a slice of a concatenation, unless the part was made there.
void copy_part(Lowering& to, ValueId part, const Location& slice, Packing packing) {
    const std::vector<Size>& shape = to.shape(part);
    const Location& at = to.read(part, packing);
    if (at.tensor == slice.tensor && at.offset == slice.offset) return;
    std::vector<CopyDim> dims;
    if (packing == Packing::planar) {
        for (size_t d = 0; d < shape.size(); ++d) dims.push_back({shape[d], at.strides[d], slice.strides[d]});
    } else {
        const ImageShape image = image_of(shape);
        const std::vector<Size> extents{image.n, channel_blocks(image.c), image.h, image.w};
        for (size_t d = 0; d < 4; ++d) dims.push_back({extents[d], at.strides[d], slice.strides[d]});
        dims.push_back({Size(channel_block), Size(1), Size(1)});
    }
    to.copy(plan::size_of(at.element), dims, start_of(at), start_of(slice));
}

}  // namespace

void lower_concat(Lowering& to, const Node& node) {
    const auto axis = static_cast<size_t>(std::get<ConcatOp>(node.op).axis);
    for (const ValueId part : node.inputs)
        for (size_t d = 0; d < to.shape(part).size(); ++d)
            if (d != axis) to.require_equal(to.shape(part)[d], to.shape(node.outputs[0])[d], "extents of its inputs");
    if (!to.is_put_off(node.outputs[0])) join_parts(to, node);
}

void join_parts(Lowering& to, const Node& node) {
    const auto axis = static_cast<size_t>(std::get<ConcatOp>(node.op).axis);
    const Packing packing = to.packing_of(node);
    const ValueId y = node.outputs[0];
    Size begin;
    for (const ValueId part : node.inputs) {
        Location slice = to.place(y, packing);
        const bool blocks = packing == Packing::c16 && axis == 1;
        slice.offset = slice.offset + (blocks ? floor_div(begin, Size(channel_block)) : begin) * slice.strides[axis];
        copy_part(to, part, slice, packing);
        begin = begin + to.shape(part)[axis];
    }
}

void lower_slice(Lowering& to, const Node& node) {
    const auto& op = std::get<SliceOp>(node.op);
    const Packing packing = to.packing_of(node);
    const ValueId x = node.inputs[0], y = node.outputs[0];
    Location at = to.read(x, packing);
    if (packing == Packing::c16) {
        at.offset =
            at.offset + op.begin[0] * at.strides[0] + floor_div(op.begin[1], Size(channel_block)) * at.strides[1];
        to.view(y, packing, at);
        return;
    }
    for (size_t d = 0; d < at.strides.size(); ++d) {
        at.offset = at.offset + op.begin[d] * at.strides[d];
        at.strides[d] = at.strides[d] * Size(op.step[d]);
    }
    if (is_view(to.network(), node, packing))
        to.view(y, packing, at);
    else
        copy_to_place(to, y, start_of(at), at.strides);
}

void lower_reshape(Lowering& to, const Node& node) {
    const Packing packing = to.packing_of(node);
    const ValueId x = node.inputs[0], y = node.outputs[0];
    if (packing == Packing::c16) {
        to.view(y, packing, to.read(x, packing));
        return;
    }
    to.require_equal(element_count(to.shape(x)), element_count(to.shape(y)), "numbers of elements");
    Location at = to.read_dense(x);
    at.strides = dense_strides(to.shape(y));
    if (is_view(to.network(), node, packing))
        to.view(y, packing, at);
    else
        copy_to_place(to, y, start_of(at), at.strides);
}

void lower_transpose(Lowering& to, const Node& node) {
    const auto& op = std::get<TransposeOp>(node.op);
    const Location& at = to.read(node.inputs[0], Packing::planar);
    std::vector<Size> strides;
    for (const int64_t axis : op.perm) strides.push_back(at.strides[static_cast<size_t>(axis)]);
    copy_to_place(to, node.outputs[0], start_of(at), strides);
}

void lower_expand(Lowering& to, const Node& node) {
    const Location& at = to.read(node.inputs[0], Packing::planar);
    const std::vector<Size>&from = to.shape(node.inputs[0]), &shape = to.shape(node.outputs[0]);
    std::vector<Size> strides(shape.size(), Size(0));
    const size_t shift = shape.size() - from.size();
    for (size_t d = 0; d < from.size(); ++d) {
        if (from[d].integer() == 1 && shape[d + shift].integer() != 1) continue;
        to.require_equal(from[d], shape[d + shift], "extents of input and result");
        strides[d + shift] = at.strides[d];
    }
    copy_to_place(to, node.outputs[0], start_of(at), strides);
}

void lower_depth_to_space(Lowering& to, const Node& node) {
    if (is_read_by_argmax(to, node)) return;
    const auto& op = std::get<DepthToSpaceOp>(node.op);
    const ValueId x = node.inputs[0], y = node.outputs[0];
    const Location& from = to.read(x, Packing::planar);
    const Location& out = to.place(y, Packing::planar);
    if (from.element == ElementType::f32) {
        DepthToSpaceSpec spec;
        spec.column_row_depth = op.column_row_depth;
        to.step(spec, {planar_image(from, to.shape(x)), IntegerArg{Size(op.block)}, planar_image(out, to.shape(y))},
                to.hint_of(y));
        return;
    }
    const Size block = op.block, channels = to.shape(y)[1];
    const Size by = from.strides[1] * block * (op.column_row_depth ? Size(1) : channels);
    const Size bx = from.strides[1] * (op.column_row_depth ? Size(1) : channels);
    const Size c = from.strides[1] * (op.column_row_depth ? block * block : Size(1));
    to.copy(plan::size_of(from.element),
            {{to.shape(y)[0], from.strides[0], out.strides[0]},
             {channels, c, out.strides[1]},
             {to.shape(x)[2], from.strides[2], out.strides[2] * block},
             {block, by, out.strides[2]},
             {to.shape(x)[3], from.strides[3], out.strides[3] * block},
             {block, bx, out.strides[3]}},
            start_of(from), start_of(out));
}

// Output channel (by·block + bx)·C + c.
void lower_space_to_depth(Lowering& to, const Node& node) {
    const Size block = std::get<SpaceToDepthOp>(node.op).block;
    const ValueId x = node.inputs[0], y = node.outputs[0];
    const Location& from = to.read(x, Packing::planar);
    const Location& out = to.place(y, Packing::planar);
    const Size channels = to.shape(x)[1];
    to.copy(plan::size_of(from.element),
            {{to.shape(y)[0], from.strides[0], out.strides[0]},
             {block, from.strides[2], out.strides[1] * channels * block},
             {block, from.strides[3], out.strides[1] * channels},
             {channels, from.strides[1], out.strides[1]},
             {to.shape(y)[2], from.strides[2] * block, out.strides[2]},
             {to.shape(y)[3], from.strides[3] * block, out.strides[3]}},
            start_of(from), start_of(out));
}

void lower_cast(Lowering& to, const Node& node) {
    const ValueId x = node.inputs[0], y = node.outputs[0];
    const Location from = to.read_dense(x);
    const Location& out = to.place(y, Packing::planar);
    const auto line = [&](const Location& at) {
        return BufferView{at.tensor, at.element, at.offset, {{element_count(to.shape(x)), Size(1)}}};
    };
    CastSpec spec;
    spec.from = from.element;
    spec.to = out.element;
    to.step(spec, {line(from), line(out)});
}

// The kernel pads four dimensions; neighbours that nobody pads and that lie without a gap count as one.
void lower_pad(Lowering& to, const Node& node) {
    const auto& op = std::get<PadOp>(node.op);
    const ValueId x = node.inputs[0], y = node.outputs[0];
    if (to.value(x).type != ElementType::f32)
        to.refuse("pads elements that are not float32", "only float32 is supported in what depends on the input");
    struct Axis {
        Size in, out, from, to, begin;
        bool padded;
    };
    const Location& from = to.read(x, Packing::planar);
    const Location& out = to.place(y, Packing::planar);
    std::vector<Axis> axes;  // innermost first
    for (size_t d = op.begin.size(); d-- > 0;) {
        const Axis axis{to.shape(x)[d], to.shape(y)[d], from.strides[d],
                        out.strides[d], op.begin[d],    op.begin[d].integer() != 0 || op.end[d].integer() != 0};
        if (!axes.empty() && !axis.padded && !axes.back().padded && axis.from == axes.back().from * axes.back().in &&
            axis.to == axes.back().to * axes.back().out) {
            axes.back().in = axes.back().out = axes.back().in * axis.in;
            continue;
        }
        axes.push_back(axis);
    }
    if (axes.size() > 4) to.refuse("pads a tensor of more than four dimensions", "reshape it to four");
    while (axes.size() < 4)
        axes.push_back({Size(1), Size(1), Size(axes.empty() ? 1 : 0), Size(axes.empty() ? 1 : 0), Size(0), false});
    PadSpec spec;
    spec.mode = op.mode;
    BufferView in = start_of(from), padded = start_of(out);
    std::vector<PlanArg> begins;
    for (const Axis& axis : axes) {
        in.dims.push_back({axis.in, axis.from});
        padded.dims.push_back({axis.out, axis.to});
        begins.push_back(IntegerArg{axis.begin});
    }
    std::vector<PlanArg> args{in};
    args.insert(args.end(), begins.begin(), begins.end());
    args.push_back(FloatArg{Size(static_cast<double>(op.value))});
    args.push_back(padded);
    to.step(spec, args, to.hint_of(y));
}

}  // namespace atrous
