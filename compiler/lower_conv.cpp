// Convolutions, matrix products and transposed convolutions, with what was fused into them.
#include <algorithm>
#include <optional>

#include "compiler/lowering.h"
#include "compiler/phases.h"
#include "compiler/repack.h"

namespace atrous {
namespace {

// Which of the node's inputs fusion has put where.
struct Operands {
    ValueId x = no_value, weights = no_value, bias = no_value, slope = no_value, residual = no_value;
};

Operands operands_of(const Node& node) {
    Operands result{node.inputs[0], node.inputs[1]};
    if (node.inputs.size() > 2) result.bias = node.inputs[2];
    size_t next = 3;
    if (node.fused.activation == ElementwiseFunction::prelu) result.slope = node.inputs.at(next++);
    if (node.fused.residual != Residual::none) result.residual = node.inputs.at(next);
    return result;
}

// Everything that does not change between the phases of a transposed convolution.
struct Call {
    Operands operands;
    Packing packing = Packing::planar;
    int64_t channels_in = 1, channels_out = 1, groups = 1;
    BufferView out, residual, bias, slope;
};

Call call_of(Lowering& to, const Node& node, int64_t groups) {
    Call call{operands_of(node), to.packing_of(node)};
    call.groups = groups;
    call.channels_in = fixed_extent(to.value(call.operands.x), 1);
    call.channels_out = fixed_extent(to.value(node.outputs[0]), 1);
    if (!to.is_put_off(call.operands.x)) to.read(call.operands.x, call.packing);  // before the output takes its place
    call.bias = to.channel_vector(call.operands.bias, call.channels_out, call.packing);
    if (has(call.operands.slope)) call.slope = to.channel_vector(call.operands.slope, call.channels_out, call.packing);
    if (has(call.operands.residual))
        call.residual = image_view(to.read(call.operands.residual, call.packing), to.shape(call.operands.residual));
    call.out = image_view(to.place(node.outputs[0], call.packing), to.shape(node.outputs[0]));
    return call;
}

struct Window {
    int64_t dilation_x = 1, dilation_y = 1, pad_left = 0, pad_top = 0;
};

// Input, weights, bias, [slope], [residual], window, what the spec asks for besides, parameters, output.
std::vector<PlanArg> arguments(Lowering& to, const Call& call, const Node& node, const BufferView& weights,
                               const Window& window, const std::vector<int64_t>& besides, const BufferView& residual,
                               const BufferView& out) {
    const ValueId x = call.operands.x;
    std::vector<PlanArg> args{image_view(to.read(x, call.packing), to.shape(x)), weights, call.bias};
    if (has(call.operands.slope)) args.push_back(call.slope);
    if (has(call.operands.residual)) args.push_back(residual);
    for (const int64_t number : {window.dilation_x, window.dilation_y, window.pad_left, window.pad_top})
        args.push_back(IntegerArg{Size(number)});
    for (const int64_t number : besides) args.push_back(IntegerArg{Size(number)});
    args.push_back(FloatArg{Size(static_cast<double>(node.fused.alpha))});
    args.push_back(FloatArg{Size(static_cast<double>(node.fused.beta))});
    args.push_back(out);
    return args;
}

template <class Spec>
Spec spec_of(const Node& node, Packing packing, int64_t kernel_y, int64_t kernel_x, const Pair& stride) {
    Spec spec;
    spec.packing = packing;
    spec.kernel_x = static_cast<int>(kernel_x);
    spec.kernel_y = static_cast<int>(kernel_y);
    spec.stride_x = static_cast<int>(stride[1]);
    spec.stride_y = static_cast<int>(stride[0]);
    spec.activation = node.fused.activation;
    spec.residual = node.fused.residual;
    return spec;
}

// What choosing among algorithms needs of one axis, if its sizes are known.
std::optional<ConvAxis> known_axis(const Size& x, const Size& out, int64_t taps, int64_t stride, int64_t dilation,
                                   int64_t pad) {
    constexpr int64_t limit = 1 << 20;  // sums of a few such numbers are whole in 32 bits
    const auto in = x.integer(), end = out.integer();
    if (!in || !end) return {};
    for (const int64_t number : {*in, *end, taps, stride, dilation, pad})
        if (number < 0 || number > limit) return {};
    const auto narrow = [](int64_t number) { return static_cast<int>(number); };
    return ConvAxis{narrow(*end), narrow(*in), narrow(taps), narrow(stride), narrow(dilation), narrow(pad)};
}

// Both axes of a convolution, as far as they are known.
struct ConvAxes {
    std::optional<ConvAxis> x, y;

