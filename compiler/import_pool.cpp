#include <limits>

#include "compiler/import_operators.h"
#include "compiler/import_window.h"

namespace atrous {

namespace {

void check_pads(NodeImport& node, const Window& window) {
    for (size_t i = 0; i < 2; ++i)
        if (window.pad_begin[i] >= window.reach(i) || window.pad_end[i] >= window.reach(i))
            node.refuse("pads are as large as the kernel: a window would lie wholly outside the input",
                        "export the model again");
}

// The number of windows; with ceil_mode one more where the last would hang over, as long as it begins inside the input
// or the padding before it.
Size pooled_size(const Window& window, size_t i, const Size& in, bool ceil_mode) {
    const Size stride(window.stride[i]);
    const Size room = in + Size(window.pad_begin[i] + window.pad_end[i] - window.reach(i));
    if (!ceil_mode) return floor_div(room, stride) + 1;
    return minimum(ceil_div(room, stride), floor_div(in + Size(window.pad_begin[i] - 1), stride)) + 1;
}

}  // namespace

void import_pool(NodeImport& node) {
    node.expect_inputs(1, 1);
    const ValueId x = node.float_data(0);
    Window window = read_window(node, std::nullopt);
    PoolOp pool;
    pool.kind = node.op() == "MaxPool" ? PoolKind::max : PoolKind::average;
    pool.ceil_mode = node.flag("ceil_mode", false);
    pool.count_include_pad = pool.kind == PoolKind::average && node.flag("count_include_pad", false);
    if (node.wants(1))
        node.refuse("its output 1 (Indices) is used, supported is output 0 only", "use a model without MaxUnpool");

    const std::vector<Size> shape = node.shape(0);
    const std::array<Size, 2> in = spatial(shape);
    const bool same = window.auto_pad == AutoPad::same_upper || window.auto_pad == AutoPad::same_lower;
    const float outside = pool.kind == PoolKind::max ? -std::numeric_limits<float>::infinity() : 0;
    const ValueId input = apply_same_padding(node, x, window, outside);
    if (input != x && pool.kind == PoolKind::average && !pool.count_include_pad)
        node.refuse("auto_pad with a stride above 1 depends on the model's input size, which is free",
                    "declare the input's height and width, or use pads");
    check_pads(node, window);
    std::array<Size, 2> out;
    for (size_t i = 0; i < 2; ++i)
        out[i] = same ? ceil_div(in[i], window.stride[i]) : pooled_size(window, i, in[i], pool.ceil_mode);
    pool.kernel = window.kernel;
    pool.stride = window.stride;
    pool.dilation = window.dilation;
    pool.pad_begin = window.pad_begin;
    pool.pad_end = window.pad_end;
    node.add_result(pool, {input}, with_spatial(shape, shape[1], out));
}

void import_global_pool(NodeImport& node) {
    node.expect_inputs(1, 1);
    const ValueId x = node.float_data(0);
    const std::vector<Size> shape = node.shape(0);
    if (shape.size() != 3 && shape.size() != 4)
        node.refuse("its input has " + std::to_string(shape.size()) + " dimensions, supported are 3 and 4",
                    "use a model for images or signals");
    const PoolKind kind = node.op() == "GlobalMaxPool" ? PoolKind::max : PoolKind::average;
    node.add_result(GlobalPoolOp{kind, true}, {x}, with_spatial(shape, shape[1], {1, 1}));
}

}  // namespace atrous
