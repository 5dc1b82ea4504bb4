#include "generators/softmax.h"

#include <limits>

namespace atrous {

using namespace Halide;

Softmax softmax(const SoftmaxSpec& spec, Func input, Expr length) {
    Softmax s;
    s.axis = RDom(0, length, "axis");
    s.maximum = Func("maximum");
    s.maximum(s.inner, s.outer) = -std::numeric_limits<float>::infinity();
    s.maximum(s.inner, s.outer) = max(s.maximum(s.inner, s.outer), input(s.inner, s.axis, s.outer));
    s.exponential_sum = Func("exponential_sum");
    s.exponential_sum(s.inner, s.outer) = 0.f;
    s.exponential_sum(s.inner, s.outer) += exp(input(s.inner, s.axis, s.outer) - s.maximum(s.inner, s.outer));
    Expr shifted = input(s.inner, s.a, s.outer) - s.maximum(s.inner, s.outer);
    s.output = Func("softmax");
    s.output(s.inner, s.a, s.outer) = spec.logarithm ? shifted - log(s.exponential_sum(s.inner, s.outer))
                                                     : exp(shifted) / s.exponential_sum(s.inner, s.outer);
    return s;
}

}  // namespace atrous
