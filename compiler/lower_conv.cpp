// Convolutions and matrix products, with what was fused into them.
#include "compiler/lower_conv.h"

#include <algorithm>

#include "schedules/conv_columns.h"

namespace atrous {
namespace {

Operands operands_of(const Node& node) {
    Operands result{node.inputs[0], node.inputs[1]};
    if (node.inputs.size() > 2) result.bias = node.inputs[2];
    size_t next = 3;
    if (node.fused.activation == ElementwiseFunction::prelu) result.slope = node.inputs.at(next++);
    if (node.fused.residual != Residual::none) result.residual = node.inputs.at(next);
    return result;
}

double output_numbers(const Lowering& to, ValueId v) {
    double count = 1;
    for (const Size& extent : to.shape(v)) count *= static_cast<double>(to.at_hint(extent));
    return count;
}

int64_t groups_of(const Node& node) {
    if (const auto* conv = std::get_if<ConvOp>(&node.op)) return conv->groups;
    const auto* transposed = std::get_if<TransposedConvOp>(&node.op);
    return transposed ? transposed->groups : 1;
}

}  // namespace

ImageShape Call::shape() const {
    if (writes_planes || packing == Packing::planar)
        return {out.dims[3].extent, Size(channels_out), out.dims[1].extent, out.dims[0].extent};
    return {out.dims[4].extent, Size(channels_out), out.dims[2].extent, out.dims[1].extent};
}

Call call_of(Lowering& to, const Node& node) {
    Call call{operands_of(node), to.packing_of(node)};
    call.reads_planes = reads_planes(to, node);
    call.writes_planes = writes_planes(to, node);
    call.groups = groups_of(node);
    call.channels_in = fixed_extent(to.value(call.operands.x), 1);
    call.channels_out = fixed_extent(to.value(node.outputs[0]), 1);
    if (!to.is_put_off(call.operands.x))  // before the output takes its place
        to.read(call.operands.x, call.reads_planes ? Packing::planar : call.packing);
    call.bias = to.channel_vector(call.operands.bias, call.channels_out, call.packing);
    if (has(call.operands.slope)) call.slope = to.channel_vector(call.operands.slope, call.channels_out, call.packing);
    if (has(call.operands.residual))
        call.residual = image_view(to.read(call.operands.residual, call.packing), to.shape(call.operands.residual));
    if (call.reads_planes) call.x = {image_view(to.read(call.operands.x, Packing::planar), to.shape(call.operands.x))};
    const ValueId y = node.outputs[0];
    call.out = image_view(to.place(y, call.writes_planes ? Packing::planar : call.packing), to.shape(y));
    return call;
}

Window window_of(const ConvOp& op) {
    return {op.dilation[1], op.dilation[0], op.pad_begin[1], op.pad_begin[0], op.kernel[0], op.stride[0]};
}

Window window_of(const Phase& y, const Phase& x) {
    return {x.dilation, y.dilation, x.pad_begin, y.pad_begin, y.taps, 1};
}

BufferView rows_of(const Lowering& to, const Call& call, BufferView view) {
    if (!call.rows || view.tensor == plan::none) return view;
    if (!to.is_scratch(view.tensor)) return moving(std::move(view), 2, *call.rows);
    view.dims[2].extent = *call.rows;
    return view;
}

namespace {

// The rows that the kernel's window takes from an input, zeros around it included.
BufferView rows_read(const Lowering& to, const Call& call, const Window& window, BufferView view) {
    ViewDim& y = view.dims[2];
    view.offset = view.offset - Size(window.pad_top) * y.stride;
    y.extent = (*call.rows - Size(1)) * Size(window.stride_y) + Size((window.kernel_y - 1) * window.dilation_y + 1);
    if (!to.is_scratch(view.tensor)) view.per_iteration = *call.rows * Size(window.stride_y) * y.stride;
    return view;
}

}  // namespace

std::vector<PlanArg> arguments(Lowering& to, const Call& call, const Node& node, const BufferView& weights,
                               const Window& window, const std::vector<int64_t>& besides, const BufferView& residual,
                               const BufferView& out) {
    const ValueId x = call.operands.x;
    const BufferView image = !call.x.empty() ? call.x.front() : image_view(to.read(x, call.packing), to.shape(x));
    std::vector<PlanArg> args{call.rows ? rows_read(to, call, window, image) : image, weights, call.bias};
    if (is_given(call.slope)) args.push_back(call.slope);
    if (is_given(residual)) args.push_back(rows_of(to, call, residual));
    const int64_t pad_top = call.rows ? 0 : window.pad_top;  // the rows begin with it
    for (const int64_t number : {window.dilation_x, window.dilation_y, window.pad_left, pad_top})
        args.push_back(IntegerArg{Size(number)});
    for (const int64_t number : besides) args.push_back(IntegerArg{Size(number)});
    args.push_back(FloatArg{Size(static_cast<double>(node.fused.alpha))});
    args.push_back(FloatArg{Size(static_cast<double>(node.fused.beta))});
    args.push_back(rows_of(to, call, out));
    return args;
}

namespace {

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
BufferView columns_of(const BufferView& view, const ConvColumns& columns) {
    return cut(view, 1, Size(columns.begin), Size(columns.end - columns.begin));
}

// Those taps of packed weights that a piece of a row needs.
BufferView taps_of(const BufferView& weights, const ConvColumns& columns) {
    return cut(weights, 2, Size(columns.first_tap), Size(columns.taps));
}

}  // namespace

namespace {

SizeHint tuned(SizeHint hint, const Lowering& to, const Node& node) {
    hint.tuning = to.tuning_of(node).kernel;
    return hint;
}

int narrowed(int64_t dilation) {
    return static_cast<int>(std::min<int64_t>(dilation, 1 << 30));
}

}  // namespace

namespace {

// The kernel's calls for one sum of products: one, or one for each piece of a row, which leaves much of the padding
// out.
void call_directly(Lowering& to, const Node& node, const Call& call, const ConvSpec& spec, const BufferView& weights,
                   const Window& window, const std::vector<ConvColumns>& pieces, const SizeHint& hint,
                   const Size& skip) {
    const int64_t per_group = call.channels_out / call.groups;
    const int64_t out_per_group =
        call.packing == Packing::c16 ? (per_group + channel_block - 1) / channel_block : per_group;
    if (pieces.empty() || (pieces.size() == 1 && pieces[0].taps == spec.kernel_x))
        return to.step(spec, arguments(to, call, node, weights, window, {out_per_group}, call.residual, call.out), hint,
                       skip);
    for (const ConvColumns& piece : pieces) {
        ConvSpec narrow_spec = spec;
        narrow_spec.kernel_x = piece.taps;
        Window shifted = window;
        shifted.pad_left -= piece.first_tap * window.dilation_x + int64_t{piece.begin} * spec.stride_x;
        SizeHint narrow = hint;
        narrow.width = piece.end - piece.begin;
        const BufferView residual = is_given(call.residual) ? columns_of(call.residual, piece) : call.residual;
        to.step(narrow_spec,
                arguments(to, call, node, taps_of(weights, piece), shifted, {out_per_group}, residual,
                          columns_of(call.out, piece)),
                narrow, skip);
    }
}

// Some of the blocks of an image that lies in several places, one after the other.
std::vector<BufferView> blocks_of(const std::vector<BufferView>& images, int64_t first, int64_t count) {
    std::vector<BufferView> some;
    for (const BufferView& image : images) {
        const int64_t blocks = *image.dims[3].extent.integer(), begin = std::clamp<int64_t>(first, 0, blocks),
                      end = std::clamp<int64_t>(first + count, 0, blocks);
        if (begin < end) some.push_back(cut(image, 3, Size(begin), Size(end - begin)));
        first -= blocks;
    }
    return some;
}

// How a convolution is computed.
struct Method {
    std::optional<WinogradChoice> winograd;
    std::vector<ConvColumns> pieces;  // of a row, when directly; none: all in one
    int parts = 1;                    // of the input channels
};

void call_once(Lowering& to, const Node& node, const Call& call, const ConvSpec& spec, const BufferView& weights,
               const Window& window, const Method& method, const SizeHint& hint, const Size& skip) {
    if (!method.winograd) return call_directly(to, node, call, spec, weights, window, method.pieces, hint, skip);
    const std::vector<BufferView> image = call.x.empty() ? to.read_blocks(call.operands.x) : call.x;
    lower_winograd(to,
                   {spec, hint, to.value(call.operands.weights).name, image, weights, call.bias, call.slope,
                    call.residual, call.out, call.reads_planes, call.writes_planes, call.shape(), window.dilation_x,
                    window.dilation_y, window.pad_left, window.pad_top, node.fused.alpha, node.fused.beta},
                   *method.winograd);
}

// Part after part of the input channels, each added to the sum of those before it.
void call_in_parts(Lowering& to, const Node& node, const Call& whole, const ConvSpec& all, const BufferView& weights,
                   const Window& window, const Method& method, const SizeHint& all_channels, const Size& skip) {
    const ImageShape shape = whole.shape();
    const std::vector<BufferView> x = to.read_blocks(whole.operands.x);
    const int64_t blocks = (whole.channels_in + channel_block - 1) / channel_block / method.parts;
    SizeHint hint = all_channels;
    hint.channels_in = static_cast<int>(blocks * channel_block);
    std::vector<BufferView> sums;  // two in turn, because a kernel does not write what it reads
    for (int i = 0; i < std::min(method.parts - 1, 2); ++i) {
        const uint32_t tensor = to.temporary(blocked_elements(shape, {}), node.name);
        sums.push_back(blocked_image(blocked_location(tensor, shape, {}), shape));
    }
    ConvSpec spec = all;
    for (int part = 0; part < method.parts; ++part) {
        const bool is_first = part == 0, is_last = part == method.parts - 1;
        Call call = whole;
        call.x = blocks_of(x, part * blocks, blocks);
        if (!is_first) {
            call.bias = to.channel_vector(no_value, whole.channels_out, whole.packing);
            call.residual = sums[static_cast<size_t>(part - 1) % 2];
            spec.residual = Residual::before_activation;
        }
        if (!is_last) {
            call.slope = {};
            call.out = sums[static_cast<size_t>(part) % 2];
        }
        spec.activation = is_last ? all.activation : ElementwiseFunction::identity;
        call_once(to, node, call, spec, cut(weights, 4, Size(part * blocks), Size(blocks)), window, method, hint, skip);
    }
    to.note_schedule(", from " + std::to_string(hint.channels_in) + " at a time");
}

Method choose_method(const Lowering& to, const Node& node, const Call& call, const ConvSpec& spec, const Window& window,
                     const SizeHint& hint) {
    Method method;
    if (call.packing != Packing::c16) return method;
    const ImageShape out = call.shape();
    const ConvAxes axes(image_of(to.shape(call.operands.x)), out.w, out.h, spec, window);
    const ConvPart part{spec, to.hints_of(out, hint.channels_in, hint.channels_out), narrowed(window.dilation_x),
                        narrowed(window.dilation_y), axes.share()};
    if (!call.rows) method.winograd = winograd_choice(to, node, part);
    if (!method.winograd && axes.x) method.pieces = split_columns(*axes.x);
    if (!call.rows)
        method.parts = channel_parts(method.winograd, spec, hint, part.dilation_x, part.dilation_y,
                                     to.options().targets[0], part.direct_share);
    return method;
}

// As the kernel wants them. A GPU's takes blocked ones in either order: in that of the CPU's, which they are stored in
// already, if the library is for both.
BufferView filters(Lowering& to, const ConvSpec& spec, const DenseWeights& weights, const Method& method,
                   const std::string& name) {
    const Size kx = weights.kernel_x, ky = weights.kernel_y, ci = weights.channels_in, co = weights.channels_out;
    if (spec.packing != Packing::c16 && !spec.blocked_filters)
        return to.weights(weights.numbers, {kx, ky, ci, co}, name);
    const int64_t lanes = packed_inner_channels(weights.channels_in), taps = weights.kernel_x * weights.kernel_y;
    FilterOrder order =
        method.winograd || spec.blocked_filters ? FilterOrder::taps_inside : FilterOrder::channels_inside;
    std::vector<float> packed = pack_conv_weights(weights, order);
    if (spec.blocked_filters && !to.has_weights(packed)) {
        order = FilterOrder::channels_inside;
        packed = pack_conv_weights(weights, order);
    }
    BufferView view =
        to.weights(packed, {Size(channel_block), Size(lanes), kx, ky, channel_blocks(ci), channel_blocks(co)}, name);
    if (order == FilterOrder::taps_inside) {
        view.dims[1].stride = Size(channel_block * taps);
        view.dims[2].stride = Size(channel_block);
        view.dims[3].stride = Size(channel_block) * kx;
    }
    return view;
}

}  // namespace

void call_convolution(Lowering& to, const Node& node, const Call& operands, const DenseWeights& weights,
                      const Window& window, const Pair& stride, const BufferView& residual, const BufferView& out,
                      const SizeHint& hint, const Size& skip) {
    Call call = operands;
    call.residual = residual;
    call.out = out;
    ConvSpec spec = spec_of<ConvSpec>(node, call.packing, weights.kernel_y, weights.kernel_x, stride);
    spec.grouped = call.groups > 1;
    const bool blocked = call.packing == Packing::c16;
    spec.blocked_filters = !blocked && wants_blocked_filters(spec, to.options().targets[0]);
    const Method method = choose_method(to, node, call, spec, window, hint);
    const BufferView packed = filters(to, spec, weights, method, to.value(call.operands.weights).name);
    // What was found for the product in Winograd's domain is not for phases that are not computed there.
    const bool is_other = !method.winograd && to.tuning_of(node).algorithm == OperatorTuning::Algorithm::winograd;
    const auto& compute = method.parts > 1 ? call_in_parts : call_once;
    compute(to, node, call, spec, packed, window, method, is_other ? hint : tuned(hint, to, node), skip);
}

namespace {

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
    to.count_flop(2.0 * output_numbers(to, node.outputs[0]) * static_cast<double>(each));
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

}  // namespace

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
    to.step(spec, arguments(to, call, node, packed, window, {}, residual, out), tuned(hint, to, node), skip);
}

