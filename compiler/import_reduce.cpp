// Operators that work along axes: Reduce…, Softmax, LogSoftmax, ArgMax.
#include <algorithm>
#include <numeric>

#include "compiler/import_operators.h"

namespace atrous {

namespace {

struct Reduction {
    std::vector<size_t> axes;  // ascending
    bool keep_dims = true;
};

bool contains(const std::vector<size_t>& axes, size_t axis) {
    return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

// Axes are an attribute or the second input, by operator and opset; none means all of them, unless
// noop_with_empty_axes.
Reduction read_reduction(NodeImport& node) {
    node.expect_inputs(1, 2);
    const int64_t rank = node.rank(0);
    std::vector<int64_t> axes =
        node.has(1) ? node.integers(1, "axes") : node.list("axes").value_or(std::vector<int64_t>{});
    if (axes.empty() && !node.flag("noop_with_empty_axes", false)) {
        axes.resize(static_cast<size_t>(rank));
        std::iota(axes.begin(), axes.end(), int64_t{0});
    }
    Reduction reduction{node.axes(axes, rank), node.flag("keepdims", true)};
    std::sort(reduction.axes.begin(), reduction.axes.end());
    return reduction;
}

template <typename Extent>
std::vector<Extent> reduced_shape(const std::vector<Extent>& shape, const Reduction& reduction) {
    std::vector<Extent> result;
    for (size_t i = 0; i < shape.size(); ++i) {
        if (!contains(reduction.axes, i))
            result.push_back(shape[i]);
        else if (reduction.keep_dims)
            result.push_back(1);
    }
    return result;
}

HostFunction host_function(const std::string& op) {
    if (op == "ReduceMax") return HostFunction::max;
    if (op == "ReduceMin") return HostFunction::min;
    return op == "ReduceProd" ? HostFunction::mul : HostFunction::add;
}

void reduce_known(NodeImport& node, const Reduction& reduction) {
    const Array array = node.array(0, "data");
    node.check_count(array.shape);
    if (array.count() == 0 || array.count() > (1 << 20))
        node.refuse("it reduces a constant of " + std::to_string(array.count()) + " elements",
                    "simplify the model (fold its constants) before compiling it");
    std::vector<int64_t> perm;
    int64_t kept = 1;
    for (size_t i = 0; i < array.shape.size(); ++i)
        if (contains(reduction.axes, i)) perm.push_back(static_cast<int64_t>(i));
    for (size_t i = 0; i < array.shape.size(); ++i) {
        if (contains(reduction.axes, i)) continue;
        perm.push_back(static_cast<int64_t>(i));
        kept *= array.shape[i];
    }
    const Array rows = reshaped(transposed(array, perm), {array.count() / kept, kept});
    Array result = strided(rows, {kept}, 0, {1});
    for (int64_t row = 1; row < rows.shape[0]; ++row) {
        const Array next = strided(rows, {kept}, row * kept, {1});
        result = computed(host_function(node.op()), {&result, &next});
    }
    if (node.op() == "ReduceMean") {
        const Array count = cast(integer_array({rows.shape[0]}), array.type);
        result = computed(HostFunction::div, {&result, &count});
    }
    node.result(reshaped(std::move(result), reduced_shape(array.shape, reduction)));
}

// Maximum or mean over any axes, as global pooling: over H and W directly, otherwise over the last axis of (1, kept,
// reduced).
ValueId add_pool(NodeImport& node, ValueId x, PoolKind kind, const Reduction& reduction) {
    const std::vector<Size> shape = node.value(x).shape;
    const std::vector<Size> result = reduced_shape(shape, reduction);
    const bool image = shape.size() == 4 && reduction.axes == std::vector<size_t>{2, 3};
    const bool signal = shape.size() == 3 && reduction.axes == std::vector<size_t>{2};
    if (image || signal) return node.add(GlobalPoolOp{kind, reduction.keep_dims}, {x}, result);
    std::vector<int64_t> perm;
    Size kept(1), reduced(1);
    for (size_t i = 0; i < shape.size(); ++i) {
        if (contains(reduction.axes, i)) continue;
        perm.push_back(static_cast<int64_t>(i));
        kept = kept * shape[i];
    }
    for (const size_t axis : reduction.axes) {
        perm.push_back(static_cast<int64_t>(axis));
        reduced = reduced * shape[axis];
    }
    const ValueId rows = add_reshape(node, add_transpose(node, x, perm), {1, kept, reduced});
    return add_reshape(node, node.add(GlobalPoolOp{kind, false}, {rows}, {1, kept}), result);
}

}  // namespace

void import_reduce(NodeImport& node) {
    const Reduction reduction = read_reduction(node);
    if (reduction.axes.empty()) return node.result_is_input();
    if (node.known(0)) return reduce_known(node, reduction);
    const ValueId x = node.float_data(0);
    if (node.op() == "ReduceMean") return node.result(add_pool(node, x, PoolKind::average, reduction));
    if (node.op() == "ReduceMax") return node.result(add_pool(node, x, PoolKind::max, reduction));
    if (node.op() == "ReduceMin") {
        const ValueId negative = add_elementwise(node, ElementwiseFunction::neg, {x});
        const ValueId largest = add_pool(node, negative, PoolKind::max, reduction);
        return node.result(add_elementwise(node, ElementwiseFunction::neg, {largest}));
    }
    if (node.op() == "ReduceProd")
        node.refuse("the operator is supported on constants and shapes only, its input is computed from the data",
                    "express it with other operators; docs/onnx_operators.md lists those that are supported");
    Size count(1);
    for (const size_t axis : reduction.axes) count = count * node.shape(0)[axis];
    const auto factor = static_cast<float>(node.fixed(count, "the number of elements that it adds up"));
    const ValueId mean = add_pool(node, x, PoolKind::average, reduction);
    node.result(add_elementwise(node, ElementwiseFunction::mul, {mean, node.constant(factor)}));
}

// Until opset 12 over everything from the axis on, since then over the axis alone.
void import_softmax(NodeImport& node) {
    node.expect_inputs(1, 1);
    const ValueId x = node.float_data(0);
    const std::vector<Size> shape = node.shape(0);
    const auto rank = static_cast<int64_t>(shape.size());
    const bool flattens = node.opset() < 13;
    const bool logarithm = node.op() == "LogSoftmax";
    if (shape.empty()) node.refuse("its input is a scalar, expected at least one dimension", "export the model again");
    const size_t axis = node.axis(node.integer("axis", flattens ? 1 : -1), rank);
    const auto after = shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1;
    const bool single = std::all_of(after, shape.end(), [](const Size& size) { return size == Size(1); });
    if (!flattens || single) return node.add_result(SoftmaxOp{static_cast<int64_t>(axis), logarithm}, {x}, shape);
    const std::vector<Size> flat{product({shape.begin(), after - 1}), product({after - 1, shape.end()})};
    const ValueId matrix = node.add(SoftmaxOp{1, logarithm}, {add_reshape(node, x, flat)}, flat);
    node.result(add_reshape(node, matrix, shape));
}

void import_argmax(NodeImport& node) {
    node.expect_inputs(1, 1);
    const ValueId x = node.float_data(0);
    const std::vector<Size> shape = node.shape(0);
    const size_t axis = node.axis(node.integer("axis", 0), static_cast<int64_t>(shape.size()));
    const bool keep_dims = node.flag("keepdims", true);
    const ArgmaxOp argmax{static_cast<int64_t>(axis), keep_dims, node.flag("select_last_index", false)};
    node.add_result(argmax, {x}, reduced_shape(shape, {{axis}, keep_dims}), ElementType::i64);
}

}  // namespace atrous
