// Sizes that may depend on the network's input: numbers, or expressions over free input dimensions. Kept in a canonical
// form (a sum of coefficient × atom, plus a constant), so that equal sizes compare equal and H + 2 − 3 + 1 is H.
//
// What is simplified holds for every input whose dimensions lie between 1 and 2^31 − 1; arithmetic that the graph does
// in single precision (to_f32) is taken as exact on whole numbers, which holds below 2^24.
//
// The text of an expression is limited, because a model can make it grow exponentially: beyond the limit the operations
// throw std::length_error. Division by the number zero throws std::domain_error.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/plan.h"

namespace atrous {

class Size;

// The interval that a value lies in whatever the input.
struct SizeRange {
    double low, high;
};

// An indivisible term: a free input dimension, or an operation that the sum form cannot express. Immutable, shared.
struct SizeAtom {
    plan::ExprOp op = plan::ExprOp::input_dim;
    uint32_t input = 0, dim = 0;  // input_dim only
    std::string name;             // input_dim only: the dim_param, "height" …; unique in a network
    std::vector<Size> operands;   // all others: one to three
    std::string key;              // canonical text, identity and order
    SizeRange range{1, 2147483647};
    bool whole = true;  // a whole number whatever the input
};

class Size {
  public:
    using Terms = std::map<std::string, std::pair<std::shared_ptr<const SizeAtom>, double>>;  // by atom key

    Size() = default;  // zero
    Size(double number) : constant_(number) {}
    Size(int number) : Size(static_cast<double>(number)) {}
    Size(int64_t number) : Size(static_cast<double>(number)) {}
    static Size input_dim(uint32_t input, uint32_t dim, std::string name);
    static Size of_atom(std::shared_ptr<const SizeAtom> atom);

    bool is_number() const { return terms_.empty(); }
    std::optional<double> number() const;    // when is_number()
    std::optional<int64_t> integer() const;  // when it is a whole number below 2^53
    double constant() const { return constant_; }
    const Terms& terms() const { return terms_; }

    std::string text() const;  // "2*height + 1", canonical
    bool operator==(const Size& other) const;

    // The value for given input dimensions: dim(input, dimension) → size.
    double evaluate(const std::function<int64_t(uint32_t, uint32_t)>& dim) const;

    friend Size operator+(const Size&, const Size&);
    friend Size operator-(const Size&, const Size&);
    friend Size operator*(const Size&, const Size&);

  private:
    double constant_ = 0;
    Terms terms_;
    void add_term(const std::shared_ptr<const SizeAtom>& atom, double coefficient);
};

Size make_atom(plan::ExprOp op, std::vector<Size> operands);  // no simplification
Size floor_div(const Size& a, const Size& b);                 // simplified where exact
Size ceil_div(const Size& a, const Size& b);                  // whole a and b only
Size trunc_div(const Size& a, const Size& b);
Size divide(const Size& a, const Size& b);  // real
Size modulo(const Size& a, const Size& b);
Size minimum(const Size& a, const Size& b);
Size maximum(const Size& a, const Size& b);
Size floor_of(const Size& a);
Size ceil_of(const Size& a);
Size round_even(const Size& a);
Size sqrt_of(const Size& a);
Size to_f32(const Size& a);                 // dropped where the value is a whole number by construction
Size equals(const Size& a, const Size& b);  // 1 or 0 where known
Size less(const Size& a, const Size& b);
Size select(const Size& condition, const Size& yes, const Size& no);
Size product(const std::vector<Size>& factors);  // 1 for none

// Whether the value is a whole number whatever the input.
bool is_whole(const Size& a);

SizeRange range_of(const Size& a);

// What make_atom() notes in an atom; of its operation and operands.
SizeRange range_of_atom(const SizeAtom& atom);
bool is_whole_atom(const SizeAtom& atom);

}  // namespace atrous
