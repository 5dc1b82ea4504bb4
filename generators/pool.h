// Max, average and global pooling.
#pragma once

#include "generators/kernel_spec.h"
#include "generators/tensor.h"

namespace atrous {

struct PoolInputs {
    Halide::Func input;
    Halide::Expr width, height;  // of the input
    Halide::Expr kernel_x, kernel_y, stride_x, stride_y, dilation_x, dilation_y;
    Halide::Expr pad_left, pad_top, pad_right, pad_bottom;
    Halide::Expr out_width, out_height;  // may be undefined
};

struct Pool {
    Halide::Func value, output;  // value: maximum or sum over the window
    Halide::RDom window;         // (kx, ky)
    Halide::Expr two_by_two;     // whether those are its taps
    Halide::Expr all_inside;     // whether no window hangs over the input
    ImageVars v;
};

// Max: padding never wins. Average: the divisor counts the taps inside the input, with count_include_pad those inside
// the padded input (a last window may hang over it in ceil mode).
Pool pool(const PoolSpec& spec, const PoolInputs& in);

// Over all of H,W; the output has extent 1 there. Average: one partial sum a row, then over the rows, so that the error
// stays small on large images.
struct GlobalPool {
    Halide::Func rows, value, output;
    Halide::RDom in_row, over_rows;
    ImageVars v;
};
GlobalPool global_pool(const GlobalPoolSpec& spec, Halide::Func input, Halide::Expr width, Halide::Expr height);

}  // namespace atrous
