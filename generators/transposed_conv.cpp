#include "generators/transposed_conv.h"

namespace atrous {

using namespace Halide;

namespace {

// For output phase φ = (output + pad) mod stride the taps are k ≡ first(φ) mod step, step = stride / gcd(stride,
// dilation).
struct PhaseAxis {
    Expr step;   // distance between taps of one phase
    Func first;  // (φ) → first tap, or the kernel size where the phase has none
    Expr taps;   // most taps that any phase has
};

Expr greatest_common_divisor(int stride, const Expr& dilation) {
    // gcd(s, d) is the largest divisor of s that divides d; strides are small constants.
    Expr result = 1;
    for (int divisor = 2; divisor <= stride; divisor++) {
        if (stride % divisor == 0) result = select(dilation % divisor == 0, divisor, result);
    }
    return result;
}

PhaseAxis phase_axis(int kernel, int stride, const Expr& dilation, const std::string& name) {
    PhaseAxis axis;
    axis.step = stride / greatest_common_divisor(stride, dilation);
    axis.first = Func("first_tap_" + name);
    Var phase("phase");
    // The smallest k with k·d ≡ φ (mod s), found from the top so that the smallest wins.
    Expr first = kernel;
    for (int k = std::min(kernel, stride) - 1; k >= 0; k--) {
        first = select((k * dilation) % stride == phase, k, first);
    }
    axis.first(phase) = first;
    axis.taps = (kernel + axis.step - 1) / axis.step;
    return axis;
}

}  // namespace

TransposedConv transposed_conv(const TransposedConvSpec& spec, const TransposedConvInputs& in) {
    TransposedConv conv;
    const ImageVars& v = conv.v;
    PhaseAxis ax = phase_axis(spec.kernel_x, spec.stride_x, in.dilation_x, "x");
    PhaseAxis ay = phase_axis(spec.kernel_y, spec.stride_y, in.dilation_y, "y");
    conv.first_x = ax.first;
    conv.first_y = ay.first;

    conv.padded = BoundaryConditions::constant_exterior(in.input, 0.f, {{0, in.width}, {0, in.height}});

    conv.taps = RDom(0, ax.taps, 0, ay.taps, 0, in.ci_per_group, "r");
    RVar tx = conv.taps.x, ty = conv.taps.y, ci = conv.taps.z;
    Expr ox = v.x + in.pad_left, oy = v.y + in.pad_top;
    Expr kx = ax.first(ox % spec.stride_x) + tx * ax.step;
    Expr ky = ay.first(oy % spec.stride_y) + ty * ay.step;
    conv.taps.where(kx < spec.kernel_x && ky < spec.kernel_y);
    Expr kernel_x = clamp(kx, 0, spec.kernel_x - 1), kernel_y = clamp(ky, 0, spec.kernel_y - 1);
    Expr source_x = div_round_to_zero(ox - kx * in.dilation_x, spec.stride_x);
    Expr source_y = div_round_to_zero(oy - ky * in.dilation_y, spec.stride_y);
    Expr channel = (v.cb / in.co_per_group) * in.ci_per_group + ci;

    conv.sum = Func("sum");
    conv.sum(v.x, v.y, v.cb, v.n) = in.bias(v.cb);
    conv.sum(v.x, v.y, v.cb, v.n) +=
        in.weights(kernel_x, kernel_y, v.cb % in.co_per_group, channel) * conv.padded(source_x, source_y, channel, v.n);

    Expr slope = spec.activation == ElementwiseFunction::prelu ? in.slope(v.cb) : Expr();
    Expr other = spec.residual != Residual::none ? in.residual(v.x, v.y, v.cb, v.n) : Expr();
    conv.output = Func("transposed_conv");
    conv.output(v.x, v.y, v.cb, v.n) =
        finish(conv.sum(v.x, v.y, v.cb, v.n), spec.activation, spec.residual, slope, other, in.alpha, in.beta);
    return conv;
}

int64_t transposed_conv_size(int64_t in, int64_t kernel, int64_t stride, int64_t dilation, int64_t pad_begin,
                             int64_t pad_end, int64_t output_padding) {
    return (in - 1) * stride - pad_begin - pad_end + dilation * (kernel - 1) + output_padding + 1;
}

}  // namespace atrous
