#include "schedules/arm/register_tile.h"

#include <algorithm>

namespace atrous::arm {

using namespace Halide;

namespace {

// Six pixels × one block, which is four vectors, are 24 accumulators; with a vector of each pixel's channels and two of
// weights, that is all registers there are. Two blocks would read more weights for a product.
constexpr int widest = 6;

}  // namespace

Layout register_tile(const SizeHint& hint) {
    Layout layout;
    layout.tile_x = choose_tile_of_row(hint.width, {widest, 5, 4});
    return layout;
}

int panel_tiles(const SizeHint& hint) {
    const bool is_tuned = hint.tuning.tile_x != Tuning::open;
    return panel_of(hint, is_tuned ? hint.tuning.tile_x : choose_tile(hint.width, {widest, 5, 4, 3, 2, 1}));
}

Layout panel_register_tile(const SizeHint& hint) {
    Layout layout;
    layout.tile_x = tile_of_panel(hint, widest);
    return layout;
}

Space register_space(const SizeHint& hint) {
    Space space;
    space.tile_x = numbers(1, hint.width > 0 ? std::min(widest, hint.width) : widest);
    return space;
}

// A multiply-add can take any lane of a vector as one of its factors. So as many input channels of a pixel as a vector
// holds are read at once, and nothing is broadcast, which would take up a multiplier. Vectors of weights go outside
// pixels: one of them lives for the products with all pixels.
void accumulate(TileSum t, const Layout&, const Target& target) {
    const int lanes = vector_floats(target);
    t.sum.vectorize(t.c).unroll(t.x).unroll(t.cb);
    const RVar channel("channel"), channels("channels");
    const auto nest = [&](Stage update) {
        Var quarter("quarter");
        update.split(t.c, quarter, t.c, lanes).split(t.terms.front(), channels, channel, lanes);
        std::vector<VarOrRVar> order{t.c, t.x, quarter, t.cb, channel, channels};
        order.insert(order.end(), t.terms.begin() + 1, t.terms.end());
        update.reorder(order).vectorize(t.c).unroll(t.x).unroll(quarter).unroll(t.cb).unroll(channel);
    };
    if (!is_const(t.lanes)) nest(t.sum.update().specialize(t.lanes == channel_block));
    nest(t.sum.update());
    const Var lane = t.pixels.args()[0], pixel = t.pixels.args()[1];
    t.pixels.compute_at(t.sum, channels).bound_extent(lane, lanes).vectorize(lane).unroll(pixel);
}

}  // namespace atrous::arm
