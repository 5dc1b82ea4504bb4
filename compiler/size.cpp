#include "compiler/size.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace atrous {

using plan::ExprOp;

namespace {

constexpr size_t max_text = 2000, max_terms = 64;
constexpr double exact_integers = 9007199254740992.0;  // 2^53

std::string text_of(double number) {
    std::array<char, 40> buffer{};
    const bool whole = std::abs(number) < exact_integers && number == std::floor(number);
    const auto end = whole ? std::to_chars(buffer.data(), buffer.data() + buffer.size(), static_cast<int64_t>(number))
                           : std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    return {buffer.data(), end.ptr};
}

// As an operand of / or *.
std::string in_brackets(const Size& size) {
    const bool bare = size.is_number() ||
                      (size.terms().size() == 1 && size.constant() == 0 && size.terms().begin()->second.second == 1 &&
                       size.terms().begin()->second.first->op != ExprOp::mul);
    return bare ? size.text() : "(" + size.text() + ")";
}

std::string call(const char* name, const std::vector<Size>& operands) {
    std::string text = std::string(name) + "(";
    for (size_t i = 0; i < operands.size(); ++i) text += (i ? ", " : "") + operands[i].text();
    return text + ")";
}

std::string infix(const std::vector<Size>& operands, const char* sign) {
    return in_brackets(operands[0]) + sign + in_brackets(operands[1]);
}

std::string key_of(ExprOp op, const std::vector<Size>& operands) {
    switch (op) {
    case ExprOp::mul:
        return operands[0].text() + "*" + operands[1].text();
    case ExprOp::div:
        return "(" + infix(operands, "/") + ")";
    case ExprOp::floor_div:
        return "floor(" + infix(operands, "/") + ")";
    case ExprOp::trunc_div:
        return "trunc(" + infix(operands, "/") + ")";
    case ExprOp::mod:
        return call("mod", operands);
    case ExprOp::min:
        return call("min", operands);
    case ExprOp::max:
        return call("max", operands);
    case ExprOp::floor:
        return call("floor", operands);
    case ExprOp::ceil:
        return call("ceil", operands);
    case ExprOp::round_even:
        return call("round", operands);
    case ExprOp::sqrt:
        return call("sqrt", operands);
    case ExprOp::neg:
        return call("neg", operands);
    case ExprOp::to_f32:
        return call("f32", operands);
    case ExprOp::equal:
        return "(" + infix(operands, " == ") + ")";
    case ExprOp::less:
        return "(" + infix(operands, " < ") + ")";
    case ExprOp::select:
        return "(" + operands[0].text() + " ? " + operands[1].text() + " : " + operands[2].text() + ")";
    case ExprOp::add:
        return "(" + infix(operands, " + ") + ")";
    case ExprOp::sub:
        return "(" + infix(operands, " - ") + ")";
    case ExprOp::constant:
    case ExprOp::input_dim:
        break;
    }
    return call("?", operands);
}

double evaluate_op(ExprOp op, const std::vector<double>& v) {
    switch (op) {
    case ExprOp::add:
        return v[0] + v[1];
    case ExprOp::sub:
        return v[0] - v[1];
    case ExprOp::mul:
        return v[0] * v[1];
    case ExprOp::div:
        return v[0] / v[1];
    case ExprOp::floor_div:
        return std::floor(v[0] / v[1]);
    case ExprOp::trunc_div:
        return std::trunc(v[0] / v[1]);
    case ExprOp::mod:
        return v[0] - v[1] * std::floor(v[0] / v[1]);
    case ExprOp::min:
        return std::min(v[0], v[1]);
    case ExprOp::max:
        return std::max(v[0], v[1]);
    case ExprOp::floor:
        return std::floor(v[0]);
    case ExprOp::ceil:
        return std::ceil(v[0]);
    case ExprOp::round_even:
        return std::nearbyint(v[0]);
    case ExprOp::sqrt:
        return std::sqrt(v[0]);
    case ExprOp::neg:
        return -v[0];
    case ExprOp::to_f32:
        return static_cast<double>(static_cast<float>(v[0]));
    case ExprOp::equal:
        return v[0] == v[1] ? 1 : 0;
    case ExprOp::less:
        return v[0] < v[1] ? 1 : 0;
    case ExprOp::select:
        return v[0] != 0 ? v[1] : v[2];
    case ExprOp::constant:
    case ExprOp::input_dim:
        break;
    }
    return 0;
}

using Atom = std::shared_ptr<const SizeAtom>;

// The factors of a product atom, or the atom itself.
void append_factors(const Atom& atom, std::vector<Atom>& factors) {
    if (atom->op != ExprOp::mul) {
        factors.push_back(atom);
        return;
    }
    for (const Size& operand : atom->operands) append_factors(operand.terms().begin()->second.first, factors);
}

}  // namespace