    ConvAxes(const ImageShape& in, const Size& width, const Size& height, const ConvSpec& spec, const Window& window)
        : x(known_axis(in.w, width, spec.kernel_x, spec.stride_x, window.dilation_x, window.pad_left)),
          y(known_axis(in.h, height, spec.kernel_y, spec.stride_y, window.dilation_y, window.pad_top)) {}
    double share() const { return x && y ? direct_share(*x, *y) : 1; }
};

// Columns of an image, blocked.
BufferView columns_of(BufferView view, const ConvColumns& columns) {
    ViewDim& x = view.dims[1];
    view.offset = view.offset + Size(columns.begin) * x.stride;
    x.extent = Size(columns.end - columns.begin);
    return view;
}

// Those taps of packed weights that a piece of a row needs.
BufferView taps_of(BufferView weights, const ConvColumns& columns) {
    ViewDim& x = weights.dims[2];
    weights.offset = weights.offset + Size(columns.first_tap) * x.stride;
    x.extent = Size(columns.taps);
    return weights;
}

// One call of a dense convolution kernel: a Conv, a Linear, or a phase of a transposed one.
void call_convolution(Lowering& to, const Node& node, const Call& call, const DenseWeights& weights,
                      const Window& window, const Pair& stride, const BufferView& residual, const BufferView& out,
                      const SizeHint& hint, const Size& skip) {
    ConvSpec spec = spec_of<ConvSpec>(node, call.packing, weights.kernel_y, weights.kernel_x, stride);
    spec.grouped = call.groups > 1;
    const bool blocked = call.packing == Packing::c16;
    const std::string& name = to.value(call.operands.weights).name;
    const Size kx = weights.kernel_x, ky = weights.kernel_y, ci = weights.channels_in, co = weights.channels_out;
    const BufferView packed = blocked
                                  ? to.weights(pack_conv_weights(weights),
                                               {Size(channel_block), Size(packed_inner_channels(weights.channels_in)),
                                                kx, ky, channel_blocks(ci), channel_blocks(co)},
                                               name)
                                  : to.weights(weights.numbers, {kx, ky, ci, co}, name);
    const int64_t per_group = call.channels_out / call.groups;
    const int64_t out_per_group = blocked ? (per_group + channel_block - 1) / channel_block : per_group;
    std::vector<ConvColumns> pieces;
    if (blocked) {
        const ConvAxes axes(image_of(to.shape(call.operands.x)), out.dims[1].extent, out.dims[2].extent, spec, window);
        if (lower_winograd(to, {spec, hint, name, to.read_blocks(call.operands.x), packed, call.bias, call.slope,
                                residual, out, window.dilation_x, window.dilation_y, window.pad_left, window.pad_top,
                                node.fused.alpha, node.fused.beta, axes.share()}))
            return;
        if (axes.x) pieces = split_columns(*axes.x);
    }
    if (pieces.empty() || (pieces.size() == 1 && pieces[0].taps == spec.kernel_x))
        return to.step(spec, arguments(to, call, node, packed, window, {out_per_group}, residual, out), hint, skip);
    // In pieces of a row, which leaves much of the padding out.
    for (const ConvColumns& piece : pieces) {
        spec.kernel_x = piece.taps;
        Window shifted = window;
        shifted.pad_left -= piece.first_tap * window.dilation_x + int64_t{piece.begin} * spec.stride_x;
        SizeHint narrow = hint;
        narrow.width = piece.end - piece.begin;
        const BufferView added = has(call.operands.residual) ? columns_of(residual, piece) : residual;
        to.step(
            spec,
            arguments(to, call, node, taps_of(packed, piece), shifted, {out_per_group}, added, columns_of(out, piece)),
            narrow, skip);
    }
}

// To a few channels: reads blocks, makes planes.
void lower_narrow(Lowering& to, const Node& node, const ConvOp& op) {
    NarrowConvSpec spec;
    spec.kernel_x = static_cast<int>(op.kernel[1]);
    spec.kernel_y = static_cast<int>(op.kernel[0]);
    spec.stride_x = static_cast<int>(op.stride[1]);
    spec.stride_y = static_cast<int>(op.stride[0]);
    spec.activation = node.fused.activation;
    const Operands operands = operands_of(node);
    const int64_t in = fixed_extent(to.value(operands.x), 1), out = fixed_extent(to.value(node.outputs[0]), 1);
    // To the lanes, an output channel is a depthwise convolution of all input channels.
    const std::vector<float>& numbers = to.numbers(operands.weights);
    const int64_t each = in * op.kernel[0] * op.kernel[1];
    std::vector<float> packed;
    for (int64_t co = 0; co < out; ++co) {
        const std::vector<float> filter = pack_depthwise_weights(
            {in, 1, op.kernel[0], op.kernel[1], {numbers.begin() + co * each, numbers.begin() + (co + 1) * each}});
        packed.insert(packed.end(), filter.begin(), filter.end());
    }
    const BufferView x = image_view(to.read(operands.x, Packing::c16), to.shape(operands.x));
    std::vector<PlanArg> args{
        x,
        to.weights(packed, {Size(channel_block), Size(op.kernel[1]), Size(op.kernel[0]), channel_blocks(in), Size(out)},
                   to.value(operands.weights).name),
        to.channel_vector(operands.bias, out, Packing::planar)};
    if (has(operands.slope)) args.push_back(to.channel_vector(operands.slope, out, Packing::planar));
    for (const int64_t number : {op.dilation[1], op.dilation[0], op.pad_begin[1], op.pad_begin[0]})
        args.push_back(IntegerArg{Size(number)});
    args.push_back(FloatArg{Size(static_cast<double>(node.fused.alpha))});
    args.push_back(FloatArg{Size(static_cast<double>(node.fused.beta))});
    args.push_back(image_view(to.place(node.outputs[0], Packing::planar), to.shape(node.outputs[0])));
    to.step(spec, args, to.hint_of(image_of(to.shape(node.outputs[0])), in, out));
}

void call_depthwise(Lowering& to, const Node& node, const Call& call, const DenseWeights& weights, const Window& window,
                    const Pair& stride, const BufferView& residual, const BufferView& out, const SizeHint& hint,
                    const Size& skip) {
    const auto spec = spec_of<DepthwiseConvSpec>(node, call.packing, weights.kernel_y, weights.kernel_x, stride);
    const std::string& name = to.value(call.operands.weights).name;
    const Size kx = weights.kernel_x, ky = weights.kernel_y, c = weights.channels_out;
    const BufferView packed =
        call.packing == Packing::c16
            ? to.weights(pack_depthwise_weights(weights), {Size(channel_block), kx, ky, channel_blocks(c)}, name)
            : to.weights(weights.numbers, {kx, ky, Size(1), c}, name);
    to.step(spec, arguments(to, call, node, packed, window, {}, residual, out), hint, skip);
}

double output_numbers(Lowering& to, ValueId v) {
    double count = 1;
    for (const Size& extent : to.shape(v)) count *= static_cast<double>(to.at_hint(extent));
    return count;
}

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
    if (has(call.operands.slope)) args.push_back(spread(call.slope));
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

// Depthwise and planar: one call per phase in y, for all phases in x.
void lower_widening(Lowering& to, const Node& node, const TransposedConvOp& op, const Call& call) {
    const ImageShape shape = image_of(to.shape(node.outputs[0]));
    const Size width = phase_extent(shape.w, op.stride[1], 0);
    const auto rows_of = [&](BufferView view, int64_t v, const Size& height) {
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
        const BufferView residual = has(call.operands.residual) ? rows_of(call.residual, v, height) : BufferView{};
        to.step(spec, arguments(to, call, node, weights, window, {}, residual, rows_of(call.out, v, height)),
                to.hint_of(shape, call.channels_in, call.channels_out), skip);
    }
}

// One call per phase. The x of each is the same; taps, output pixels and how far the taps reach differ.
void lower_phases(Lowering& to, const Node& node, const TransposedConvOp& op, const Call& call) {
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
                write_bias(to, node, call, out, hint, skip);
                continue;
            }
            const BufferView residual = has(call.operands.residual)
                                            ? every_pixel(call.residual, call.packing, op.stride, {v, u}, w, h)
                                            : BufferView{};
            const DenseWeights weights =
                phase_weights(numbers, call.channels_in, call.channels_out / op.groups, op.groups, op.kernel[0],
                              op.kernel[1], {y.taps, y.first, y.step}, {x.taps, x.first, x.step});
            const Window window{x.dilation, y.dilation, x.pad_begin, y.pad_begin};
            const auto& call_kernel = depthwise ? call_depthwise : call_convolution;
            call_kernel(to, node, call, weights, window, {1, 1}, residual, out, hint, skip);
        }
}

}  // namespace

