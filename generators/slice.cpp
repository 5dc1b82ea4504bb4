#include "generators/slice.h"

namespace atrous {

using namespace Halide;

Slice slice(Func input, const std::array<Expr, 4>& begin, const std::array<Expr, 4>& step) {
    Slice s;
    std::vector<Var> d = s.v.in(Packing::planar);
    std::vector<Expr> from(4);
    for (int i = 0; i < 4; i++) from[i] = begin[i] + d[i] * step[i];
    s.output = Func("slice");
    s.output(d) = input(from);
    return s;
}

}  // namespace atrous