Size Size::of_atom(Atom atom) {
    Size size;
    size.add_term(atom, 1);
    return size;
}

void Size::add_term(const Atom& atom, double coefficient) {
    auto& term = terms_[atom->key];
    term.first = atom;
    term.second += coefficient;
    if (term.second == 0) terms_.erase(atom->key);
    if (terms_.size() > max_terms) throw std::length_error("the expression of a size is too long");
}

Size Size::input_dim(uint32_t input, uint32_t dim, std::string name) {
    auto atom = std::make_shared<SizeAtom>();
    atom->input = input;
    atom->dim = dim;
    atom->key = name;
    atom->name = std::move(name);
    return of_atom(std::move(atom));
}

std::optional<double> Size::number() const {
    return is_number() ? std::optional<double>(constant_) : std::nullopt;
}

std::optional<int64_t> Size::integer() const {
    if (!is_number() || !(std::abs(constant_) < exact_integers) || constant_ != std::floor(constant_))
        return std::nullopt;
    return static_cast<int64_t>(constant_);
}

std::string Size::text() const {
    std::string text;
    const auto append = [&](double value, const std::string& factor) {
        const double size = std::abs(value);
        if (!text.empty()) text += value < 0 ? " - " : " + ";
        if (text.empty() && value < 0) text += "-";
        if (factor.empty()) {
            text += text_of(size);
        } else {
            text += size == 1 ? factor : text_of(size) + "*" + factor;
        }
    };
    for (const auto& [key, term] : terms_) append(term.second, key);
    if (terms_.empty() || constant_ != 0) append(constant_, "");
    return text;
}

bool Size::operator==(const Size& other) const {
    return constant_ == other.constant_ &&
           std::equal(
               terms_.begin(), terms_.end(), other.terms_.begin(), other.terms_.end(),
               [](const auto& a, const auto& b) { return a.first == b.first && a.second.second == b.second.second; });
}

double Size::evaluate(const std::function<int64_t(uint32_t, uint32_t)>& dim) const {
    double sum = constant_;
    for (const auto& [key, term] : terms_) {
        const SizeAtom& atom = *term.first;
        if (atom.op == ExprOp::input_dim) {
            sum += term.second * static_cast<double>(dim(atom.input, atom.dim));
            continue;
        }
        std::vector<double> values;
        for (const Size& operand : atom.operands) values.push_back(operand.evaluate(dim));
        sum += term.second * evaluate_op(atom.op, values);
    }
    return sum;
}

Size make_atom(ExprOp op, std::vector<Size> operands) {
    auto atom = std::make_shared<SizeAtom>();
    atom->op = op;
    atom->key = key_of(op, operands);
    if (atom->key.size() > max_text) throw std::length_error("the expression of a size is too long");
    atom->operands = std::move(operands);
    atom->range = range_of_atom(*atom);
    atom->whole = is_whole_atom(*atom);
    return Size::of_atom(std::move(atom));
}

Size operator+(const Size& a, const Size& b) {
    Size sum = a;
    sum.constant_ += b.constant_;
    for (const auto& [key, term] : b.terms_) sum.add_term(term.first, term.second);
    return sum;
}

Size operator-(const Size& a, const Size& b) {
    Size difference = a;
    difference.constant_ -= b.constant_;
    for (const auto& [key, term] : b.terms_) difference.add_term(term.first, -term.second);
    return difference;
}

Size operator*(const Size& a, const Size& b) {
    Size result(a.constant_ * b.constant_);
    const auto scale = [&](const Size& terms, double factor) {
        if (factor == 0) return;
        for (const auto& [key, term] : terms.terms_) result.add_term(term.first, term.second * factor);
    };
    scale(a, b.constant_);
    scale(b, a.constant_);
    for (const auto& [key_a, term_a] : a.terms_) {
        for (const auto& [key_b, term_b] : b.terms_) {
            std::vector<Atom> factors;
            append_factors(term_a.first, factors);
            append_factors(term_b.first, factors);
            std::sort(factors.begin(), factors.end(), [](const Atom& x, const Atom& y) { return x->key < y->key; });
            Size monomial = Size::of_atom(factors.back());
            for (size_t i = factors.size() - 1; i-- > 0;)
                monomial = make_atom(ExprOp::mul, {Size::of_atom(factors[i]), monomial});
            result.add_term(monomial.terms_.begin()->second.first, term_a.second * term_b.second);
        }
    }
    return result;
}

Size product(const std::vector<Size>& factors) {
    Size result(1);
    for (const Size& factor : factors) result = result * factor;
    return result;
}

}  // namespace atrous