namespace {

void call_conv(Lowering& to, const Node& node, const ConvOp& op, const Call& call) {
    const DenseWeights weights{call.channels_out, call.channels_in / op.groups, op.kernel[0], op.kernel[1],
                               to.numbers(call.operands.weights)};
    const SizeHint hint = to.hint_of(image_of(to.shape(node.outputs[0])), call.channels_in, call.channels_out);
    const auto& call_kernel = is_depthwise(to.network(), node) ? call_depthwise : call_convolution;
    call_kernel(to, node, call, weights, window_of(op), op.stride, call.residual, call.out, hint, Size(0));
}

}  // namespace

void convolve(Lowering& to, const Node& node, const Call& call) {
    if (const auto* op = std::get_if<ConvOp>(&node.op)) {
        const int64_t products = call.channels_in / op->groups * op->kernel[0] * op->kernel[1];  // per output number
        to.count_flop(2.0 * output_numbers(to, node.outputs[0]) * static_cast<double>(products));
        return call_conv(to, node, *op, call);
    }
    const auto& op = std::get<TransposedConvOp>(node.op);
    const int64_t products = call.channels_out / op.groups * op.kernel[0] * op.kernel[1];  // per input number
    to.count_flop(2.0 * output_numbers(to, call.operands.x) * static_cast<double>(products));
    call_transposed(to, node, op, call);
}

