#include "generators/depthwise_conv.h"

namespace atrous {

using namespace Halide;

DepthwiseConv depthwise_conv(const DepthwiseConvSpec& spec, const ConvInputs& in) {
    DepthwiseConv conv;
    const ImageVars& v = conv.v;
    ImageTensor x{in.input, spec.packing};

    const Packing out = spec.widening > 0 ? Packing::c16 : spec.packing;  // v.c counts a pixel's outputs
    conv.sum = Func("sum");
    conv.sum(v.in(out)) = ChannelTensor{in.bias, spec.packing}(v.c, v.cb);
    conv.taps = RDom(0, spec.kernel_x, 0, spec.kernel_y, "r");
    RVar kx = conv.taps.x, ky = conv.taps.y;
    Expr weight = out == Packing::c16 ? in.weights(v.c, kx, ky, v.cb) : in.weights(kx, ky, 0, v.cb);
    conv.sum(v.in(out)) += weight * x(v.c, v.x * spec.stride_x + kx * in.dilation_x - in.pad_left,
                                      v.y * spec.stride_y + ky * in.dilation_y - in.pad_top, v.cb, v.n);

    Expr slope =
        spec.activation == ElementwiseFunction::prelu ? ChannelTensor{in.slope, spec.packing}(v.c, v.cb) : Expr();
    Expr other = spec.residual != Residual::none ? in.residual(v.in(out)) : Expr();
    conv.output = Func("depthwise_conv");
    conv.output(v.in(out)) =
        finish(conv.sum(v.in(out)), spec.activation, spec.residual, slope, other, in.alpha, in.beta);
    return conv;
}

}  // namespace atrous
