// Operators that change a tensor's shape and keep its elements, and Expand, which repeats them.
#include <algorithm>
#include <numeric>

#include "compiler/import_operators.h"

namespace atrous {

namespace {

std::optional<std::vector<int64_t>> numbers(const std::vector<Size>& shape) {
    std::vector<int64_t> result;
    for (const Size& size : shape) {
        const std::optional<int64_t> number = size.integer();
        if (!number) return std::nullopt;
        result.push_back(*number);
    }
    return result;
}

int64_t known_count(const std::vector<int64_t>& shape) {
    return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

// The input in another shape of the same number of elements, folded where it is known.
void reshape_to(NodeImport& node, const std::vector<Size>& shape) {
    const std::optional<std::vector<int64_t>> fixed = numbers(shape);
    if (node.known(0) && fixed) {
        Array array = node.array(0, "data");
        node.check_count(*fixed);
        if (known_count(*fixed) != array.count())
            node.refuse("its input has " + std::to_string(array.count()) + " elements, its shape needs " +
                            std::to_string(known_count(*fixed)),
                        "export the model again");
        return node.result(reshaped(std::move(array), *fixed));
    }
    node.result(add_reshape(node, node.data(0), shape));
}

// Takes out what both sides have, so that the rest of a product is small and often nothing.
void cancel(std::vector<Size>& a, std::vector<Size>& b) {
    for (size_t i = a.size(); i-- > 0;) {
        const auto found = std::find(b.begin(), b.end(), a[i]);
        if (found == b.end()) continue;
        b.erase(found);
        a.erase(a.begin() + static_cast<std::ptrdiff_t>(i));
    }
}

std::string text_of(const std::vector<Size>& shape) {
    std::string text;
    for (const Size& size : shape) text += (text.empty() ? "" : "×") + size.text();
    return text.empty() ? "a scalar" : text;
}

// The extent that makes both products equal; required to be a whole number.
Size inferred_extent(NodeImport& node, std::vector<Size> from, std::vector<Size> to) {
    cancel(from, to);
    const Size have = product(from), divisor = product(to);
    if (divisor == Size(0))
        node.refuse("its shape has both 0 and -1, which leaves the size open", "export the model again");
    node.require(equals(modulo(have, divisor), 0), "the elements of its input (" + have.text() +
                                                       ") must be divisible by those of its shape (" + divisor.text() +
                                                       ")");
    return floor_div(have, divisor);
}

}  // namespace

ValueId add_reshape(NodeImport& node, ValueId input, const std::vector<Size>& shape) {
    if (node.value(input).shape == shape) return input;
    const ElementType type = node.value(input).type;
    return node.add(ReshapeOp{}, {input}, shape, type);
}

void import_reshape(NodeImport& node) {
    node.expect_inputs(2, 2);
    const std::vector<Size> from = node.shape(0);
    std::vector<Size> to = node.sizes(1, "shape");
    const bool allow_zero = node.flag("allowzero", false);
    std::optional<size_t> open;
    for (size_t i = 0; i < to.size(); ++i) {
        const std::optional<int64_t> number = to[i].integer();
        if (number == 0 && !allow_zero) {
            if (i >= from.size())
                node.refuse("its shape copies dimension " + std::to_string(i) + " of an input with " +
                                std::to_string(from.size()),
                            "export the model again");
            to[i] = from[i];
        } else if (number == -1) {
            if (open) node.refuse("its shape has -1 twice, expected once", "export the model again");
            open = i;
        } else if (number && *number < 0) {
            node.refuse("its shape has " + std::to_string(*number) + ", expected -1 or more", "export the model again");
        }
    }
    if (open) {
        std::vector<Size> others = to;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(*open));
        to[*open] = inferred_extent(node, from, others);
    } else {
        std::vector<Size> a = from, b = to;
        cancel(a, b);
        node.require(equals(product(a), product(b)), "its input (" + text_of(from) + ") and its shape (" + text_of(to) +
                                                         ") must have the same number of elements");
    }
    reshape_to(node, to);
}

void import_flatten(NodeImport& node) {
    node.expect_inputs(1, 1);
    const std::vector<Size> shape = node.shape(0);
    const auto rank = static_cast<int64_t>(shape.size());
    const int64_t axis = node.integer("axis", 1);
    if (axis < -rank || axis > rank)
        node.refuse(
            "axis is " + std::to_string(axis) + ", expected " + std::to_string(-rank) + " to " + std::to_string(rank),
            "export the model again");
    const auto split = shape.begin() + (axis < 0 ? axis + rank : axis);
    reshape_to(node, {product({shape.begin(), split}), product({split, shape.end()})});
}

namespace {

// An attribute until opset 12, the second input since.
std::optional<std::vector<int64_t>> read_axes(NodeImport& node) {
    if (node.has(1)) return node.integers(1, "axes");
    return node.list("axes");
}

}  // namespace

void import_squeeze(NodeImport& node) {
    node.expect_inputs(1, 2);
    const std::vector<Size> shape = node.shape(0);
    std::vector<size_t> axes;
    if (const std::optional<std::vector<int64_t>> given = read_axes(node)) {
        axes = node.axes(*given, static_cast<int64_t>(shape.size()));
    } else {
        for (size_t i = 0; i < shape.size(); ++i) {
            if (!shape[i].is_number())
                node.refuse("it has no axes, and " + node.dim_label(0, i) + " is free (" + shape[i].text() + ")",
                            "export the model with the axes to squeeze");
            if (shape[i] == Size(1)) axes.push_back(i);
        }
    }
    std::vector<Size> to;
    for (size_t i = 0; i < shape.size(); ++i) {
        const bool squeezed = std::find(axes.begin(), axes.end(), i) != axes.end();
        if (squeezed) node.require_equal(node.dim_label(0, i), shape[i], "the squeezed size", 1);
        if (!squeezed) to.push_back(shape[i]);
    }
    reshape_to(node, to);
}

void import_unsqueeze(NodeImport& node) {
    node.expect_inputs(1, 2);
    const std::optional<std::vector<int64_t>> given = read_axes(node);
    if (!given) node.refuse("its axes are missing", "export the model again");
    const std::vector<Size> shape = node.shape(0);
    const size_t rank = shape.size() + given->size();
    if (rank > 16)
        node.refuse("its result would have " + std::to_string(rank) + " dimensions", "export the model again");
    const std::vector<size_t> axes = node.axes(*given, static_cast<int64_t>(rank));
    std::vector<Size> to;
    auto next = shape.begin();
    for (size_t i = 0; i < rank; ++i)
        to.push_back(std::find(axes.begin(), axes.end(), i) != axes.end() ? Size(1) : *next++);
    reshape_to(node, to);
}

void import_expand(NodeImport& node) {
    node.expect_inputs(2, 2);
    const std::vector<Size> from = node.shape(0), wanted = node.sizes(1, "shape");
    const size_t rank = std::max(from.size(), wanted.size());
    std::vector<Size> to;
    for (size_t i = 0; i < rank; ++i) {
        const Size have = i < rank - from.size() ? Size(1) : from[i - (rank - from.size())];
        const Size want = i < rank - wanted.size() ? Size(1) : wanted[i - (rank - wanted.size())];
        if (!(have == want) && !(have == Size(1)) && !(want == Size(1)))
            node.require_equal(axis_name(rank, i) + " of " + node.label(0), have, "that of its shape", want);
        to.push_back(have == Size(1) ? want : have);
    }
    if (to == from) return node.result_is_input();
    const std::optional<std::vector<int64_t>> fixed = numbers(to);
    constexpr int64_t most_repeated = 1 << 20;
    if (node.known(0) && fixed) {
        double count = 1;
        for (const int64_t extent : *fixed) count *= static_cast<double>(extent);
        if (count <= static_cast<double>(most_repeated)) {
            node.check_count(*fixed);
            return node.result(expanded(node.array(0, "input"), *fixed));
        }
    }
    node.add_result(ExpandOp{}, {node.data(0)}, to, node.type(0));
}

ValueId add_transpose(NodeImport& node, ValueId input, const std::vector<int64_t>& perm) {
    if (std::is_sorted(perm.begin(), perm.end())) return input;
    const std::vector<Size> from = node.value(input).shape;
    std::vector<Size> to;
    for (const int64_t axis : perm) to.push_back(from[static_cast<size_t>(axis)]);
    const ElementType type = node.value(input).type;
    return node.add(TransposeOp{perm}, {input}, std::move(to), type);
}

void import_transpose(NodeImport& node) {
    node.expect_inputs(1, 1);
    const int64_t rank = node.rank(0);
    std::vector<int64_t> perm(static_cast<size_t>(rank));
    std::iota(perm.rbegin(), perm.rend(), int64_t{0});
    if (const std::optional<std::vector<int64_t>> given = node.list("perm")) {
        if (static_cast<int64_t>(given->size()) != rank)
            node.refuse("perm has " + std::to_string(given->size()) + " entries, expected " + std::to_string(rank),
                        "export the model again");
        const std::vector<size_t> axes = node.axes(*given, rank);
        perm.assign(axes.begin(), axes.end());
    }
    if (node.known(0)) {
        const Array array = node.array(0, "data");
        node.check_count(array.shape);
        return node.result(transposed(array, perm));
    }
    if (std::is_sorted(perm.begin(), perm.end())) return node.result_is_input();
    node.result(add_transpose(node, node.data(0), perm));
}

}  // namespace atrous
