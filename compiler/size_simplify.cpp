// The operations on sizes that the sum form cannot express, simplified where the result is certain.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "compiler/size.h"

namespace atrous {

using plan::ExprOp;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double exact_integers = 9007199254740992.0;  // 2^53

bool whole_number(double value) {
    return std::abs(value) < exact_integers && value == std::floor(value);
}

// 0 · ∞ counts as 0: the bound of a product in which one factor is 0.
double times(double a, double b) {
    return a == 0 || b == 0 ? 0 : a * b;
}

SizeRange scaled(SizeRange range, double factor) {
    const double a = times(range.low, factor), b = times(range.high, factor);
    return {std::min(a, b), std::max(a, b)};
}

SizeRange product_range(SizeRange a, SizeRange b) {
    const double corners[] = {times(a.low, b.low), times(a.low, b.high), times(a.high, b.low), times(a.high, b.high)};
    return {*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4)};
}

SizeRange quotient_range(SizeRange a, SizeRange b) {
    if (!(b.low > 0)) return {-infinity, infinity};
    return {a.low / (a.low >= 0 ? b.high : b.low), a.high / (a.high >= 0 ? b.low : b.high)};
}

}  // namespace

SizeRange range_of_atom(const SizeAtom& atom) {
    if (atom.op == ExprOp::equal || atom.op == ExprOp::less) return {0, 1};
    std::vector<SizeRange> in;
    for (const Size& operand : atom.operands) in.push_back(range_of(operand));
    switch (atom.op) {
    case ExprOp::mul:
        return product_range(in[0], in[1]);
    case ExprOp::div:
        return quotient_range(in[0], in[1]);
    case ExprOp::floor_div: {
        const SizeRange q = quotient_range(in[0], in[1]);
        return {std::floor(q.low), std::floor(q.high)};
    }
    case ExprOp::trunc_div: {
        const SizeRange q = quotient_range(in[0], in[1]);
        return {std::trunc(q.low), std::trunc(q.high)};
    }
    case ExprOp::mod:
        return in[1].low > 0 ? SizeRange{0, in[1].high} : SizeRange{-infinity, infinity};
    case ExprOp::min:
        return {std::min(in[0].low, in[1].low), std::min(in[0].high, in[1].high)};
    case ExprOp::max:
        return {std::max(in[0].low, in[1].low), std::max(in[0].high, in[1].high)};
    case ExprOp::floor:
        return {std::floor(in[0].low), std::floor(in[0].high)};
    case ExprOp::ceil:
        return {std::ceil(in[0].low), std::ceil(in[0].high)};
    case ExprOp::round_even:
        return {std::nearbyint(in[0].low), std::nearbyint(in[0].high)};
    case ExprOp::sqrt:
        return {std::sqrt(std::max(0.0, in[0].low)), std::sqrt(std::max(0.0, in[0].high))};
    case ExprOp::to_f32:  // half a unit in the last place, generously
        return {in[0].low - std::abs(in[0].low) * 1e-7, in[0].high + std::abs(in[0].high) * 1e-7};
    case ExprOp::select:
        return {std::min(in[1].low, in[2].low), std::max(in[1].high, in[2].high)};
    default:
        return {-infinity, infinity};
    }
}

bool is_whole_atom(const SizeAtom& atom) {
    switch (atom.op) {
    case ExprOp::div:
    case ExprOp::sqrt:
    case ExprOp::to_f32:
        return false;
    case ExprOp::mod:
    case ExprOp::min:
    case ExprOp::max:
    case ExprOp::mul:
        return is_whole(atom.operands[0]) && is_whole(atom.operands[1]);
    case ExprOp::select:
        return is_whole(atom.operands[1]) && is_whole(atom.operands[2]);
    default:
        return true;
    }
}

