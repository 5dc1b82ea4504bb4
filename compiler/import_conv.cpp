#include <algorithm>

#include "compiler/import_operators.h"
#include "compiler/import_window.h"

namespace atrous {

namespace {

// The spatial part of the weights' shape; refused where the weights are not known.
std::vector<int64_t> weight_shape(NodeImport& node) {
    if (!node.known(1))
        node.refuse("its weights " + node.label(1) + " are computed from the data, supported are constants",
                    "simplify the model (fold its constants) before compiling it");
    std::vector<int64_t> shape;
    for (const Size& extent : node.shape(1)) shape.push_back(*extent.integer());
    if (shape.size() < 3)
        node.refuse("its weights have " + std::to_string(shape.size()) + " dimensions, expected 3 or 4",
                    "export the model again");
    if (std::find(shape.begin(), shape.end(), 0) != shape.end())
        node.refuse("its weights " + node.label(1) + " have no elements", "export the model again");
    return shape;
}

std::vector<int64_t> kernel_of(const std::vector<int64_t>& weights) {
    return {weights.begin() + 2, weights.end()};
}

int64_t read_groups(NodeImport& node) {
    const int64_t groups = node.integer("group", 1);
    if (groups < 1)
        node.refuse("group is " + std::to_string(groups) + ", expected 1 or more", "export the model again");
    return groups;
}

// x, weights of four axes, and the bias if there is one.
std::vector<ValueId> operands(NodeImport& node, ValueId input, const std::vector<int64_t>& weights,
                              int64_t output_channels) {
    const bool image = weights.size() == 4;
    node.check_float(1);
    if (!image) node.check_count(weights);
    std::vector<ValueId> result{
        input,
        image ? node.data(1) : node.constant(reshaped(node.array(1, "W"), {weights[0], weights[1], 1, weights[2]}))};
    if (!node.has(2)) return result;
    if (!node.known(2))
        node.refuse("its bias " + node.label(2) + " is computed from the data, supported are constants",
                    "simplify the model (fold its constants) before compiling it");
    if (node.shape(2) != std::vector<Size>{Size(output_channels)})
        node.refuse("its bias does not have one element for each of the " + std::to_string(output_channels) +
                        " output channels",
                    "export the model again");
    result.push_back(node.float_data(2));
    return result;
}

void check_channels(NodeImport& node, int64_t expected) {
    const int64_t channels = node.fixed(node.shape(0)[1], node.dim_label(0, 1));
    if (channels != expected)
        node.refuse("its input " + node.label(0) + " has " + std::to_string(channels) +
                        " channels, its weights are for " + std::to_string(expected),
                    "export the model again");
}

void check_groups(NodeImport& node, int64_t groups, const char* side, int64_t channels) {
    if (channels % groups != 0)
        node.refuse("its " + std::to_string(channels) + " " + side + " channels cannot be divided into " +
                        std::to_string(groups) + " groups",
                    "export the model again");
}

}  // namespace

void import_conv(NodeImport& node) {
    node.expect_inputs(2, 3);
    const ValueId x = node.float_data(0);
    const std::vector<int64_t> weights = weight_shape(node);
    Window window = read_window(node, kernel_of(weights));
    const int64_t groups = read_groups(node);
    check_groups(node, groups, "output", weights[0]);
    check_channels(node, weights[1] * groups);

    const std::vector<Size> shape = node.shape(0);
    const std::array<Size, 2> in = spatial(shape);
    const ValueId input = apply_same_padding(node, x, window, 0);
    const bool same = window.auto_pad == AutoPad::same_upper || window.auto_pad == AutoPad::same_lower;
    std::array<Size, 2> out;
    for (size_t i = 0; i < 2; ++i) {
        const Size stride(window.stride[i]), pads(window.pad_begin[i] + window.pad_end[i]);
        out[i] = same ? ceil_div(in[i], stride) : floor_div(in[i] + pads - Size(window.reach(i)), stride) + 1;
    }
    node.add_result(ConvOp{window.kernel, window.stride, window.dilation, window.pad_begin, window.pad_end, groups},
                    operands(node, input, weights, weights[0]), with_spatial(shape, weights[0], out));
}

namespace {

// Pads such that the output has the size asked for. Where even no padding gives too little, the output is longer by
// rows that only the bias reaches, which is what output_padding does.
void pad_to(NodeImport& node, Window& window, Pair& output_padding, size_t i, const Size& in, const Size& wanted) {
    const Size full = (in - 1) * Size(window.stride[i]) + Size(output_padding[i] + window.reach(i));
    const std::optional<int64_t> total = (full - wanted).integer();
    if (!total)
        node.refuse("output_shape gives a fixed size, but the size of its input depends on the model's input",
                    "use pads instead of output_shape, or declare the model's input size");
    if (*total < 0) {
        output_padding[i] -= *total;
        window.pad_begin[i] = window.pad_end[i] = 0;
        return;
    }
    const int64_t less_half = *total / 2, more_half = *total - less_half;
    const bool upper = window.auto_pad == AutoPad::same_upper;
    window.pad_begin[i] = upper ? less_half : more_half;
    window.pad_end[i] = upper ? more_half : less_half;
}

}  // namespace

void import_conv_transpose(NodeImport& node) {
    node.expect_inputs(2, 3);
    const ValueId x = node.float_data(0);
    const std::vector<int64_t> weights = weight_shape(node);
    Window window = read_window(node, kernel_of(weights));
    Pair output_padding = read_pair(node, "output_padding", window.axes, 0, 0);
    const int64_t groups = read_groups(node);
    check_groups(node, groups, "input", weights[0]);
    check_channels(node, weights[0]);

    const std::vector<Size> shape = node.shape(0);
    const std::array<Size, 2> in = spatial(shape);
    const bool same = window.auto_pad == AutoPad::same_upper || window.auto_pad == AutoPad::same_lower;
    std::optional<std::vector<int64_t>> asked = node.list("output_shape");
    if (asked && asked->size() == window.axes + 2) asked->erase(asked->begin(), asked->begin() + 2);
    if (asked && asked->size() != window.axes)
        node.refuse(
            "output_shape has " + std::to_string(asked->size()) + " entries, expected " + std::to_string(window.axes),
            "export the model again");
    std::array<Size, 2> out{1, 1};
    for (size_t i = 2 - window.axes; i < 2; ++i) {
        if (asked)
            pad_to(node, window, output_padding, i, in[i], (*asked)[i - (2 - window.axes)]);
        else if (same)
            pad_to(node, window, output_padding, i, in[i], in[i] * Size(window.stride[i]));
        out[i] = (in[i] - 1) * Size(window.stride[i]) + Size(window.reach(i) + output_padding[i]) -
                 Size(window.pad_begin[i] + window.pad_end[i]);
    }
    const int64_t channels = weights[1] * groups;
    node.add_result(TransposedConvOp{window.kernel, window.stride, window.dilation, window.pad_begin, window.pad_end,
                                     output_padding, groups},
                    operands(node, x, weights, channels), with_spatial(shape, channels, out));
}

}  // namespace atrous
