#include "generators/dilated_conv.h"

#include "generators/elementwise.h"

namespace atrous {

using namespace Halide;

Expr finish(Expr sum, ElementwiseFunction activation, Residual residual, Expr slope, Expr other, Expr alpha,
            Expr beta) {
    if (residual == Residual::before_activation) sum += other;
    sum = apply_function(activation, sum, slope, Expr(), alpha, beta);
    if (residual == Residual::after_activation) sum += other;
    return sum;
}

DilatedConv dilated_conv(const ConvSpec& spec, const ConvInputs& in, int depth) {
    DilatedConv conv;
    const ImageVars& v = conv.v;
    ImageTensor x{in.input, spec.packing};
    ChannelTensor bias{in.bias, spec.packing};
    conv.weights = in.weights;

    conv.sum = Func("sum");
    conv.sum(v.in(spec.packing)) = bias(v.c, v.cb);
    auto source_x = [&](const Expr& k) { return v.x * spec.stride_x + k * in.dilation_x - in.pad_left; };
    auto source_y = [&](const Expr& k) { return v.y * spec.stride_y + k * in.dilation_y - in.pad_top; };
    Expr first_block = spec.grouped ? (v.cb / in.co_blocks) * in.ci_blocks : Expr(0);
    if (spec.packing == Packing::c16) {
        const bool in_parts = depth > 0;
        conv.taps = RDom(0, in.ci_lanes, 0, spec.kernel_x, 0, spec.kernel_y, 0, in_parts ? depth : in.ci_blocks, "r");
        RVar ci = conv.taps.x, kx = conv.taps.y, ky = conv.taps.z;
        // Large dilations have whole kernel rows in the padding: with rate 18 on 33 rows they are 36 % of all.
        if (in.height.defined() && spec.kernel_y > 1) {
            conv.taps.where(source_y(ky) >= 0 && source_y(ky) < in.height);
        }
        Var lane("lane"), tap_x("tap_x"), tap_y("tap_y"), block("block");
        conv.pixels = Func("pixels");
        conv.pixels(lane, v.x, v.y, tap_x, tap_y, block, v.cb, v.n) =
            x(lane, source_x(tap_x), source_y(tap_y), first_block + block, v.n);
        auto product = [&](const Expr& cib) {
            return in.weights(v.c, ci, kx, ky, cib, v.cb) * conv.pixels(ci, v.x, v.y, kx, ky, cib, v.cb, v.n);
        };
        if (in_parts) {
            Var number("number");
            Expr cib = number * depth + conv.taps.w;
            conv.taps.where(cib < in.ci_blocks);
            conv.part = Func("part");
            conv.part(v.c, v.x, v.y, v.cb, v.n, number) = 0.f;
            conv.part(v.c, v.x, v.y, v.cb, v.n, number) += product(cib);
            conv.parts = RDom(0, (in.ci_blocks + depth - 1) / depth, "parts");
            conv.sum(v.in(spec.packing)) += conv.part(v.c, v.x, v.y, v.cb, v.n, conv.parts);
        } else {
            conv.sum(v.in(spec.packing)) += product(conv.taps.w);
        }
    } else {
        conv.taps = RDom(0, spec.kernel_x, 0, spec.kernel_y, 0, in.ci_blocks, "r");
        RVar kx = conv.taps.x, ky = conv.taps.y, ci = conv.taps.z;
        conv.sum(v.in(spec.packing)) +=
            in.weights(kx, ky, ci, v.cb) * x(0, source_x(kx), source_y(ky), first_block + ci, v.n);
    }

    Expr slope =
        spec.activation == ElementwiseFunction::prelu ? ChannelTensor{in.slope, spec.packing}(v.c, v.cb) : Expr();
    Expr other = spec.residual != Residual::none ? in.residual(v.in(spec.packing)) : Expr();
    conv.output = Func("conv");
    conv.output(v.in(spec.packing)) =
        finish(conv.sum(v.in(spec.packing)), spec.activation, spec.residual, slope, other, in.alpha, in.beta);
    return conv;
}

int64_t conv_size(int64_t in, int64_t kernel, int64_t stride, int64_t dilation, int64_t pad_begin, int64_t pad_end) {
    int64_t free = in + pad_begin + pad_end - (dilation * (kernel - 1) + 1);
    return free < 0 ? 0 : free / stride + 1;
}

}  // namespace atrous
