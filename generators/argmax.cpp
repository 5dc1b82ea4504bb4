#include "generators/argmax.h"

namespace atrous {

using namespace Halide;

Argmax argmax(const ArgmaxSpec& spec, Func input, Expr length, bool image) {
    Argmax a;
    a.v.image = image;
    std::vector<Var> around = a.v.without_axis();
    if (spec.scattered) around = {a.v.inner, a.d1, a.d2, a.d3, a.d4};
    auto at = [&](const Expr& i) {
        return spec.scattered ? std::vector<Expr>{a.v.inner, a.d1, a.d2, a.d3, a.d4, i} : a.v.at(i);
    };
    a.axis = RDom(1, length - 1, "axis");
    a.best = Func("best");
    a.best(around) = Tuple(input(at(0)), Expr(0));
    Expr candidate = input(at(a.axis));
    Expr value = a.best(around)[0], index = a.best(around)[1];
    Expr better = spec.select_last ? candidate >= value : candidate > value;
    a.best(around) = Tuple(select(better, candidate, value), select(better, Expr(a.axis), index));
    a.output = Func("argmax");
    a.output(around) = cast<int64_t>(a.best(around)[1]);
    return a;
}

}  // namespace atrous
