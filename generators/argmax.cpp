#include "generators/argmax.h"

namespace atrous {

using namespace Halide;

Argmax argmax(const ArgmaxSpec& spec, Func input, Expr length, bool image) {
    Argmax a;
    a.v.image = image;
    std::vector<Var> around = a.v.without_axis();
    a.axis = RDom(1, length - 1, "axis");
    a.best = Func("best");
    a.best(around) = Tuple(input(a.v.at(0)), Expr(0));
    Expr candidate = input(a.v.at(a.axis));
    Expr value = a.best(around)[0], index = a.best(around)[1];
    Expr better = spec.select_last ? candidate >= value : candidate > value;
    a.best(around) = Tuple(select(better, candidate, value), select(better, Expr(a.axis), index));
    a.output = Func("argmax");
    a.output(around) = cast<int64_t>(a.best(around)[1]);
    return a;
}

}  // namespace atrous
