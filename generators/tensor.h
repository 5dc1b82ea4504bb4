// A tensor as the algorithms address it, whatever its packing.
#pragma once

#include <vector>

#include "Halide.h"
#include "generators/layout.h"

namespace atrous {

// The dimensions of an image tensor. Planar tensors have no lane: their block dimension counts channels.
struct ImageVars {
    Halide::Var c{"c"}, x{"x"}, y{"y"}, cb{"cb"}, n{"n"};

    std::vector<Halide::Var> in(Packing packing) const {
        return packing == Packing::c16 ? std::vector<Halide::Var>{c, x, y, cb, n}
                                       : std::vector<Halide::Var>{x, y, cb, n};
    }
};

// Where the `tile`-th stretch of `outputs` pixels that are `dilation` apart begins on an axis, counted phase by phase
// within chunks of outputs · dilation.
inline Halide::Expr first_pixel(const Halide::Expr& tile, const Halide::Expr& dilation, const Halide::Expr& outputs) {
    return (tile / dilation) * (outputs * dilation) + tile % dilation;
}

struct ImageTensor {
    Halide::Func f;
    Packing packing = Packing::planar;

    Halide::Expr operator()(Halide::Expr lane, Halide::Expr x, Halide::Expr y, Halide::Expr block,
                            Halide::Expr n) const {
        return packing == Packing::c16 ? f(lane, x, y, block, n) : f(x, y, block, n);
    }
};

// A planar tensor seen along one axis: (inner, axis, outer), or an image along its channels: (x, y, c, n) with x =
// inner, y = row, n = outer.
struct AxisVars {
    bool image = false;
    Halide::Var inner{"inner"}, row{"row"}, axis{"a"}, outer{"outer"};

    std::vector<Halide::Expr> at(const Halide::Expr& a) const {
        return image ? std::vector<Halide::Expr>{inner, row, a, outer} : std::vector<Halide::Expr>{inner, a, outer};
    }
    std::vector<Halide::Var> without_axis() const {
        return image ? std::vector<Halide::Var>{inner, row, outer} : std::vector<Halide::Var>{inner, outer};
    }
    std::vector<Halide::Var> all() const {
        return image ? std::vector<Halide::Var>{inner, row, axis, outer} : std::vector<Halide::Var>{inner, axis, outer};
    }
};

// One value per channel: bias (c, cb) in c16, (channel) planar.
struct ChannelTensor {
    Halide::Func f;
    Packing packing = Packing::planar;

    Halide::Expr operator()(Halide::Expr lane, Halide::Expr block) const {
        return packing == Packing::c16 ? f(lane, block) : f(block);
    }
};

}  // namespace atrous