void lower_convolution(Lowering& to, const Node& node) {
    if (to.is_narrow(node))
        lower_narrow(to, node, std::get<ConvOp>(node.op));
    else
        convolve(to, node, call_of(to, node));
}

void lower_transposed_convolution(Lowering& to, const Node& node) {
    convolve(to, node, call_of(to, node));
}

ConvPart conv_part(const Lowering& to, const Node& node, const Pair& taps, const Window& window, const Pair& stride,
                   const ImageShape& out, Packing packing) {
    const int64_t channels_in = fixed_extent(to.value(node.inputs[0]), 1);
    const int64_t channels_out = fixed_extent(to.value(node.outputs[0]), 1);
    ConvPart part;
    part.sizes = to.hints_of(out, channels_in, channels_out);
    part.dilation_x = narrowed(window.dilation_x);
    part.dilation_y = narrowed(window.dilation_y);
    if (is_depthwise(to.network(), node)) {
        part.spec = spec_of<DepthwiseConvSpec>(node, packing, taps[0], taps[1], stride);
        return part;
    }
    auto spec = spec_of<ConvSpec>(node, packing, taps[0], taps[1], stride);
    spec.grouped = groups_of(node) > 1;
    spec.blocked_filters = packing == Packing::planar && wants_blocked_filters(spec, to.options().targets[0]);
    part.direct_share = ConvAxes(image_of(to.shape(node.inputs[0])), out.w, out.h, spec, window).share();
    part.spec = spec;
    return part;
}

std::vector<ConvPart> conv_parts(const Lowering& to, const Node& node, Packing packing) {
    const auto* op = std::get_if<ConvOp>(&node.op);
    if (!op) return phase_parts(to, node, packing);
    return {conv_part(to, node, op->kernel, window_of(*op), op->stride, image_of(to.shape(node.outputs[0])), packing)};
}

bool is_for_winograd(const Lowering& to, const Node& node) {
    if (groups_of(node) != 1) return false;
    if (!std::holds_alternative<ConvOp>(node.op) && !std::holds_alternative<TransposedConvOp>(node.op)) return false;
    return std::ranges::any_of(conv_parts(to, node, Packing::c16),
                               [&](const ConvPart& part) { return winograd_choice(to, node, part).has_value(); });
}

void lower_linear(Lowering& to, const Node& node) {
    const Call call = call_of(to, node);
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

}  // namespace atrous
