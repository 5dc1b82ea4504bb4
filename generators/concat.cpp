#include "generators/concat.h"

namespace atrous {

using namespace Halide;

Concat concat(const std::vector<Func>& inputs, const std::vector<Expr>& extents, int axis) {
    Concat c;
    c.axis = axis;
    c.output = Func("concat");
    std::vector<Var> vars = c.v.in(Packing::planar);
    c.output(vars) = undef<float>();
    Expr begin = 0;
    for (size_t i = 0; i < inputs.size(); i++) {
        c.slices.emplace_back(0, extents[i], "slice_" + std::to_string(i));
        std::vector<Expr> from(vars.begin(), vars.end());
        from[axis] = c.slices[i].x;
        std::vector<Expr> to = from;
        to[axis] = begin + c.slices[i].x;
        c.output(to) = inputs[i](from);
        begin += extents[i];
    }
    return c;
}

}  // namespace atrous
