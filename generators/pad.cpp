#include "generators/pad.h"

namespace atrous {

using namespace Halide;

Pad pad(const PadSpec& spec, Func input, const std::array<Expr, 4>& extent, const std::array<Expr, 4>& begin,
        Expr value) {
    Pad p;
    std::vector<Expr> source(4);
    Expr inside = cast<bool>(true);
    for (int i = 0; i < 4; i++) {
        Expr x = p.d[i] - begin[i];
        Expr period = max(2 * (extent[i] - 1), 1);
        Expr folded = x % period;
        switch (spec.mode) {
        case PadMode::constant:
            inside = inside && x >= 0 && x < extent[i];
            break;
        case PadMode::edge:
            break;
        case PadMode::reflect:
            x = select(folded < extent[i], folded, period - folded);
            break;
        case PadMode::wrap:
            x = x % extent[i];
            break;
        }
        source[i] = clamp(x, 0, extent[i] - 1);
    }
    p.output = Func("pad");
    Expr result = input(source);
    p.output(p.d[0], p.d[1], p.d[2], p.d[3]) = spec.mode == PadMode::constant ? select(inside, result, value) : result;
    return p;
}

}  // namespace atrous
