#include "generators/instance_norm.h"

namespace atrous {

using namespace Halide;

InstanceNorm instance_norm(const InstanceNormSpec&, Func input, Expr length, Func scale, Func bias, Expr epsilon) {
    InstanceNorm norm;
    norm.inner_domain = RDom(0, length, "inner_domain");
    Expr count = cast<double>(length);
    norm.sum = Func("sum");
    norm.sum(norm.c, norm.n) = cast<double>(0);
    norm.sum(norm.c, norm.n) += cast<double>(input(norm.inner_domain, norm.c, norm.n));
    Expr mean = norm.sum(norm.c, norm.n) / count;
    norm.square_sum = Func("square_sum");
    norm.square_sum(norm.c, norm.n) = cast<double>(0);
    Expr deviation = cast<double>(input(norm.inner_domain, norm.c, norm.n)) - mean;
    norm.square_sum(norm.c, norm.n) += deviation * deviation;
    Expr factor = cast<double>(scale(norm.c)) / sqrt(norm.square_sum(norm.c, norm.n) / count + cast<double>(epsilon));
    norm.output = Func("instance_norm");
    norm.output(norm.inner, norm.c, norm.n) =
        cast<float>((cast<double>(input(norm.inner, norm.c, norm.n)) - mean) * factor + cast<double>(bias(norm.c)));
    return norm;
}

}  // namespace atrous