void lower_convolution(Lowering& to, const Node& node) {
    const auto& op = std::get<ConvOp>(node.op);
    to.count_flop(
        2.0 * output_numbers(to, node.outputs[0]) *
        static_cast<double>(fixed_extent(to.value(node.inputs[0]), 1) / op.groups * op.kernel[0] * op.kernel[1]));
    if (to.is_narrow(node)) return lower_narrow(to, node, op);
    const Call call = call_of(to, node, op.groups);
    const DenseWeights weights{call.channels_out, call.channels_in / op.groups, op.kernel[0], op.kernel[1],
                               to.numbers(call.operands.weights)};
    const Window window{op.dilation[1], op.dilation[0], op.pad_begin[1], op.pad_begin[0]};
    const SizeHint hint = to.hint_of(image_of(to.shape(node.outputs[0])), call.channels_in, call.channels_out);
    const auto& call_kernel = is_depthwise(to.network(), node) ? call_depthwise : call_convolution;
    call_kernel(to, node, call, weights, window, op.stride, call.residual, call.out, hint, Size(0));
}

bool is_for_winograd(const Lowering& to, const Node& node) {
    const auto* op = std::get_if<ConvOp>(&node.op);
    if (!op || op->groups != 1) return false;
    const Value &x = to.value(node.inputs[0]), &y = to.value(node.outputs[0]);
    const ImageShape in = image_of(x.shape), out = image_of(y.shape);
    const auto spec = spec_of<ConvSpec>(node, Packing::c16, op->kernel[0], op->kernel[1], op->stride);
    const Window window{op->dilation[1], op->dilation[0], op->pad_begin[1], op->pad_begin[0]};
    return winograd_choice(to.options(), spec, to.hint_of(out, fixed_extent(x, 1), fixed_extent(y, 1)),
                           window.dilation_x, window.dilation_y, ConvAxes(in, out.w, out.h, spec, window).share())
        .has_value();
}

