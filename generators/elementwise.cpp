#include "generators/elementwise.h"

#include <limits>

namespace atrous {

using namespace Halide;

namespace {

Expr sigmoid(const Expr& x) {
    // e^−|x| never overflows; both signs share it.
    Expr e = exp(-abs(x));
    return select(x >= 0.f, 1.f, e) / (1.f + e);
}

Expr hyperbolic_tangent(const Expr& x) {
    // Near 0 the quotient cancels; the odd series to x⁷ is good to 1e-7 relative for |x| < 0.3.
    Expr s = x * x;
    Expr series = x * (1.f + s * (-1.f / 3 + s * (2.f / 15 + s * (-17.f / 315 + s * (62.f / 2835)))));
    Expr e = exp(-2.f * abs(x));
    Expr far = select(x >= 0.f, 1.f - e, e - 1.f) / (1.f + e);
    return select(abs(x) < 0.3f, series, far);
}

Expr error_function(const Expr& x) {
    Expr a = abs(x);
    Expr s = x * x;
    Expr series = x * (1.128379167f +
                       s * (-0.3761263890f +
                            s * (0.1128379167f + s * (-0.02686617064f + s * (0.005223977626f - s * 0.0008548327f)))));
    Expr t = 1.f / (1.f + 0.3275911f * a);
    Expr poly = t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
    Expr far = 1.f - poly * exp(-s);
    return select(a < 0.5f, series, select(x >= 0.f, far, -far));
}

// x^y with the sign rules of pow(): a negative base has a real power only for whole exponents.
Expr power(const Expr& x, const Expr& y) {
    Expr magnitude = exp(y * log(abs(x)));
    Expr whole = y == floor(y);
    Expr odd = whole && (floor(y * 0.5f) * 2.f != y);
    Expr signed_power =
        select(x < 0.f, select(odd, -magnitude, whole, magnitude, std::numeric_limits<float>::quiet_NaN()), magnitude);
    Expr at_zero = select(y == 0.f, 1.f, y > 0.f, 0.f, std::numeric_limits<float>::infinity());
    Expr general = select(x == 0.f, at_zero, signed_power);
    return select(y == 2.f, x * x, y == 1.f, x, y == 0.5f, sqrt(x), general);
}

}  // namespace

Expr apply_function(ElementwiseFunction function, Expr x, Expr y, Expr z, Expr alpha, Expr beta) {
    switch (function) {
    case ElementwiseFunction::identity:
        return x;
    case ElementwiseFunction::relu:
        return max(x, 0.f);
    case ElementwiseFunction::leaky_relu:
        return select(x < 0.f, alpha * x, x);
    case ElementwiseFunction::prelu:
        return select(x < 0.f, y * x, x);
    case ElementwiseFunction::clip:
        return min(max(x, alpha), beta);
    case ElementwiseFunction::sigmoid:
        return sigmoid(x);
    case ElementwiseFunction::hard_sigmoid:
        return max(0.f, min(1.f, alpha * x + beta));
    case ElementwiseFunction::hard_swish:
        return x * max(0.f, min(1.f, x * (1.f / 6.f) + 0.5f));
    case ElementwiseFunction::tanh:
        return hyperbolic_tangent(x);
    case ElementwiseFunction::silu:
        return x * sigmoid(x);
    case ElementwiseFunction::gelu:
        return 0.5f * x * (1.f + error_function(x * 0.70710678118f));
    case ElementwiseFunction::gelu_tanh:
        return 0.5f * x * (1.f + hyperbolic_tangent(0.7978845608f * (x + 0.044715f * x * x * x)));
    case ElementwiseFunction::elu:
        return select(x < 0.f, alpha * (exp(min(x, 0.f)) - 1.f), x);
    case ElementwiseFunction::softplus:
        return max(x, 0.f) + log(1.f + exp(-abs(x)));
    case ElementwiseFunction::neg:
        return -x;
    case ElementwiseFunction::sqrt:
        return sqrt(x);
    case ElementwiseFunction::exp:
        return exp(x);
    case ElementwiseFunction::log:
        return log(x);
    case ElementwiseFunction::erf:
        return error_function(x);
    case ElementwiseFunction::floor:
        return floor(x);
    case ElementwiseFunction::ceil:
        return ceil(x);
    case ElementwiseFunction::abs:
        return abs(x);
    case ElementwiseFunction::reciprocal:
        return 1.f / x;
    case ElementwiseFunction::add:
        return x + y;
    case ElementwiseFunction::sub:
        return x - y;
    case ElementwiseFunction::mul:
        return x * y;
    case ElementwiseFunction::div:
        return x / y;
    case ElementwiseFunction::max:
        return max(x, y);
    case ElementwiseFunction::min:
        return min(x, y);
    case ElementwiseFunction::pow:
        return power(x, y);
    case ElementwiseFunction::equal:
        return cast<uint8_t>(x == y);
    case ElementwiseFunction::where:
        return select(x != 0, y, z);
    }
    return x;
}

Elementwise elementwise(const ElementwiseSpec& spec, const std::vector<Func>& operands, Expr channels, Expr alpha,
                        Expr beta) {
    Elementwise e;
    std::vector<Expr> x(3);
    for (size_t i = 0; i < operands.size(); i++) {
        Expr inner = (spec.inner_broadcast >> i) & 1 ? Expr(0) : Expr(e.d0);
        x[i] = operands[i](inner, e.d1, e.d2, e.d3, e.d4);
    }
    Expr value = apply_function(spec.function, x[0], x[1], x[2], alpha, beta);
    if (spec.packing == Packing::c16) {
        value = select(e.d0 + channel_block * e.d3 < channels, value, cast(value.type(), 0));
    }
    e.output = Func("elementwise");
    e.output(e.d0, e.d1, e.d2, e.d3, e.d4) = value;
    return e;
}

}  // namespace atrous
