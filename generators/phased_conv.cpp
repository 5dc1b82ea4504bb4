#include "generators/phased_conv.h"

namespace atrous {

using namespace Halide;

PhasedConv phased_conv(const PhasedConvSpec& spec, const PhasedConvInputs& in) {
    PhasedConv conv;
    const PhasedAxis axis_x{spec.kernel_x, spec.stride_x, spec.pad_left},
        axis_y{spec.kernel_y, spec.stride_y, spec.pad_top};
    const Var &u = conv.u, &x = conv.x, &v = conv.v, &y = conv.y, &co = conv.co, &n = conv.n;
    conv.terms = RDom(0, axis_x.taps(), 0, in.channels, 0, axis_y.taps(), "r");
    RVar tx = conv.terms.x, ci = conv.terms.y, ty = conv.terms.z;
    Expr kx = axis_x.tap(u, tx), ky = axis_y.tap(v, ty);
    conv.terms.where(kx < spec.kernel_x && ky < spec.kernel_y);
    const int side_by_side = phased_filters(spec.stride_x);
    conv.sum = Func("sum");
    conv.sum(x, u, v, y, co, n) = in.bias(co);
    conv.sum(x, u, v, y, co, n) += in.weights(co % side_by_side, kx, ci, ky, co / side_by_side) *
                                   in.input(x + axis_x.source(u, tx), y + axis_y.source(v, ty), ci, n);

    Expr slope = spec.activation == ElementwiseFunction::prelu ? in.slope(co) : Expr();
    Expr other = spec.residual != Residual::none ? in.residual(u, x, v, y, co, n) : Expr();
    conv.output = Func("phased_conv");
    conv.output(u, x, v, y, co, n) =
        finish(conv.sum(x, u, v, y, co, n), spec.activation, spec.residual, slope, other, in.alpha, in.beta);
    return conv;
}

}  // namespace atrous
