// Transposed convolutions: phase by phase; depthwise and planar, all phases of a row at once; or as lower_phased.cpp
// does.
#include "compiler/lower_conv.h"

namespace atrous {
namespace {

// Every stride-th pixel of an image, from (phase_x, phase_y) on.
BufferView every_pixel(BufferView view, Packing packing, const Pair& stride, const Pair& phase, const Size& width,
                       const Size& height) {
    ViewDim &x = view.dims[packing == Packing::c16 ? 1 : 0], &y = view.dims[packing == Packing::c16 ? 2 : 1];
    view.offset = view.offset + Size(phase[1]) * x.stride + Size(phase[0]) * y.stride;
    x = {width, x.stride * Size(stride[1])};
    y = {height, y.stride * Size(stride[0])};
    return view;
}

// Outputs that no tap reaches are the activation of the bias.
void write_bias(Lowering& to, const Node& node, const Call& call, const BufferView& out, const SizeHint& hint,
                const Size& skip) {
    const auto spread = [&](BufferView vector) {
        vector.dims = {vector.dims[0],
                       {out.dims[1].extent, Size(0)},
                       {out.dims[2].extent, Size(0)},
                       vector.dims[1],
                       {out.dims[4].extent, Size(0)}};
        return vector;
    };
    ElementwiseSpec spec;
    spec.packing = Packing::c16;
    spec.function = node.fused.activation;
    std::vector<PlanArg> args{spread(call.bias)};
    if (is_given(call.slope)) args.push_back(spread(call.slope));
    args.push_back(IntegerArg{Size(call.channels_out)});
    args.push_back(FloatArg{Size(static_cast<double>(node.fused.alpha))});
    args.push_back(FloatArg{Size(static_cast<double>(node.fused.beta))});
    args.push_back(out);
    to.step(spec, args, hint, skip);
}

void lower_planar_transposed(Lowering& to, const Node& node, const TransposedConvOp& op, const Call& call) {
    TransposedConvSpec spec;
    spec.kernel_x = static_cast<int>(op.kernel[1]);
    spec.kernel_y = static_cast<int>(op.kernel[0]);
    spec.stride_x = static_cast<int>(op.stride[1]);
    spec.stride_y = static_cast<int>(op.stride[0]);
    spec.activation = node.fused.activation;
    spec.residual = node.fused.residual;
    const int64_t in = call.channels_in / op.groups, out = call.channels_out / op.groups;
    const BufferView weights = to.weights(to.numbers(call.operands.weights),
                                          {Size(op.kernel[1]), Size(op.kernel[0]), Size(out), Size(call.channels_in)},
                                          to.value(call.operands.weights).name);
    const Window window{op.dilation[1], op.dilation[0], op.pad_begin[1], op.pad_begin[0]};
    to.step(spec, arguments(to, call, node, weights, window, {in, out}, call.residual, call.out),
            to.hint_of(image_of(to.shape(node.outputs[0])), call.channels_in, call.channels_out));
}

// Taps of all outputs of an input pixel, k = u + pad − stride·m for input j + m: those that do not exist are zero.
struct Widened {
    int64_t first = 0, taps = 1;  // m
    std::vector<float> weights;   // (u, tap, ky, c), innermost first
};

Widened widen(const DenseWeights& rows, int64_t stride, int64_t pad) {
    const int64_t kernel = rows.kernel_x;
    Widened result;
    const auto floored = [&](int64_t a) { return (a - (a % stride + stride) % stride) / stride; };
    result.first = -floored(kernel - 1 - pad);
    result.taps = floored(stride - 1 + pad) - result.first + 1;
    for (int64_t row = 0; row < rows.channels_out * rows.kernel_y; ++row)
        for (int64_t t = 0; t < result.taps; ++t)
            for (int64_t u = 0; u < stride; ++u) {
                const int64_t k = u + pad - stride * (result.first + t);
                result.weights.push_back(k >= 0 && k < kernel ? rows.numbers[static_cast<size_t>(row * kernel + k)]
                                                              : 0.0f);
            }
    return result;
}

// A copy of the node's input, planar, with its halo of zeros around it.
BufferView padded_input(Lowering& to, const Node& node) {
    const ValueId x = node.inputs[0];
    const BufferView image = planar_image(to.read(x, Packing::planar), to.shape(x));
    const Halo halo = halo_of(to.network(), node);
    std::vector<Size> extents;
    for (const ViewDim& dim : image.dims) extents.push_back(dim.extent);
    extents[0] = extents[0] + Size(halo.left + halo.right);
    extents[1] = extents[1] + Size(halo.top + halo.bottom);
    const Size elements = extents[0] * extents[1] * extents[2] * extents[3];
    BufferView padded = dense_view(to.temporary(elements, to.value(x).name + " padded"), ElementType::f32, extents);
    to.side_step(PadSpec{}, {image, IntegerArg{Size(halo.left)}, IntegerArg{Size(halo.top)}, IntegerArg{Size(0)},
                             IntegerArg{Size(0)}, FloatArg{Size(0)}, padded});
    padded.offset = Size(halo.left) + Size(halo.top) * padded.dims[1].stride;
    for (size_t d = 0; d < 2; ++d) padded.dims[d].extent = image.dims[d].extent;
    return padded;
}

// Depthwise and planar: one call per phase in y, for all phases in x.
void lower_widening(Lowering& to, const Node& node, const TransposedConvOp& op, const Call& all) {
    Call call = all;
    call.x = {padded_input(to, node)};
    const ImageShape shape = image_of(to.shape(node.outputs[0]));
    const Size width = phase_extent(shape.w, op.stride[1], 0);
    const auto phase_rows = [&](BufferView view, int64_t v, const Size& height) {
        const ViewDim x = view.dims[0], y = view.dims[1];
        view.offset = view.offset + Size(v) * y.stride;
        view.dims = {{Size(op.stride[1]), x.stride},
                     {width, x.stride * Size(op.stride[1])},
                     {height, y.stride * Size(op.stride[0])},
                     view.dims[2],
                     view.dims[3]};
        return view;
    };
    for (int64_t v = 0; v < op.stride[0]; ++v) {
        const Phase y = phase_of(op, 0, v);
        const Size rows = phase_extent(shape.h, op.stride[0], v), skip = less(minimum(rows, width), Size(1));
        if (skip.integer() == 1) continue;
        const Size height = maximum(rows, Size(0));
        // phase_weights turns the taps of a phase around: here x keeps all of them, in their order.
        const int64_t last = op.kernel[1] - 1;
        const DenseWeights dense =
            phase_weights(to.numbers(call.operands.weights), call.channels_in, 1, op.groups, op.kernel[0], op.kernel[1],
                          {y.taps, y.first, y.step}, {op.kernel[1], last, -1});
        const Widened wide = widen(dense, op.stride[1], op.pad_begin[1]);
        auto spec = spec_of<DepthwiseConvSpec>(node, Packing::planar, y.taps, wide.taps, {1, 1});
        spec.widening = static_cast<int>(op.stride[1]);
        const BufferView weights =
            to.weights(wide.weights, {Size(op.stride[1]), Size(wide.taps), Size(y.taps), Size(call.channels_out)},
                       to.value(call.operands.weights).name);
        const Window window{1, y.dilation, -wide.first, y.pad_begin};
        const BufferView residual = is_given(call.residual) ? phase_rows(call.residual, v, height) : BufferView{};
        to.step(spec, arguments(to, call, node, weights, window, {}, residual, phase_rows(call.out, v, height)),
                to.hint_of(shape, call.channels_in, call.channels_out), skip);
    }
}

// One call per phase. The x of each is the same; taps, output pixels and how far the taps reach differ.
void lower_each_phase(Lowering& to, const Node& node, const TransposedConvOp& op, const Call& call) {
    const ImageShape shape = image_of(to.shape(node.outputs[0]));
    const bool depthwise = is_depthwise(to.network(), node);
    const std::vector<float>& numbers = to.numbers(call.operands.weights);
    for (int64_t v = 0; v < op.stride[0]; ++v)
        for (int64_t u = 0; u < op.stride[1]; ++u) {
            const Phase y = phase_of(op, 0, v), x = phase_of(op, 1, u);
            const Size width = phase_extent(shape.w, op.stride[1], u), height = phase_extent(shape.h, op.stride[0], v);
            const Size some = minimum(width, height), skip = less(some, Size(1));
            if (skip.integer() == 1) continue;
            const Size w = maximum(width, Size(0)), h = maximum(height, Size(0));
            const BufferView out = every_pixel(call.out, call.packing, op.stride, {v, u}, w, h);
            const SizeHint hint = to.hint_of({shape.n, shape.c, h, w}, call.channels_in, call.channels_out);
            if (x.taps == 0 || y.taps == 0) {
                write_bias(to, node, call, rows_of(to, call, out), hint, skip);
                continue;
            }
            const BufferView residual = is_given(call.residual)
                                            ? every_pixel(call.residual, call.packing, op.stride, {v, u}, w, h)
                                            : BufferView{};
            const DenseWeights weights =
                phase_weights(numbers, call.channels_in, call.channels_out / op.groups, op.groups, op.kernel[0],
                              op.kernel[1], {y.taps, y.first, y.step}, {x.taps, x.first, x.step});
            const auto& call_kernel = depthwise ? call_depthwise : call_convolution;
            call_kernel(to, node, call, weights, window_of(y, x), {1, 1}, residual, out, hint, skip);
        }
}

}  // namespace

std::vector<ConvPart> phase_parts(const Lowering& to, const Node& node, Packing packing) {
    const auto& op = std::get<TransposedConvOp>(node.op);
    const ImageShape out = image_of(to.shape(node.outputs[0]));
    std::vector<ConvPart> parts;
    for (int64_t v = 0; v < op.stride[0]; ++v)
        for (int64_t u = 0; u < op.stride[1]; ++u) {
            const Phase y = phase_of(op, 0, v), x = phase_of(op, 1, u);
            if (x.taps == 0 || y.taps == 0) continue;
            const ImageShape phase{out.n, out.c, phase_extent(out.h, op.stride[0], v),
                                   phase_extent(out.w, op.stride[1], u)};
            parts.push_back(conv_part(to, node, {y.taps, x.taps}, window_of(y, x), {1, 1}, phase, packing));
        }
    return parts;
}

void call_transposed(Lowering& to, const Node& node, const TransposedConvOp& op, const Call& call) {
    if (call.packing == Packing::c16)
        lower_each_phase(to, node, op, call);
    else if (can_widen(to.network(), node))
        lower_widening(to, node, op, call);
    else if (is_phased(to.network(), node, to.options().targets[0]))
        lower_phased(to, node, op, call);
    else
        lower_planar_transposed(to, node, op, call);
}

}  // namespace atrous
