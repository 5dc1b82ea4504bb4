#include "generators/pool.h"

#include <limits>

namespace atrous {

using namespace Halide;

namespace {

// How many of the taps o·s − pad + k·d, k < kernel, lie in [low, high).
Expr taps_within(const Expr& start, const Expr& kernel, const Expr& dilation, const Expr& low, const Expr& high) {
    Expr first = max((low - start + dilation - 1) / dilation, 0);
    Expr last = min((high - start + dilation - 1) / dilation, kernel);
    return max(last - first, 0);
}

}  // namespace

Pool pool(const PoolSpec& spec, const PoolInputs& in) {
    Pool p;
    const ImageVars& v = p.v;
    ImageTensor image{in.input, spec.packing};
    p.window = RDom(0, in.kernel_x, 0, in.kernel_y, "window");
    p.two_by_two = in.kernel_x == 2 && in.kernel_y == 2;
    Expr start_x = v.x * in.stride_x - in.pad_left, start_y = v.y * in.stride_y - in.pad_top;
    Expr x = start_x + p.window.x * in.dilation_x, y = start_y + p.window.y * in.dilation_y;
    p.all_inside = cast<bool>(false);
    if (in.out_width.defined())
        p.all_inside = in.pad_left == 0 && in.pad_top == 0 &&
                       (in.out_width - 1) * in.stride_x + (in.kernel_x - 1) * in.dilation_x < in.width &&
                       (in.out_height - 1) * in.stride_y + (in.kernel_y - 1) * in.dilation_y < in.height;
    Expr inside = p.all_inside || (x >= 0 && x < in.width && y >= 0 && y < in.height);
    Expr tap = image(v.c, select(p.all_inside, x, clamp(x, 0, in.width - 1)),
                     select(p.all_inside, y, clamp(y, 0, in.height - 1)), v.cb, v.n);

    p.value = Func("window_value");
    p.output = Func("pool");
    if (spec.kind == PoolKind::max) {
        Expr lowest = -std::numeric_limits<float>::infinity();
        p.value(v.in(spec.packing)) = lowest;
        p.value(v.in(spec.packing)) = max(p.value(v.in(spec.packing)), select(inside, tap, lowest));
        p.output(v.in(spec.packing)) = p.value(v.in(spec.packing));
        return p;
    }
    p.value(v.in(spec.packing)) = 0.f;
    p.value(v.in(spec.packing)) += select(inside, tap, 0.f);
    Expr left = spec.count_include_pad ? -in.pad_left : Expr(0), top = spec.count_include_pad ? -in.pad_top : Expr(0);
    Expr right = spec.count_include_pad ? in.width + in.pad_right : in.width;
    Expr bottom = spec.count_include_pad ? in.height + in.pad_bottom : in.height;
    Expr count = taps_within(start_x, in.kernel_x, in.dilation_x, left, right) *
                 taps_within(start_y, in.kernel_y, in.dilation_y, top, bottom);
    p.output(v.in(spec.packing)) = p.value(v.in(spec.packing)) / cast<float>(max(count, 1));
    return p;
}

GlobalPool global_pool(const GlobalPoolSpec& spec, Func input, Expr width, Expr height) {
    GlobalPool p;
    const ImageVars& v = p.v;
    ImageTensor image{input, spec.packing};
    bool maximum = spec.kind == PoolKind::max;
    Expr start = maximum ? Expr(-std::numeric_limits<float>::infinity()) : Expr(0.f);
    auto combine = [&](Expr a, Expr b) { return maximum ? max(a, b) : a + b; };
    Var row("row");
    std::vector<Var> row_vars =
        spec.packing == Packing::c16 ? std::vector<Var>{v.c, row, v.cb, v.n} : std::vector<Var>{row, v.cb, v.n};
    auto row_at = [&](Expr y) {
        return spec.packing == Packing::c16 ? p.rows(v.c, y, v.cb, v.n) : p.rows(y, v.cb, v.n);
    };
    std::vector<Var> value_vars =
        spec.packing == Packing::c16 ? std::vector<Var>{v.c, v.cb, v.n} : std::vector<Var>{v.cb, v.n};

    p.in_row = RDom(0, width, "in_row");
    p.rows = Func("row_value");
    p.rows(row_vars) = start;
    p.rows(row_vars) = combine(p.rows(row_vars), image(v.c, p.in_row, row, v.cb, v.n));
    p.over_rows = RDom(0, height, "over_rows");
    p.value = Func("global_value");
    p.value(value_vars) = start;
    p.value(value_vars) = combine(p.value(value_vars), row_at(p.over_rows));

    Expr result = p.value(value_vars);
    if (!maximum) result = result / (cast<float>(width) * cast<float>(height));
    p.output = Func("global_pool");
    p.output(v.in(spec.packing)) = result;
    return p;
}

}  // namespace atrous
