// What the reference of every kernel is written with: its arguments one after the other, its output element by element,
// and what convolutions do after the sum.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "tests/reference/functions.h"
#include "tests/reference/kernels.h"
#include "tests/reference/view.h"

namespace atrous::reference {

using Index = std::array<int64_t, 7>;

// The arguments, taken one after the other.
class Arguments {
  public:
    explicit Arguments(std::span<const Arg> args) : args_(args) {}
    const View& view(size_t rank) {
        const View& result = take<View>("a buffer");
        if (result.dims.size() != rank)
            throw Violation("argument " + std::to_string(next_ - 1) + " has rank " +
                            std::to_string(result.dims.size()) + ", the spec wants " + std::to_string(rank));
        return result;
    }
    int64_t integer() { return take<int32_t>("an int32"); }
    float real() { return take<float>("a float"); }
    void end() const {
        if (next_ != args_.size()) throw Violation("the spec wants " + std::to_string(next_) + " arguments");
    }

  private:
    template <class T>
    const T& take(const char* what) {
        if (next_ >= args_.size() || !std::holds_alternative<T>(args_[next_]))
            throw Violation("argument " + std::to_string(next_) + " is not " + what);
        return std::get<T>(args_[next_++]);
    }
    std::span<const Arg> args_;
    size_t next_ = 0;
};

// Calls body(i0, i1, …) for every coordinate of the output, innermost first.
template <class Body>
void for_each(const View& view, Body&& body) {
    Index low{}, high{}, at{};
    for (size_t d = 0; d < at.size(); ++d) {
        const Dim dim = d < view.dims.size() ? view.dims[d] : Dim{};
        low[d] = at[d] = dim.min;
        high[d] = dim.min + dim.extent;
        if (dim.extent <= 0) return;
    }
    for (;;) {
        body(at);
        size_t d = 0;
        while (d < at.size() && ++at[d] == high[d]) {
            at[d] = low[d];
            ++d;
        }
        if (d == at.size()) return;
    }
}

inline bool inside(const Dim& dim, int64_t i) {
    return i >= dim.min && i < dim.min + dim.extent;
}

// What ConvSpec, DepthwiseConvSpec and TransposedConvSpec do after the sum.
struct Epilogue {
    ElementwiseFunction activation;
    Residual residual;
    const View* slope = nullptr;
    const View* added = nullptr;
    float alpha = 0, beta = 0;

    double operator()(double sum, double slope_value, double added_value) const {
        if (residual == Residual::before_activation) sum += added_value;
        sum = apply_function(activation, sum, slope_value, 0, alpha, beta);
        return residual == Residual::after_activation ? sum + added_value : sum;
    }
};

template <class Spec>
Epilogue read_epilogue_buffers(const Spec& spec, Arguments& args, size_t slope_rank, size_t rank) {
    Epilogue epilogue{spec.activation, spec.residual};
    if (spec.activation == ElementwiseFunction::prelu) epilogue.slope = &args.view(slope_rank);
    if (spec.residual != Residual::none) epilogue.added = &args.view(rank);
    return epilogue;
}

}  // namespace atrous::reference
