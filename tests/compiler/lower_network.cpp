#include "tests/compiler/lower_network.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "runtime/plan_view.h"
#include "tests/reference/interpreter.h"
#include "tests/reference/network.h"

namespace atrous::test {
namespace {

std::vector<Size> sizes(const std::vector<int64_t>& shape) {
    return {shape.begin(), shape.end()};
}

int64_t product(const std::vector<int64_t>& shape) {
    int64_t result = 1;
    for (const int64_t extent : shape) result *= extent;
    return result;
}

// The kernel's reach along H and W of an image (N,C,H,W) or (N,C,L).
std::vector<Size> windowed(std::vector<Size> shape, int64_t channels, const Pair& kernel, const Pair& stride,
                           const Pair& dilation, const Pair& begin, const Pair& end) {
    shape[1] = Size(channels);
    for (size_t d = 2; d < shape.size(); ++d) {
        const size_t axis = d + 2 - shape.size();
        const int64_t reach = dilation[axis] * (kernel[axis] - 1) + 1;
        shape[d] = floor_div(shape[d] + Size(begin[axis] + end[axis] - reach), Size(stride[axis])) + Size(1);
    }
    return shape;
}

// Of weights, so that sums of so many products stay as large as what goes in.
float range_of(int64_t products) {
    return std::sqrt(3.0f / static_cast<float>(products));
}

std::vector<double> numbers_of(const reference::PlanTensor& tensor) {
    if (tensor.element == ElementType::i64) {
        const auto integers = tensor.integers();
        return {integers.begin(), integers.end()};
    }
    if (tensor.element == ElementType::f32) {
        const auto floats = tensor.floats();
        return {floats.begin(), floats.end()};
    }
    std::vector<double> numbers;
    numbers.reserve(tensor.bytes.size());
    for (const std::byte byte : tensor.bytes) numbers.push_back(std::to_integer<int>(byte));
    return numbers;
}

void require_equal(const Network& network, const std::vector<reference::PlanTensor>& outputs,
                   const std::vector<reference::Array>& expected, bool keep_all) {
    REQUIRE(outputs.size() >= expected.size());
    for (size_t e = 0; e < expected.size(); ++e) {
        // With every value kept there are more of them, in the order of the nodes.
        const std::string& name = network.values[network.outputs[e]].name;
        const auto named = std::ranges::find(outputs, name, &reference::PlanTensor::name);
        REQUIRE(named != outputs.end());
        const reference::PlanTensor& output = keep_all ? *named : outputs[e];
        REQUIRE(output.name == name);
        REQUIRE(output.shape == expected[e].shape);
        const std::vector<double> got = numbers_of(output);
        for (size_t i = 0; i < got.size(); ++i) {
            const double wanted = expected[e].numbers[i];
            if (std::abs(got[i] - wanted) <= 1e-4 * (1 + std::abs(wanted))) continue;
            FAIL(name << " element " << i << " is " << got[i] << ", expected " << wanted);
        }
    }
}

// Random numbers, as both take them.
struct Inputs {
    std::vector<reference::PlanTensor> tensors;
    std::vector<reference::Array> arrays;