void lower_linear(Lowering& to, const Node& node) {
    const Call call = call_of(to, node, 1);
    const std::vector<float>& numbers = to.numbers(call.operands.weights);
    DenseWeights weights{call.channels_out, call.channels_in, 1, 1, std::vector<float>(numbers.size())};
    for (int64_t in = 0; in < call.channels_in; ++in)  // stored (K, M), wanted (M, K)
        for (int64_t out = 0; out < call.channels_out; ++out)
            weights.numbers[static_cast<size_t>(out * call.channels_in + in)] =
                numbers[static_cast<size_t>(in * call.channels_out + out)];
    const SizeHint hint = to.hint_of(image_of(to.shape(node.outputs[0])), call.channels_in, call.channels_out);
    call_convolution(to, node, call, weights, {}, {1, 1}, call.residual, call.out, hint, Size(0));
    to.count_flop(2.0 * output_numbers(to, node.outputs[0]) * static_cast<double>(call.channels_in));
}

void lower_transposed_convolution(Lowering& to, const Node& node) {
    const auto& op = std::get<TransposedConvOp>(node.op);
    const Call call = call_of(to, node, op.groups);
    if (call.packing == Packing::c16)
        lower_phases(to, node, op, call);
    else if (can_widen(to.network(), node))
        lower_widening(to, node, op, call);
    else
        lower_planar_transposed(to, node, op, call);
    const int64_t products = call.channels_out / op.groups * op.kernel[0] * op.kernel[1];  // per input number
    to.count_flop(2.0 * output_numbers(to, call.operands.x) * static_cast<double>(products));
}

}  // namespace atrous
