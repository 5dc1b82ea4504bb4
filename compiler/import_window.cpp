#include "compiler/import_window.h"

#include "compiler/import_operators.h"

namespace atrous {

namespace {

constexpr int64_t largest_attribute = 1 << 20;

AutoPad read_auto_pad(NodeImport& node) {
    const std::string text = node.text("auto_pad", "NOTSET");
    if (text == "NOTSET" || text.empty()) return AutoPad::notset;
    if (text == "VALID") return AutoPad::valid;
    if (text == "SAME_UPPER") return AutoPad::same_upper;
    if (text == "SAME_LOWER") return AutoPad::same_lower;
    node.refuse("auto_pad is \"" + text + "\", expected NOTSET, VALID, SAME_UPPER or SAME_LOWER",
                "export the model again");
}

void check_entry(NodeImport& node, const char* name, int64_t value, int64_t least) {
    if (value >= least && value <= largest_attribute) return;
    node.refuse(std::string(name) + " has " + std::to_string(value) + ", expected " + std::to_string(least) + " to " +
                    std::to_string(largest_attribute),
                "export the model again");
}

void read_pads(NodeImport& node, Window& window) {
    const std::optional<std::vector<int64_t>> pads = node.list("pads");
    if (!pads || window.auto_pad != AutoPad::notset) return;
    if (pads->size() != 2 * window.axes)
        node.refuse(
            "pads has " + std::to_string(pads->size()) + " entries, expected " + std::to_string(2 * window.axes),
            "export the model again");
    for (size_t i = 0; i < window.axes; ++i) {
        check_entry(node, "pads", (*pads)[i], 0);
        check_entry(node, "pads", (*pads)[window.axes + i], 0);
        window.pad_begin[2 - window.axes + i] = (*pads)[i];
        window.pad_end[2 - window.axes + i] = (*pads)[window.axes + i];
    }
}

}  // namespace

Pair read_pair(NodeImport& node, const char* name, size_t axes, int64_t otherwise, int64_t least) {
    Pair pair{1, 1};
    if (least == 0) pair[0] = 0;
    for (size_t i = 2 - axes; i < 2; ++i) pair[i] = otherwise;
    const std::optional<std::vector<int64_t>> values = node.list(name);
    if (!values) return pair;
    if (values->size() != axes)
        node.refuse(
            std::string(name) + " has " + std::to_string(values->size()) + " entries, expected " + std::to_string(axes),
            "export the model again");
    for (size_t i = 0; i < axes; ++i) {
        check_entry(node, name, (*values)[i], least);
        pair[2 - axes + i] = (*values)[i];
    }
    return pair;
}

Window read_window(NodeImport& node, const std::optional<std::vector<int64_t>>& weights) {
    const std::optional<std::vector<int64_t>> declared = node.list("kernel_shape");
    if (!declared && !weights) node.refuse("attribute \"kernel_shape\" is missing", "export the model again");
    const std::vector<int64_t> kernel = declared ? *declared : *weights;
    if (kernel.empty() || kernel.size() > 2)
        node.refuse("kernel_shape has " + std::to_string(kernel.size()) + " dimensions, supported are 1 and 2",
                    "use a model for images or signals");
    if (weights && kernel != *weights)
        node.refuse("kernel_shape does not fit the shape of the weights", "export the model again");
    const int64_t rank = node.rank(0);
    if (rank != static_cast<int64_t>(kernel.size()) + 2)
        node.refuse("its input has " + std::to_string(rank) + " dimensions, expected " +
                        std::to_string(kernel.size() + 2) + " for a kernel with " + std::to_string(kernel.size()),
                    "export the model again");
    Window window;
    window.axes = kernel.size();
    for (size_t i = 0; i < window.axes; ++i) {
        check_entry(node, "kernel_shape", kernel[i], 1);
        window.kernel[2 - window.axes + i] = kernel[i];
    }
    window.stride = read_pair(node, "strides", window.axes, 1, 1);
    window.dilation = read_pair(node, "dilations", window.axes, 1, 1);
    window.auto_pad = read_auto_pad(node);
    read_pads(node, window);
    return window;
}

std::array<Size, 2> spatial(const std::vector<Size>& shape) {
    return {shape.size() == 4 ? shape[2] : Size(1), shape.back()};
}

std::vector<Size> with_spatial(const std::vector<Size>& shape, const Size& channels, const std::array<Size, 2>& sizes) {
    if (shape.size() == 4) return {shape[0], channels, sizes[0], sizes[1]};
    return {shape[0], channels, sizes[1]};
}

ValueId apply_same_padding(NodeImport& node, ValueId input, Window& window, float value) {
    if (window.auto_pad != AutoPad::same_upper && window.auto_pad != AutoPad::same_lower) return input;
    const std::vector<Size> shape = node.shape(0);
    const std::array<Size, 2> sizes = spatial(shape);
    PadOp pad;
    pad.begin.assign(shape.size(), 0);
    pad.end = pad.begin;
    pad.value = value;
    std::vector<Size> padded = shape;
    bool depends = false;
    for (size_t i = 2 - window.axes; i < 2; ++i) {
        const Size stride(window.stride[i]);
        const Size total = maximum((ceil_div(sizes[i], stride) - 1) * stride + Size(window.reach(i)) - sizes[i], 0);
        const Size less_half = floor_div(total, 2), more_half = total - less_half;
        const bool upper = window.auto_pad == AutoPad::same_upper;
        const Size& begin = upper ? less_half : more_half;
        const Size& end = upper ? more_half : less_half;
        if (total.is_number()) {
            window.pad_begin[i] = *begin.integer();
            window.pad_end[i] = *end.integer();
            continue;
        }
        const size_t axis = shape.size() - 2 + i;
        depends = true;
        pad.begin[axis] = begin;
        pad.end[axis] = end;
        padded[axis] = sizes[i] + total;
    }
    return depends ? node.add(std::move(pad), {input}, std::move(padded)) : input;
}

}  // namespace atrous
