#include "generators/argmax.h"

namespace atrous {

using namespace Halide;

Argmax argmax(const ArgmaxSpec& spec, Func input, Expr length) {
    Argmax a;
    a.axis = RDom(1, length - 1, "axis");
    a.best = Func("best");
    a.best(a.inner, a.outer) = Tuple(input(a.inner, 0, a.outer), Expr(0));
    Expr candidate = input(a.inner, a.axis, a.outer);
    Expr value = a.best(a.inner, a.outer)[0], index = a.best(a.inner, a.outer)[1];
    Expr better = spec.select_last ? candidate >= value : candidate > value;
    a.best(a.inner, a.outer) = Tuple(select(better, candidate, value), select(better, Expr(a.axis), index));
    a.output = Func("argmax");
    a.output(a.inner, a.outer) = cast<int64_t>(a.best(a.inner, a.outer)[1]);
    return a;
}

}  // namespace atrous
