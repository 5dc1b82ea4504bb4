#include "generators/depth_to_space.h"

namespace atrous {

using namespace Halide;

DepthToSpace depth_to_space(const DepthToSpaceSpec& spec, Func input, Expr block, Expr channels) {
    DepthToSpace d;
    const ImageVars& v = d.v;
    Expr bx = v.x % block, by = v.y % block;
    Expr channel = spec.column_row_depth ? (v.cb * block + by) * block + bx : (by * block + bx) * channels + v.cb;
    d.output = Func("depth_to_space");
    d.output(v.x, v.y, v.cb, v.n) = input(v.x / block, v.y / block, channel, v.n);
    return d;
}

}  // namespace atrous
