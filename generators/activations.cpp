#include "generators/activations.h"

#include "generators/elementwise.h"

namespace atrous {

using namespace Halide;

Activation activation(ElementwiseFunction function, Func input, Func slope, Expr alpha, Expr beta) {
    Activation a;
    std::vector<Var> d = a.v.in(Packing::planar);
    Expr y = function == ElementwiseFunction::prelu ? slope(a.v.cb) : Expr();
    a.output = Func("activation");
    a.output(d) = apply_function(function, input(d), y, Expr(), alpha, beta);
    return a;
}

}  // namespace atrous
