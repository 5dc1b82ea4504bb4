// Operators that move elements: Concat, Split, Slice, Gather, DepthToSpace, SpaceToDepth.
#include <algorithm>

#include "compiler/import_operators.h"

namespace atrous {

namespace {

// One axis of a Slice: `count` elements from `begin` on.
struct Cut {
    size_t axis = 0;
    Size begin, count;
    int64_t step = 1;
};

void slice_known(NodeImport& node, const std::vector<Cut>& cuts, size_t output) {
    const Array array = node.array(0, "data");
    std::vector<int64_t> strides = dense_strides(array.shape), shape = array.shape;
    int64_t offset = 0;
    for (const Cut& cut : cuts) {
        const std::optional<int64_t> begin = cut.begin.integer(), count = cut.count.integer();
        if (!begin || !count)
            node.refuse("its range depends on the model's input, which is not supported on constants",
                        "declare the model's input size");
        offset += *begin * strides[cut.axis];
        shape[cut.axis] = std::max<int64_t>(*count, 0);
        strides[cut.axis] *= cut.step;
    }
    node.check_count(shape);
    node.result(strided(array, std::move(shape), offset, strides), output);
}

ValueId add_slice(NodeImport& node, ValueId input, const std::vector<Cut>& cuts) {
    std::vector<Size> shape = node.value(input).shape;
    SliceOp slice;
    slice.begin.assign(shape.size(), 0);
    slice.step.assign(shape.size(), 1);
    for (const Cut& cut : cuts) {
        slice.begin[cut.axis] = cut.begin;
        slice.step[cut.axis] = cut.step;
        shape[cut.axis] = cut.count;
    }
    const ElementType type = node.value(input).type;
    return node.add(std::move(slice), {input}, std::move(shape), type);
}

}  // namespace

void import_concat(NodeImport& node) {
    node.expect_inputs(1, 100000);
    const size_t rank = node.shape(0).size();
    const size_t axis = node.axis(node.integer("axis", 1), static_cast<int64_t>(rank));
    std::vector<Size> shape = node.shape(0);
    shape[axis] = 0;
    for (size_t i = 0; i < node.input_count(); ++i) {
        const std::vector<Size> part = node.shape(i);
        if (part.size() != rank)
            node.refuse("its input " + node.label(i) + " has " + std::to_string(part.size()) + " dimensions, " +
                            node.label(0) + " has " + std::to_string(rank),
                        "export the model again");
        for (size_t a = 0; a < rank; ++a) {
            if (a == axis || part[a] == shape[a]) continue;
            node.require_equal(node.dim_label(0, a), shape[a], node.label(i), part[a]);
            if (part[a].is_number()) shape[a] = part[a];
        }
        shape[axis] = shape[axis] + part[axis];
    }
    if (node.all_known()) {
        std::vector<Array> arrays;
        std::vector<const Array*> pointers;
        for (size_t i = 0; i < node.input_count(); ++i) arrays.push_back(node.array(i, "inputs"));
        for (const Array& array : arrays) pointers.push_back(&array);
        std::vector<int64_t> counts;
        for (const Size& size : shape) counts.push_back(*size.integer());
        node.check_count(counts);
        return node.result(concatenated(pointers, axis));
    }
    std::vector<ValueId> inputs;
    std::optional<ElementType> type;
    for (size_t i = 0; i < node.input_count(); ++i) {
        if (node.shape(i)[axis] == Size(0)) continue;
        inputs.push_back(node.data(i));
        if (type.value_or(node.type(i)) != node.type(i))
            node.refuse("its inputs have different element types", "export the model again");
        type = node.type(i);
    }
    if (inputs.size() == 1 && node.input_count() == 1) return node.result_is_input();
    node.add_result(ConcatOp{static_cast<int64_t>(axis)}, std::move(inputs), std::move(shape), *type);
}

namespace {

// The sizes of Split's parts.
std::vector<Size> parts_of(NodeImport& node, const Size& extent, const std::string& what) {
    std::vector<Size> parts;
    if (node.has(1)) {
        parts = node.sizes(1, "split");
    } else if (const std::optional<std::vector<int64_t>> split = node.list("split")) {
        parts.assign(split->begin(), split->end());
    }
    const auto outputs = static_cast<int64_t>(node.output_count());
    if (!parts.empty()) {
        if (parts.size() != node.output_count())
            node.refuse(
                "split has " + std::to_string(parts.size()) + " entries for " + std::to_string(outputs) + " outputs",
                "export the model again");
        Size sum;
        for (const Size& part : parts) sum = sum + part;
        node.require_equal(what, extent, "the sum of split", sum);
        return parts;
    }
    const int64_t count = node.integer("num_outputs", outputs);
    if (count != outputs)
        node.refuse("num_outputs is " + std::to_string(count) + ", it has " + std::to_string(outputs) + " outputs",
                    "export the model again");
    const bool uneven = node.has_attribute("num_outputs");
    if (!uneven)
        node.require(equals(modulo(extent, count), 0),
                     what + " (" + extent.text() + ") must be a multiple of " + std::to_string(count));
    const Size part = uneven ? ceil_div(extent, count) : floor_div(extent, count);
    parts.assign(static_cast<size_t>(count), part);
    parts.back() = extent - Size(count - 1) * part;
    return parts;
}

}  // namespace

void import_split(NodeImport& node) {
    node.expect_inputs(1, 2);
    const std::vector<Size> shape = node.shape(0);
    const size_t axis = node.axis(node.integer("axis", 0), static_cast<int64_t>(shape.size()));
    const std::vector<Size> parts = parts_of(node, shape[axis], node.dim_label(0, axis));
    Size begin;
    for (size_t i = 0; i < parts.size(); ++i) {
        const std::optional<int64_t> part = parts[i].integer();
        if (part && *part < 0) node.refuse("split has a negative entry", "export the model again");
        const std::vector<Cut> cuts{{axis, begin, parts[i], 1}};
        if (node.wants(i)) {
            if (node.known(0))
                slice_known(node, cuts, i);
            else
                node.result(add_slice(node, node.data(0), cuts), i);
        }
        begin = begin + parts[i];
    }
}

namespace {

struct SliceInputs {
    std::vector<Size> starts, ends;
    std::vector<int64_t> axes, steps;
};

SliceInputs read_slice(NodeImport& node) {
    SliceInputs in;
    if (node.opset() < 10) {
        const auto as_sizes = [&](const char* name) {
            const std::optional<std::vector<int64_t>> values = node.list(name);
            if (!values) node.refuse(std::string("attribute \"") + name + "\" is missing", "export the model again");
            return std::vector<Size>(values->begin(), values->end());
        };
        in.starts = as_sizes("starts");
        in.ends = as_sizes("ends");
        in.axes = node.list("axes").value_or(std::vector<int64_t>{});
    } else {
        node.expect_inputs(3, 5);
        in.starts = node.sizes(1, "starts");
        in.ends = node.sizes(2, "ends");
        if (node.has(3)) in.axes = node.integers(3, "axes");
        if (node.has(4)) in.steps = node.integers(4, "steps");
    }
    if (in.axes.empty())
        for (size_t i = 0; i < in.starts.size(); ++i) in.axes.push_back(static_cast<int64_t>(i));
    if (in.steps.empty()) in.steps.assign(in.starts.size(), 1);
    if (in.ends.size() != in.starts.size() || in.axes.size() != in.starts.size() || in.steps.size() != in.starts.size())
        node.refuse("starts, ends, axes and steps differ in length", "export the model again");
    return in;
}

// Counted from the back where it is negative.
Size from_front(const Size& index, const Size& extent) {
    return select(less(index, 0), index + extent, index);
}

// Where the range would be empty, count is 0 or less: the network then requires that it is not.
Cut cut_of(NodeImport& node, size_t axis, const Size& start, const Size& end, int64_t step, const Size& extent) {
    if (step == 0 || step > (int64_t{1} << 31) || step < -(int64_t{1} << 31))
        node.refuse("steps has " + std::to_string(step) + ", expected a small number other than 0",
                    "export the model again");
    const Size from = from_front(start, extent), to = from_front(end, extent);
    if (step > 0) {
        const Size begin = maximum(from, 0), stop = minimum(to, extent);
        return {axis, begin, ceil_div(stop - begin, Size(step)), step};
    }
    const Size begin = minimum(maximum(from, 0), extent - 1), stop = minimum(maximum(to, -1), extent - 1);
    return {axis, begin, ceil_div(begin - stop, Size(-step)), step};
}

}  // namespace

void import_slice(NodeImport& node) {
    const std::vector<Size> shape = node.shape(0);
    const SliceInputs in = read_slice(node);
    const std::vector<size_t> axes = node.axes(in.axes, static_cast<int64_t>(shape.size()));
    std::vector<Cut> cuts;
    for (size_t i = 0; i < axes.size(); ++i) {
        Cut cut = cut_of(node, axes[i], in.starts[i], in.ends[i], in.steps[i], shape[axes[i]]);
        const bool everything = cut.begin == Size(0) && cut.count == shape[axes[i]] && cut.step == 1;
        if (!everything) cuts.push_back(std::move(cut));
    }
    if (cuts.empty()) return node.result_is_input();
    if (node.known(0)) return slice_known(node, cuts, 0);
    node.result(add_slice(node, node.data(0), cuts));
}

namespace {

void gather_known(NodeImport& node, size_t axis, const Array& indices, const std::vector<int64_t>& numbers) {
    const Array array = node.array(0, "data");
    std::vector<int64_t> shape(array.shape.begin(), array.shape.begin() + static_cast<std::ptrdiff_t>(axis));
    shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
    shape.insert(shape.end(), array.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, array.shape.end());
    node.check_count(shape);
    for (const int64_t index : numbers) node.axis(index, array.shape[axis], "an index");
    node.result(taken(array, axis, indices));
}

}  // namespace

// On data: slices, one after the other, for indices that are known and few.
void import_gather(NodeImport& node) {
    node.expect_inputs(2, 2);
    std::vector<Size> shape = node.shape(0);
    const size_t axis = node.axis(node.integer("axis", 0), static_cast<int64_t>(shape.size()));
    const Array indices = node.array(1, "indices");
    const std::optional<std::vector<int64_t>> numbers = integers_of(indices);
    if (!numbers) node.refuse("its indices depend on the model's input", "declare the model's input size");
    if (node.known(0)) return gather_known(node, axis, indices, *numbers);
    constexpr size_t most_slices = 256;
    if (numbers->empty() || numbers->size() > most_slices)
        node.refuse("it has " + std::to_string(numbers->size()) + " indices, supported on data are 1 to 256",
                    "use Slice, or simplify the model");
    std::vector<ValueId> slices;
    for (const int64_t index : *numbers) {
        const Size at = index < 0 ? shape[axis] + Size(index) : Size(index);
        node.require(less(-1, at) * less(at, shape[axis]), "index " + std::to_string(index) + " must lie inside " +
                                                               node.dim_label(0, axis) + " (" + shape[axis].text() +
                                                               ")");
        slices.push_back(add_slice(node, node.data(0), {{axis, at, 1, 1}}));
    }
    shape[axis] = Size(static_cast<int64_t>(slices.size()));
    const ElementType type = node.type(0);
    const ValueId joined =
        slices.size() == 1 ? slices[0] : node.add(ConcatOp{static_cast<int64_t>(axis)}, slices, shape, type);
    std::vector<Size> to(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(axis));
    to.insert(to.end(), indices.shape.begin(), indices.shape.end());
    to.insert(to.end(), shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, shape.end());
    node.result(add_reshape(node, joined, to));
}

namespace {

int64_t read_block(NodeImport& node) {
    const int64_t block = node.integer("blocksize", 0);
    if (block < 1 || block > 1024)
        node.refuse("blocksize is " + std::to_string(block) + ", expected 1 to 1024", "export the model again");
    if (node.rank(0) != 4)
        node.refuse("its input has " + std::to_string(node.rank(0)) + " dimensions, expected 4",
                    "export the model again");
    return block;
}

bool read_column_row_depth(NodeImport& node) {
    const std::string mode = node.text("mode", "DCR");
    if (mode != "DCR" && mode != "CRD")
        node.refuse("mode is \"" + mode + "\", expected DCR or CRD", "export the model again");
    return mode == "CRD";
}

}  // namespace

void import_depth_to_space(NodeImport& node) {
    node.expect_inputs(1, 1);
    const int64_t block = read_block(node);
    const std::vector<Size> shape = node.shape(0);
    const Size square(block * block), side(block);
    node.require(equals(modulo(shape[1], square), 0),
                 node.dim_label(0, 1) + " (" + shape[1].text() + ") must be a multiple of " + square.text());
    node.add_result(DepthToSpaceOp{block, read_column_row_depth(node)}, {node.float_data(0)},
                    {shape[0], floor_div(shape[1], square), shape[2] * side, shape[3] * side});
}

void import_space_to_depth(NodeImport& node) {
    node.expect_inputs(1, 1);
    const int64_t block = read_block(node);
    if (read_column_row_depth(node))
        node.refuse("mode is \"CRD\", supported is DCR", "reorder the channels afterwards");
    const std::vector<Size> shape = node.shape(0);
    const Size side(block);
    for (size_t axis = 2; axis < 4; ++axis)
        node.require(equals(modulo(shape[axis], side), 0),
                     node.dim_label(0, axis) + " (" + shape[axis].text() + ") must be a multiple of " + side.text());
    node.add_result(SpaceToDepthOp{block}, {node.float_data(0)},
                    {shape[0], shape[1] * side * side, floor_div(shape[2], side), floor_div(shape[3], side)});
}

}  // namespace atrous