    explicit Inputs(const std::vector<std::vector<int64_t>>& shapes) {
        std::mt19937 random(7);
        std::uniform_real_distribution<float> uniform(-2, 2);
        for (const auto& shape : shapes) {
            std::vector<float> numbers(static_cast<size_t>(product(shape)));
            for (float& number : numbers) number = uniform(random);
            tensors.push_back(reference::PlanTensor::of(shape, numbers));
            arrays.push_back({shape, {numbers.begin(), numbers.end()}});
        }
    }
};

}  // namespace

ValueId NetworkMaker::input(const std::string& name, const std::vector<int64_t>& shape) {
    Value value{name, ElementType::f32, {}, {}};
    const auto index = static_cast<uint32_t>(network.inputs.size());
    for (uint32_t d = 0; d < shape.size(); ++d)
        value.shape.push_back(shape[d] > 0 ? Size(shape[d]) : Size::input_dim(index, d, name + std::to_string(d)));
    network.values.push_back(value);
    network.inputs.push_back(static_cast<ValueId>(network.values.size() - 1));
    return network.inputs.back();
}

ValueId NetworkMaker::numbers(const std::vector<int64_t>& shape, std::vector<float> values) {
    Value value{"c" + std::to_string(network.values.size()), ElementType::f32, sizes(shape), Constant{}};
    value.constant->floats = std::move(values);
    network.values.push_back(value);
    return static_cast<ValueId>(network.values.size() - 1);
}

ValueId NetworkMaker::constant(const std::vector<int64_t>& shape, float low, float high) {
    std::uniform_real_distribution<float> uniform(low, high);
    std::vector<float> values(static_cast<size_t>(product(shape)));
    for (float& value : values) value = uniform(random_);
    return numbers(shape, std::move(values));
}

ValueId NetworkMaker::number(float value) {
    return numbers({}, {value});
}

ValueId NetworkMaker::node(const std::string& onnx_type, const Op& op, std::vector<ValueId> inputs,
                           std::vector<Size> shape, ElementType type) {
    const auto result = static_cast<ValueId>(network.values.size());
    network.values.push_back({"v" + std::to_string(result), type, std::move(shape), {}});
    Node node;
    node.name = onnx_type + "_" + std::to_string(network.nodes.size());
    node.onnx_type = onnx_type;
    node.op = op;
    node.inputs = std::move(inputs);
    node.outputs = {result};
    network.nodes.push_back(std::move(node));
    return result;
}

ValueId NetworkMaker::conv(ValueId x, int64_t channels, const ConvOp& op, bool bias) {
    const int64_t in = shape(x)[1].integer().value();
    const float range = range_of(in / op.groups * op.kernel[0] * op.kernel[1]);
    const ValueId weights = constant({channels, in / op.groups, op.kernel[0], op.kernel[1]}, -range, range);
    std::vector<ValueId> inputs{x, weights};
    if (bias) inputs.push_back(constant({channels}));
    return node("Conv", op, inputs,
                windowed(shape(x), channels, op.kernel, op.stride, op.dilation, op.pad_begin, op.pad_end));
}

ValueId NetworkMaker::transposed(ValueId x, int64_t channels, const TransposedConvOp& op, bool bias) {
    const int64_t in = shape(x)[1].integer().value();
    const float range = range_of(in / op.groups * op.kernel[0] * op.kernel[1]);
    const ValueId weights = constant({in, channels / op.groups, op.kernel[0], op.kernel[1]}, -range, range);
    std::vector<Size> out = shape(x);
    out[1] = Size(channels);
    for (size_t d = 2; d < out.size(); ++d) {
        const size_t axis = d + 2 - out.size();
        out[d] = (out[d] - Size(1)) * Size(op.stride[axis]) +
                 Size(op.dilation[axis] * (op.kernel[axis] - 1) + op.output_padding[axis] + 1 - op.pad_begin[axis] -
                      op.pad_end[axis]);
    }
    std::vector<ValueId> inputs{x, weights};
    if (bias) inputs.push_back(constant({channels}));
    return node("ConvTranspose", op, inputs, out);
}

ValueId NetworkMaker::linear(ValueId x, int64_t columns) {
    const int64_t rows = shape(x)[1].integer().value();
    return node("Gemm", LinearOp{},
                {x, constant({rows, columns}, -range_of(rows), range_of(rows)), constant({columns})},
                {shape(x)[0], Size(columns)});
}

ValueId NetworkMaker::pool(ValueId x, const PoolOp& op) {
    return node(
        "Pool", op, {x},
        windowed(shape(x), shape(x)[1].integer().value(), op.kernel, op.stride, op.dilation, op.pad_begin, op.pad_end));
}

ValueId NetworkMaker::global_pool(ValueId x, const GlobalPoolOp& op) {
    std::vector<Size> out{shape(x)[0], shape(x)[1]};
    if (op.keep_dims) out.resize(shape(x).size(), Size(1));
    return node("GlobalPool", op, {x}, out);
}

ValueId NetworkMaker::resize(ValueId x, int64_t factor, ResizeMode mode) {
    ResizeOp op;
    op.mode = mode;
    op.coordinates = mode == ResizeMode::linear ? ResizeCoordinates::pytorch_half_pixel : ResizeCoordinates::asymmetric;
    op.rounding = NearestRounding::floor;
    op.scale = {shape(x).size() == 4 ? Size(factor) : Size(1), Size(factor)};
    std::vector<Size> out = shape(x);
    for (size_t d = 2; d < out.size(); ++d) out[d] = out[d] * Size(factor);
    return node("Resize", op, {x}, out);
}

ValueId NetworkMaker::unary(ElementwiseFunction function, ValueId x, float alpha, float beta) {
    return node(std::string(name_of(function)), ElementwiseOp{function, alpha, beta}, {x}, shape(x));
}

ValueId NetworkMaker::binary(ElementwiseFunction function, ValueId a, ValueId b) {
    const std::vector<Size>&longer = shape(a).size() >= shape(b).size() ? shape(a) : shape(b),
          &shorter = shape(a).size() >= shape(b).size() ? shape(b) : shape(a);
    std::vector<Size> out = longer;
    for (size_t d = 0; d < shorter.size(); ++d) {
        Size& extent = out[d + longer.size() - shorter.size()];
        if (extent.integer() == 1) extent = shorter[d];
    }
    return node(std::string(name_of(function)), ElementwiseOp{function}, {a, b}, out);
}

ValueId NetworkMaker::concat(const std::vector<ValueId>& parts, int64_t axis) {
    std::vector<Size> out = shape(parts[0]);
    for (size_t k = 1; k < parts.size(); ++k)
        out[static_cast<size_t>(axis)] = out[static_cast<size_t>(axis)] + shape(parts[k])[static_cast<size_t>(axis)];
    return node("Concat", ConcatOp{axis}, parts, out);
}

ValueId NetworkMaker::slice(ValueId x, size_t axis, int64_t begin, int64_t length, int64_t step) {
    SliceOp op;
    op.begin.assign(shape(x).size(), Size(0));
    op.step.assign(shape(x).size(), 1);
    op.begin[axis] = Size(begin);
    op.step[axis] = step;
    std::vector<Size> out = shape(x);
    out[axis] = Size(length);
    return node("Slice", op, {x}, out);
}

ValueId NetworkMaker::pad(ValueId x, const std::vector<int64_t>& begin, const std::vector<int64_t>& end, PadMode mode,
                          float value) {
    PadOp op;
    op.mode = mode;
    op.value = value;
    op.begin = sizes(begin);
    op.end = sizes(end);
    std::vector<Size> out = shape(x);
    for (size_t d = 0; d < out.size(); ++d) out[d] = out[d] + op.begin[d] + op.end[d];
    return node("Pad", op, {x}, out);
}

ValueId NetworkMaker::transpose(ValueId x, const std::vector<int64_t>& perm) {
    std::vector<Size> out;
    for (const int64_t axis : perm) out.push_back(shape(x)[static_cast<size_t>(axis)]);
    return node("Transpose", TransposeOp{perm}, {x}, out);
}

ValueId NetworkMaker::reshape(ValueId x, const std::vector<Size>& out) {
    return node("Reshape", ReshapeOp{}, {x}, out);
}

ConvOp window(int64_t kernel, int64_t stride, int64_t dilation, int64_t pad, int64_t groups) {
    return {{kernel, kernel}, {stride, stride}, {dilation, dilation}, {pad, pad}, {pad, pad}, groups};
}

TransposedConvOp transposed_window(int64_t kernel, int64_t stride, int64_t dilation, int64_t pad,
                                   int64_t output_padding, int64_t groups) {
    return {{kernel, kernel},
            {stride, stride},
            {dilation, dilation},
            {pad, pad},
            {pad, pad},
            {output_padding, output_padding},
            groups};
}

LoweredNetwork require_equal(const Network& network, const std::vector<std::vector<int64_t>>& input_shapes,
                             bool keep_all) {
    const Inputs inputs(input_shapes);
    const std::vector<reference::Array> expected = reference::evaluate_network(network, inputs.arrays);
    std::vector<LoweredNetwork> lowered;
    const std::string x86 = "x86-64-linux-avx2-f16c-fma-sse41", planar = "arm-32-linux";
    // Made for small images, Winograd's panels are not mostly padding.
    for (const auto& [target, size, winograd] : {std::tuple{x86, 0, WinogradPolicy::off},
                                                 {x86, 16, WinogradPolicy::f2},
                                                 {x86, 16, WinogradPolicy::f4},
                                                 {planar, 0, WinogradPolicy::automatic}}) {
        lowered.push_back(lower(network, {{target}, size, size, winograd, keep_all}));
        const auto is_same = [&](const LoweredNetwork& other) {
            return other.plan == lowered.back().plan && kernel_names(other) == kernel_names(lowered.back());
        };
        if (std::any_of(lowered.begin(), lowered.end() - 1, is_same)) continue;
        INFO(target << "\n" << plan_text(lowered.back()));
        require_equal(network, reference::run_plan(lowered.back(), inputs.tensors), expected, keep_all);
    }
    return lowered.front();
}

void require_right(const LoweredNetwork& lowered, const Network& network,
                   const std::vector<std::vector<int64_t>>& input_shapes) {
    const Inputs inputs(input_shapes);
    require_equal(network, reference::run_plan(lowered, inputs.tensors),
                  reference::evaluate_network(network, inputs.arrays), false);
}

std::vector<std::string> kernel_names(const LoweredNetwork& network) {
    std::vector<uint64_t> blob((network.plan.size() + 7) / 8);
    std::copy(network.plan.begin(), network.plan.end(), reinterpret_cast<uint8_t*>(blob.data()));
    const plan::PlanView view(reinterpret_cast<const uint8_t*>(blob.data()));
    std::vector<std::string> names;
    for (uint64_t s = 0; s < view.header().steps.count; ++s)
        names.push_back(name_of(network.kernels.at(view.steps()[s].kernel).spec));
    return names;
}

int count_of(const std::vector<std::string>& names, const std::string& prefix) {
    return static_cast<int>(
        std::ranges::count_if(names, [&](const std::string& name) { return name.starts_with(prefix); }));
}

}  // namespace atrous::test