namespace {

bool whole_atoms(const Size& a) {
    return std::all_of(a.terms().begin(), a.terms().end(), [](const auto& term) { return term.second.first->whole; });
}

// The power of two that makes every coefficient whole, up to 1024; 0 for none.
int dyadic_denominator(const Size& a) {
    if (!whole_atoms(a)) return 0;
    for (int m = 1; m <= 1024; m *= 2) {
        const bool whole = whole_number(a.constant() * m) &&
                           std::all_of(a.terms().begin(), a.terms().end(),
                                       [m](const auto& term) { return whole_number(term.second.second * m); });
        if (whole) return m;
    }
    return 0;
}

struct Term {
    Size atom;
    double coefficient;
};

std::vector<Term> terms_of(const Size& a) {
    std::vector<Term> terms;
    for (const auto& [key, term] : a.terms()) terms.push_back({Size::of_atom(term.first), term.second});
    return terms;
}

std::vector<Size> factors_of(const Size& atom) {
    const SizeAtom& only = *atom.terms().begin()->second.first;
    if (only.op != ExprOp::mul) return {atom};
    std::vector<Size> factors;
    for (const Size& operand : only.operands)
        for (Size& factor : factors_of(operand)) factors.push_back(std::move(factor));
    return factors;
}

// `monomial` without the factors of `divisor`, if it has them all.
std::optional<Size> without_factors(const Size& monomial, const std::vector<Size>& divisor) {
    std::vector<Size> left = factors_of(monomial);
    for (const Size& factor : divisor) {
        const auto found = std::find(left.begin(), left.end(), factor);
        if (found == left.end()) return std::nullopt;
        left.erase(found);
    }
    return product(left);
}

// a / b where the division leaves whole coefficients and no remainder, whatever the input.
std::optional<Size> exact_quotient(const Size& a, const Size& b) {
    if (b.is_number()) {
        Size quotient(a.constant() / b.constant());
        if (!whole_number(quotient.constant())) return std::nullopt;
        for (const Term& term : terms_of(a)) {
            if (!whole_number(term.coefficient / b.constant())) return std::nullopt;
            quotient = quotient + Size(term.coefficient / b.constant()) * term.atom;
        }
        return quotient;
    }
    const auto& [key, first] = *b.terms().begin();
    const auto same = a.terms().find(key);
    if (same != a.terms().end()) {
        const double factor = same->second.second / first.second;
        if (Size(factor) * b == a) return Size(factor);
    }
    if (b.terms().size() != 1 || b.constant() != 0 || a.constant() != 0) return std::nullopt;
    const std::vector<Size> divisor = factors_of(terms_of(b).front().atom);
    Size quotient;
    for (const Term& term : terms_of(a)) {
        const std::optional<Size> rest = without_factors(term.atom, divisor);
        if (!rest || !whole_number(term.coefficient / first.second)) return std::nullopt;
        quotient = quotient + Size(term.coefficient / first.second) * *rest;
    }
    return quotient;
}

void check_divisor(const Size& b) {
    if (b.is_number() && (b.constant() == 0 || std::isnan(b.constant())))
        throw std::domain_error("a size is divided by zero");
}

// floor(a / b) for whole a and a whole number b > 1, none of a's coefficients divisible by b as a whole.
Size floor_div_remainder(Size a, double b) {
    double common = b;
    for (const auto& [key, term] : a.terms())
        common = std::gcd(static_cast<int64_t>(common), static_cast<int64_t>(term.second));
    if (common > 1) {  // floor((g·x + c) / (g·d)) = floor((x + floor(c/g)) / d)
        Size reduced(std::floor(a.constant() / common));
        for (const Term& term : terms_of(a)) reduced = reduced + Size(term.coefficient / common) * term.atom;
        return floor_div(reduced, Size(b / common));
    }
    const auto& [atom, coefficient] = a.terms().begin()->second;
    if (coefficient < 0) return Size(0) - floor_div(Size(0) - a + Size(b - 1), Size(b));
    if (a.terms().size() == 1 && coefficient == 1 && atom->op == ExprOp::floor_div) {
        const std::optional<int64_t> inner = atom->operands[1].integer();
        if (inner && *inner > 0)  // floor((floor(x/d) + c) / b) = floor((x + c·d) / (d·b))
            return floor_div(atom->operands[0] + Size(a.constant()) * Size(*inner), Size(b) * Size(*inner));
    }
    return make_atom(ExprOp::floor_div, {a, Size(b)});
}

}  // namespace

