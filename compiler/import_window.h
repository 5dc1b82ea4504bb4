// What convolutions and pooling have in common: a window that moves over H and W.
#pragma once

#include <array>
#include <optional>

#include "compiler/import_node.h"

namespace atrous {

enum class AutoPad { notset, valid, same_upper, same_lower };

// Two entries, H and W; an operator with one spatial axis has a kernel of 1 in H.
struct Window {
    size_t axes = 2;
    Pair kernel{1, 1}, stride{1, 1}, dilation{1, 1}, pad_begin{0, 0}, pad_end{0, 0};
    AutoPad auto_pad = AutoPad::notset;

    int64_t reach(size_t i) const { return dilation[i] * (kernel[i] - 1) + 1; }
};

// The attributes, checked. `weights` is the kernel's shape as the weights have it, if there are weights. Pads are 0
// where auto_pad says something else.
Window read_window(NodeImport& node, const std::optional<std::vector<int64_t>>& weights);

// Entries of a spatial attribute as H and W; refuses others than `window.axes` of them, and values out of range.
Pair read_pair(NodeImport& node, const char* name, size_t axes, int64_t otherwise, int64_t least);

// H and W of an input with one or two spatial axes.
std::array<Size, 2> spatial(const std::vector<Size>& shape);
// The shape with other channels and spatial sizes.
std::vector<Size> with_spatial(const std::vector<Size>& shape, const Size& channels, const std::array<Size, 2>& sizes);

// SAME padding: so much that the output is the input divided by the stride, rounded up. Numbers go into the window;
// where they depend on the input, a Pad with `value` goes in front. Returns the input to use.
ValueId apply_same_padding(NodeImport& node, ValueId input, Window& window, float value);

}  // namespace atrous
