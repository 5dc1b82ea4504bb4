#include <algorithm>

#include "compiler/import_operators.h"

namespace atrous {

namespace {

// What Resize, at any opset, and Upsample say.
struct ResizeInputs {
    std::vector<Size> scales, sizes;  // one per axis; one of the two is empty
    std::vector<size_t> axes;         // that they are for
};

std::vector<size_t> all_axes(size_t rank) {
    std::vector<size_t> axes(rank);
    for (size_t i = 0; i < rank; ++i) axes[i] = i;
    return axes;
}

// roi (input 1 since opset 11) matters to tf_crop_and_resize only. An empty input counts as absent.
ResizeInputs read_resize(NodeImport& node, size_t rank) {
    ResizeInputs in;
    in.axes = all_axes(rank);
    if (node.opset() < 11) {
        node.expect_inputs(2, 2);
        in.scales = node.sizes(1, "scales");
    } else {
        node.expect_inputs(1, 4);
        if (node.has(2)) in.scales = node.sizes(2, "scales");
        if (node.has(3)) in.sizes = node.sizes(3, "sizes");
        if (const std::optional<std::vector<int64_t>> axes = node.list("axes"))
            in.axes = node.axes(*axes, static_cast<int64_t>(rank));
    }
    if (in.scales.empty() == in.sizes.empty())
        node.refuse("it must have either scales or sizes, it has both or neither", "export the model again");
    const size_t count = std::max(in.scales.size(), in.sizes.size());
    if (count != in.axes.size())
        node.refuse("it has " + std::to_string(count) + " scales or sizes, expected " + std::to_string(in.axes.size()),
                    "export the model again");
    return in;
}

// Scale and size of every axis.
struct Target {
    std::vector<Size> scale, size;
};

Target target_of_scales(NodeImport& node, const std::vector<Size>& shape, const ResizeInputs& in) {
    Target target{std::vector<Size>(shape.size(), 1), shape};
    for (size_t i = 0; i < in.axes.size(); ++i) {
        const Size& scale = in.scales[i];
        if (scale.is_number() && !(scale.constant() > 0 && scale.constant() < 1e6))
            node.refuse("scales has " + scale.text() + ", expected a number above 0", "export the model again");
        target.scale[in.axes[i]] = scale;
        target.size[in.axes[i]] = floor_of(to_f32(shape[in.axes[i]] * scale));
    }
    return target;
}

Target target_of_sizes(NodeImport& node, const std::vector<Size>& shape, const ResizeInputs& in) {
    Target target{std::vector<Size>(shape.size(), 1), shape};
    const std::string policy = node.text("keep_aspect_ratio_policy", "stretch");
    if (policy != "stretch" && policy != "not_larger" && policy != "not_smaller")
        node.refuse("keep_aspect_ratio_policy is \"" + policy + "\", expected stretch, not_larger or not_smaller",
                    "export the model again");
    std::optional<Size> common;
    for (size_t i = 0; i < in.axes.size(); ++i) {
        const Size scale = divide(in.sizes[i], shape[in.axes[i]]);
        if (policy == "stretch") {
            target.scale[in.axes[i]] = to_f32(scale);
            target.size[in.axes[i]] = in.sizes[i];
        } else {
            common = !common ? scale : policy == "not_larger" ? minimum(*common, scale) : maximum(*common, scale);
        }
    }
    if (!common) return target;
    for (const size_t axis : in.axes) {
        target.scale[axis] = to_f32(*common);
        target.size[axis] = floor_of(shape[axis] * *common + Size(0.5));
    }
    return target;
}

// Only height and width (or length) may change.
void check_axes(NodeImport& node, const std::vector<Size>& shape, const Target& target) {
    if (shape.size() != 3 && shape.size() != 4)
        node.refuse("its input has " + std::to_string(shape.size()) + " dimensions, supported are 3 and 4",
                    "use a model for images or signals");
    for (size_t axis = 0; axis < 2; ++axis)
        node.require(equals(target.size[axis], shape[axis]),
                     "it resizes " + node.dim_label(0, axis) + " from " + shape[axis].text() + " to " +
                         target.size[axis].text() + ", supported are height and width");
}

ResizeMode read_mode(NodeImport& node) {
    const std::string mode = node.text("mode", "nearest");
    if (mode == "nearest") return ResizeMode::nearest;
    if (mode == "linear" || mode == "bilinear") return ResizeMode::linear;
    node.refuse("mode is \"" + mode + "\", supported are nearest and linear", "export the model with one of these");
}

bool sizes_exactly_scaled(const std::vector<Size>& shape, const Target& target) {
    for (size_t i = 2; i < shape.size(); ++i)
        if (!(shape[i] * target.scale[i] == target.size[i])) return false;
    return true;
}

ResizeCoordinates read_coordinates(NodeImport& node, const std::vector<Size>& shape, const Target& target,
                                   bool from_sizes) {
    const std::string mode = node.text("coordinate_transformation_mode", "half_pixel");
    if (mode == "half_pixel") return ResizeCoordinates::half_pixel;
    if (mode == "pytorch_half_pixel") return ResizeCoordinates::pytorch_half_pixel;
    if (mode == "align_corners") return ResizeCoordinates::align_corners;
    if (mode == "asymmetric") return ResizeCoordinates::asymmetric;
    // The same as half_pixel wherever the scaled size is a whole number.
    if (mode == "half_pixel_symmetric" && (from_sizes || sizes_exactly_scaled(shape, target)))
        return ResizeCoordinates::half_pixel;
    node.refuse("coordinate_transformation_mode is \"" + mode +
                    "\", supported are half_pixel, pytorch_half_pixel, align_corners and asymmetric",
                "export the model with one of these");
}

// With a fraction left over, ONNX's reference aligns the corner of the fractional size, runtimes that of the whole one.
void check_whole(NodeImport& node, const std::vector<Size>& shape, const Target& target) {
    for (size_t i = 2; i < shape.size(); ++i)
        node.require(equals(to_f32(shape[i] * target.scale[i]), target.size[i]),
                     "with scales and align_corners, " + node.dim_label(0, i) + " (" + shape[i].text() + ") times " +
                         target.scale[i].text() + " must be a whole number");
}

NearestRounding read_rounding(NodeImport& node) {
    const std::string mode = node.text("nearest_mode", "round_prefer_floor");
    if (mode == "round_prefer_floor") return NearestRounding::round_prefer_floor;
    if (mode == "round_prefer_ceil") return NearestRounding::round_prefer_ceil;
    if (mode == "floor") return NearestRounding::floor;
    if (mode == "ceil") return NearestRounding::ceil;
    node.refuse("nearest_mode is \"" + mode + "\", expected round_prefer_floor, round_prefer_ceil, floor or ceil",
                "export the model again");
}

bool enlarges(const Target& target) {
    return std::all_of(target.scale.begin(), target.scale.end(),
                       [](const Size& scale) { return range_of(scale).low >= 1; });
}

// Before opset 11 there was one transformation: output divided by scale, rounded down where that enlarges and up where
// it makes smaller.
ResizeOp old_resize(NodeImport& node, const Target& target) {
    ResizeOp resize;
    resize.mode = read_mode(node);
    resize.coordinates = ResizeCoordinates::asymmetric;
    resize.rounding = enlarges(target) ? NearestRounding::floor : NearestRounding::ceil;
    return resize;
}

void add_resize(NodeImport& node, ResizeOp resize, const std::vector<Size>& shape, const Target& target) {
    resize.scale = {shape.size() == 4 ? target.scale[2] : Size(1), target.scale.back()};
    if (target.size == shape && target.scale == std::vector<Size>(shape.size(), 1)) return node.result_is_input();
    std::vector<Size> result = target.size;
    std::copy(shape.begin(), shape.begin() + 2, result.begin());
    node.add_result(std::move(resize), {node.float_data(0)}, std::move(result));
}

}  // namespace

void import_resize(NodeImport& node) {
    const std::vector<Size> shape = node.shape(0);
    const ResizeInputs in = read_resize(node, shape.size());
    const bool from_sizes = !in.sizes.empty();
    const Target target = from_sizes ? target_of_sizes(node, shape, in) : target_of_scales(node, shape, in);
    check_axes(node, shape, target);
    if (node.opset() < 11) return add_resize(node, old_resize(node, target), shape, target);
    if (node.flag("antialias", false) && !enlarges(target))
        node.refuse("antialias is 1, supported is 0", "export the model without antialiasing");
    ResizeOp resize;
    resize.mode = read_mode(node);
    resize.coordinates = read_coordinates(node, shape, target, from_sizes);
    if (resize.coordinates == ResizeCoordinates::align_corners && !from_sizes) check_whole(node, shape, target);
    if (resize.mode == ResizeMode::nearest) resize.rounding = read_rounding(node);
    add_resize(node, std::move(resize), shape, target);
}

void import_upsample(NodeImport& node) {
    const std::vector<Size> shape = node.shape(0);
    ResizeInputs in;
    in.axes = all_axes(shape.size());
    if (node.opset() >= 9) {
        node.expect_inputs(2, 2);
        in.scales = node.sizes(1, "scales");
    } else {
        node.expect_inputs(1, 1);
        for (const float scale : node.reals("scales")) in.scales.emplace_back(static_cast<double>(scale));
    }
    if (in.scales.size() != shape.size())
        node.refuse("it has " + std::to_string(in.scales.size()) + " scales, expected " + std::to_string(shape.size()),
                    "export the model again");
    const Target target = target_of_scales(node, shape, in);
    check_axes(node, shape, target);
    add_resize(node, old_resize(node, target), shape, target);
}

}  // namespace atrous