bool is_whole(const Size& a) {
    return dyadic_denominator(a) == 1;
}

namespace {

SizeRange sum_of_ranges(const Size& a) {
    SizeRange sum{a.constant(), a.constant()};
    for (const auto& [key, term] : a.terms()) {
        const SizeRange range = scaled(term.first->range, term.second);
        sum.low += range.low;
        sum.high += range.high;
    }
    return sum;
}

// A sum without floors that is never above `a`: (x − d + 1)/d ≤ floor(x/d) ≤ x/d. What two terms share cancels in it,
// which the sum of their ranges cannot see: 2·floor((H + 3)/4) − floor((H + 1)/2) ≥ −1/2.
Size without_floors(const Size& a) {
    Size result(a.constant());
    bool again = false;
    for (const Term& term : terms_of(a)) {
        const SizeAtom& atom = *term.atom.terms().begin()->second.first;
        const bool floor =
            atom.op == ExprOp::floor_div && atom.operands[1].is_number() && atom.operands[1].constant() > 0;
        again |= floor;
        if (!floor) {
            result = result + Size(term.coefficient) * term.atom;
            continue;
        }
        const double divisor = atom.operands[1].constant();
        const Size least = term.coefficient > 0 ? atom.operands[0] - Size(divisor - 1) : atom.operands[0];
        result = result + Size(term.coefficient / divisor) * least;
    }
    return again ? without_floors(result) : result;
}

}  // namespace

SizeRange range_of(const Size& a) {
    SizeRange range = sum_of_ranges(a);
    if (a.terms().size() < 2) return range;
    double low = sum_of_ranges(without_floors(a)).low, high = -sum_of_ranges(without_floors(Size(0) - a)).low;
    if (is_whole(a)) {
        constexpr double rounding = 1e-6;
        low = std::ceil(low - rounding);
        high = std::floor(high + rounding);
    }
    return {std::max(range.low, low), std::min(range.high, high)};
}

Size floor_div(const Size& a, const Size& b) {
    check_divisor(b);
    if (a.is_number() && b.is_number()) return std::floor(a.constant() / b.constant());
    if (!is_whole(a) || !is_whole(b)) return floor_of(divide(a, b));
    if (const std::optional<Size> exact = exact_quotient(a, b)) return *exact;
    if (!b.is_number()) return make_atom(ExprOp::floor_div, {a, b});
    const double divisor = b.constant();
    if (divisor < 0) return floor_div(Size(0) - a, Size(-divisor));
    Size whole(std::floor(a.constant() / divisor));
    Size rest(a.constant() - divisor * whole.constant());
    for (const Term& term : terms_of(a)) {
        const double remainder = std::fmod(term.coefficient, divisor);
        whole = whole + Size((term.coefficient - remainder) / divisor) * term.atom;
        rest = rest + Size(remainder) * term.atom;
    }
    return rest.is_number() ? whole : whole + floor_div_remainder(rest, divisor);
}

Size ceil_div(const Size& a, const Size& b) {
    return floor_div(a + b - Size(1), b);
}

Size trunc_div(const Size& a, const Size& b) {
    check_divisor(b);
    if (a.is_number() && b.is_number()) return std::trunc(a.constant() / b.constant());
    if (range_of(b).low > 0) {
        if (range_of(a).low >= 0) return floor_div(a, b);
        if (range_of(a).high <= 0) return Size(0) - floor_div(Size(0) - a, b);
    }
    return make_atom(ExprOp::trunc_div, {a, b});
}

Size divide(const Size& a, const Size& b) {
    check_divisor(b);
    if (a.is_number() && b.is_number()) return a.constant() / b.constant();
    if (const std::optional<Size> exact = exact_quotient(a, b)) return *exact;
    int exponent = 0;
    if (b.is_number() && std::abs(std::frexp(b.constant(), &exponent)) == 0.5) return a * Size(1 / b.constant());
    return make_atom(ExprOp::div, {a, b});
}

Size modulo(const Size& a, const Size& b) {
    check_divisor(b);
    const bool numbers = a.is_number() && b.is_number();
    if (numbers || (is_whole(a) && b.is_number() && is_whole(b))) return a - b * floor_div(a, b);
    if (is_whole(a) && is_whole(b) && exact_quotient(a, b)) return Size(0);
    return make_atom(ExprOp::mod, {a, b});
}

