#include "generators/narrow_conv.h"

namespace atrous {

using namespace Halide;

NarrowConv narrow_conv(const NarrowConvSpec& spec, const ConvInputs& in) {
    NarrowConv conv;
    const ImageVars& v = conv.v;
    conv.taps = RDom(0, spec.kernel_x, 0, spec.kernel_y, 0, in.ci_blocks, "r");
    RVar kx = conv.taps.x, ky = conv.taps.y, cib = conv.taps.z;
    conv.lanes = Func("lanes");
    conv.lanes(v.c, v.x, v.y, v.cb, v.n) = 0.f;
    conv.lanes(v.c, v.x, v.y, v.cb, v.n) +=
        in.weights(v.c, kx, ky, cib, v.cb) * in.input(v.c, v.x * spec.stride_x + kx * in.dilation_x - in.pad_left,
                                                      v.y * spec.stride_y + ky * in.dilation_y - in.pad_top, cib, v.n);
    conv.lane = RDom(0, channel_block, "lane");
    conv.sum = Func("sum");
    conv.sum(v.x, v.y, v.cb, v.n) = in.bias(v.cb);
    conv.sum(v.x, v.y, v.cb, v.n) += conv.lanes(conv.lane, v.x, v.y, v.cb, v.n);
    Expr slope = spec.activation == ElementwiseFunction::prelu ? in.slope(v.cb) : Expr();
    conv.output = Func("narrow_conv");
    conv.output(v.x, v.y, v.cb, v.n) =
        finish(conv.sum(v.x, v.y, v.cb, v.n), spec.activation, Residual::none, slope, Expr(), in.alpha, in.beta);
    return conv;
}

}  // namespace atrous
