#include <algorithm>

#include "compiler/import_operators.h"

namespace atrous {

namespace {

struct Pads {
    std::vector<Size> begin, end;  // one per axis
};

std::vector<Size> read_pads(NodeImport& node) {
    if (node.opset() >= 11) return node.sizes(1, "pads");
    const std::optional<std::vector<int64_t>> pads = node.list(node.has_attribute("paddings") ? "paddings" : "pads");
    if (!pads) node.refuse("attribute \"pads\" is missing", "export the model again");
    return {pads->begin(), pads->end()};
}

Pads pads_by_axis(NodeImport& node, size_t rank) {
    const std::vector<Size> pads = read_pads(node);
    std::vector<size_t> axes(rank);
    for (size_t i = 0; i < rank; ++i) axes[i] = i;
    if (node.has(3)) axes = node.axes(node.integers(3, "axes"), static_cast<int64_t>(rank));
    if (pads.size() != 2 * axes.size())
        node.refuse("pads has " + std::to_string(pads.size()) + " entries, expected " + std::to_string(2 * axes.size()),
                    "export the model again");
    Pads result{std::vector<Size>(rank), std::vector<Size>(rank)};
    for (size_t i = 0; i < axes.size(); ++i) {
        result.begin[axes[i]] = pads[i];
        result.end[axes[i]] = pads[axes.size() + i];
    }
    return result;
}

PadMode read_mode(NodeImport& node) {
    const std::string mode = node.text("mode", "constant");
    if (mode == "constant") return PadMode::constant;
    if (mode == "reflect") return PadMode::reflect;
    if (mode == "edge") return PadMode::edge;
    if (mode == "wrap") return PadMode::wrap;
    node.refuse("mode is \"" + mode + "\", expected constant, reflect, edge or wrap", "export the model again");
}

bool all_zero(const std::vector<Size>& sizes) {
    return std::all_of(sizes.begin(), sizes.end(), [](const Size& size) { return size == Size(0); });
}

// Negative pads take elements away.
ValueId crop(NodeImport& node, ValueId input, const Pads& pads) {
    std::vector<Size> shape = node.value(input).shape;
    SliceOp slice;
    slice.step.assign(shape.size(), 1);
    for (size_t i = 0; i < shape.size(); ++i) {
        slice.begin.push_back(maximum(Size(0) - pads.begin[i], 0));
        shape[i] = shape[i] - slice.begin[i] - maximum(Size(0) - pads.end[i], 0);
    }
    return shape == node.value(input).shape ? input : node.add(std::move(slice), {input}, std::move(shape));
}

// Pads on a shape, or a small constant.
void pad_known(NodeImport& node, const Pads& pads, float value) {
    Array array = node.array(0, "data");
    for (size_t axis = 0; axis < array.shape.size(); ++axis) {
        const std::optional<int64_t> begin = pads.begin[axis].integer(), end = pads.end[axis].integer();
        if (!begin || !end || *begin < 0 || *end < 0 || *begin > (1 << 20) || *end > (1 << 20))
            node.refuse("its pads must be fixed and not negative on constants", "simplify the model");
        const auto border = [&](int64_t extent) {
            std::vector<int64_t> shape = array.shape;
            shape[axis] = extent;
            node.check_count(shape);
            return cast(expanded({onnx::TensorProto::FLOAT, {}, std::vector<float>{value}}, shape), array.type);
        };
        const Array before = border(*begin), after = border(*end);
        array = concatenated({&before, &array, &after}, axis);
        node.check_count(array.shape);
    }
    node.result(std::move(array));
}

}  // namespace

void import_pad(NodeImport& node) {
    const std::vector<Size> shape = node.shape(0);
    const Pads pads = pads_by_axis(node, shape.size());
    PadOp pad;
    pad.mode = read_mode(node);
    pad.value = node.opset() >= 11 ? node.scalar(2, "constant_value").value_or(0) : node.real("value", 0);
    if (all_zero(pads.begin) && all_zero(pads.end)) return node.result_is_input();
    if (node.known(0) && pad.mode == PadMode::constant) return pad_known(node, pads, pad.value);
    ValueId x = crop(node, node.float_data(0), pads);
    std::vector<Size> padded = node.value(x).shape;
    for (size_t i = 0; i < shape.size(); ++i) {
        pad.begin.push_back(maximum(pads.begin[i], 0));
        pad.end.push_back(maximum(pads.end[i], 0));
        const Size widest = maximum(pad.begin[i], pad.end[i]);
        const Size limit = pad.mode == PadMode::reflect ? padded[i] - 1 : padded[i];
        if ((pad.mode == PadMode::reflect || pad.mode == PadMode::wrap) && !(widest == Size(0)))
            node.require(less(widest, limit + 1), "its pads (" + widest.text() + ") must be at most " + limit.text() +
                                                      " on " + node.dim_label(0, i) + " in this mode");
        padded[i] = padded[i] + pad.begin[i] + pad.end[i];
    }
    if (all_zero(pad.begin) && all_zero(pad.end)) return node.result(x);
    node.add_result(std::move(pad), {x}, std::move(padded));
}

}  // namespace atrous