namespace {

// Commutative operations have one spelling.
Size symmetric_atom(ExprOp op, const Size& a, const Size& b) {
    return a.text() < b.text() ? make_atom(op, {a, b}) : make_atom(op, {b, a});
}

}  // namespace

Size minimum(const Size& a, const Size& b) {
    const SizeRange difference = range_of(a - b);
    if (difference.high <= 0) return a;
    if (difference.low >= 0) return b;
    return symmetric_atom(ExprOp::min, a, b);
}

Size maximum(const Size& a, const Size& b) {
    const SizeRange difference = range_of(a - b);
    if (difference.low >= 0) return a;
    if (difference.high <= 0) return b;
    return symmetric_atom(ExprOp::max, a, b);
}

Size floor_of(const Size& a) {
    if (a.is_number()) return std::floor(a.constant());
    const int denominator = dyadic_denominator(a);
    if (denominator == 1) return a;
    if (denominator > 1) return floor_div(a * Size(denominator), Size(denominator));
    Size whole(std::floor(a.constant())), rest(a.constant() - std::floor(a.constant()));
    for (const Term& term : terms_of(a)) {
        const bool outside = whole_number(term.coefficient) && is_whole(term.atom);
        (outside ? whole : rest) = (outside ? whole : rest) + Size(term.coefficient) * term.atom;
    }
    if (rest.is_number()) return whole;
    // floor(x / y) of whole numbers, also when the quotient was rounded to single precision: the rounding cannot reach
    // the next whole number while x < 2^24.
    const auto& [atom, coefficient] = rest.terms().begin()->second;
    if (rest.terms().size() == 1 && rest.constant() == 0 && std::abs(coefficient) == 1) {
        const SizeAtom* quotient = atom.get();
        if (quotient->op == ExprOp::to_f32 && quotient->operands[0].terms().size() == 1 &&
            quotient->operands[0].constant() == 0 && quotient->operands[0].terms().begin()->second.second == 1)
            quotient = quotient->operands[0].terms().begin()->second.first.get();
        if (quotient->op == ExprOp::div && is_whole(quotient->operands[0]) && is_whole(quotient->operands[1]) &&
            range_of(quotient->operands[1]).low > 0) {
            const Size& x = quotient->operands[0];
            const Size& y = quotient->operands[1];
            return whole + (coefficient > 0 ? floor_div(x, y) : Size(0) - ceil_div(x, y));
        }
    }
    return whole + make_atom(ExprOp::floor, {rest});
}

Size ceil_of(const Size& a) {
    return Size(0) - floor_of(Size(0) - a);
}

Size round_even(const Size& a) {
    if (a.is_number()) return std::nearbyint(a.constant());
    return is_whole(a) ? a : make_atom(ExprOp::round_even, {a});
}

Size sqrt_of(const Size& a) {
    if (a.is_number()) return std::sqrt(a.constant());
    return make_atom(ExprOp::sqrt, {a});
}

Size to_f32(const Size& a) {
    if (a.is_number()) return static_cast<double>(static_cast<float>(a.constant()));
    return dyadic_denominator(a) ? a : make_atom(ExprOp::to_f32, {a});
}

Size equals(const Size& a, const Size& b) {
    const Size difference = a - b;
    if (difference.is_number()) return difference.constant() == 0 ? 1 : 0;
    const SizeRange range = range_of(difference);
    if (range.low > 0 || range.high < 0) return 0;
    return symmetric_atom(ExprOp::equal, a, b);
}

Size less(const Size& a, const Size& b) {
    const SizeRange range = range_of(b - a);
    if (range.low > 0) return 1;
    if (range.high <= 0) return 0;
    return make_atom(ExprOp::less, {a, b});
}

Size select(const Size& condition, const Size& yes, const Size& no) {
    if (condition.is_number()) return condition.constant() != 0 ? yes : no;
    if (yes == no) return yes;
    return make_atom(ExprOp::select, {condition, yes, no});
}

}  // namespace atrous
