#include "generators/softmax.h"

#include <limits>

namespace atrous {

using namespace Halide;

Softmax softmax(const SoftmaxSpec& spec, Func input, Expr length, bool image) {
    Softmax s;
    s.v.image = image;
    std::vector<Var> around = s.v.without_axis();
    s.axis = RDom(0, length, "axis");
    Expr element = input(s.v.at(s.axis));
    s.maximum = Func("maximum");
    s.maximum(around) = -std::numeric_limits<float>::infinity();
    s.maximum(around) = max(s.maximum(around), element);
    s.exponential_sum = Func("exponential_sum");
    s.exponential_sum(around) = 0.f;
    s.exponential_sum(around) += exp(element - s.maximum(around));
    Expr shifted = input(s.v.at(s.v.axis)) - s.maximum(around);
    Expr sum = s.exponential_sum(around);
    s.output = Func("softmax");
    s.output(s.v.all()) = spec.logarithm ? shifted - log(sum) : exp(shifted) / sum;
    return s;
}

}  // namespace atrous
