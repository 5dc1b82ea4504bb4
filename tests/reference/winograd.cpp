#include "tests/reference/winograd.h"

#include <algorithm>

#include "generators/winograd_matrices.h"

namespace atrous::reference {

namespace {

// Which tiles: the group's place among all tiles, and where a tile's first pixel lies.
struct Group {
    int64_t index, count_x, count_y, dilation_x, dilation_y;

    explicit Group(Arguments& args)
        : index(args.integer()),
          count_x(args.integer()),
          count_y(args.integer()),
          dilation_x(args.integer()),
          dilation_y(args.integer()) {}
    int64_t image() const { return index / (count_x * count_y); }
    int64_t x(int64_t tile, int64_t tiles, int outputs) const {
        return pixel(index % count_x * tiles + tile, dilation_x, outputs);
    }
    int64_t y(int64_t tile, int64_t tiles, int outputs) const {
        return pixel(index / count_x % count_y * tiles + tile, dilation_y, outputs);
    }

  private:
    // Tiles are counted chunk by chunk of `outputs` · dilation pixels, within a chunk phase by phase.
    static int64_t pixel(int64_t tile, int64_t dilation, int outputs) {
        int64_t chunk = 0;
        while (tile >= dilation) tile -= dilation, ++chunk;
        return chunk * outputs * dilation + tile;
    }
};

}  // namespace

void run(const WinogradWeightsSpec& spec, Arguments args) {
    const View &weights = args.view(6), &out = args.view(5);
    args.end();
    const auto x = winograd_matrices(spec.tile.outputs_x, spec.tile.kernel_x).filter;
    const auto y = winograd_matrices(spec.tile.outputs_y, spec.tile.kernel_y).filter;
    for_each(out, [&](const Index& i) {
        const int64_t ci = i[1] % channel_block, block = i[1] / channel_block;
        double sum = 0;
        for (int64_t ky = 0; ky < spec.tile.kernel_y && ci < weights.dims[1].extent; ++ky)
            for (int64_t kx = 0; kx < spec.tile.kernel_x; ++kx)
                sum += y[size_t(i[4])][size_t(ky)] * x[size_t(i[3])][size_t(kx)] *
                       load(weights, {i[0], ci, kx, ky, block, i[2]});
        store(out, {i[0], i[1], i[2], i[3], i[4]}, sum);
    });
}

void run(const WinogradFetchSpec&, Arguments args) {
    const View& input = args.view(5);
    const Group group(args);
    const int64_t tiles_x = args.integer(), tiles_y = args.integer();
    const auto outputs_x = static_cast<int>(args.integer()), outputs_y = static_cast<int>(args.integer());
    const int64_t size_x = args.integer(), size_y = args.integer();
    const int64_t left = args.integer(), top = args.integer(), last_x = args.integer(), last_y = args.integer();
    const View& out = args.view(1);
    args.end();
    // The chunks of the group's tiles, of all phases, and what their tiles read past them.
    const int64_t x = group.x(0, tiles_x, outputs_x), y = group.y(0, tiles_y, outputs_y);
    const int64_t chunk_x = outputs_x * group.dilation_x, chunk_y = outputs_y * group.dilation_y;
    const int64_t past_x = group.x(tiles_x - 1, tiles_x, outputs_x) / chunk_x * chunk_x + size_x * group.dilation_x;
    const int64_t past_y = group.y(tiles_y - 1, tiles_y, outputs_y) / chunk_y * chunk_y + size_y * group.dilation_y;
    for_each(out, [&](const Index& i) {
        double largest = 0;
        for (int64_t cb = 0; cb < input.dims[3].extent; ++cb)
            for (int64_t v = y / chunk_y * chunk_y - top; v < past_y - top && v <= last_y; ++v)
                for (int64_t u = x / chunk_x * chunk_x - left; u < past_x - left && u <= last_x; ++u)
                    largest = std::max(largest, load(input, {i[0], u, v, cb, group.image()}));
        store(out, {i[0]}, largest);
    });
}

void run(const WinogradInputSpec& spec, Arguments args) {
    const View& input = args.view(5);
    const Group group(args);
    const int64_t left = args.integer(), top = args.integer(), last_x = args.integer(), last_y = args.integer();
    const int64_t tiles_x = args.integer(), tiles_y = args.integer(), tiles = args.integer(), panel = args.integer();
    const int64_t first_panel = args.integer();
    const View& out = args.view(6);
    args.end();
    const auto x = winograd_matrices(spec.tile.outputs_x, spec.tile.kernel_x).input;
    const auto y = winograd_matrices(spec.tile.outputs_y, spec.tile.kernel_y).input;
    for_each(out, [&](const Index& i) {
        const int64_t t = std::min((first_panel + i[2]) * panel + i[1], tiles - 1), image = t / (tiles_x * tiles_y);
        const int64_t first_x = group.x(t % tiles_x, tiles_x, spec.tile.outputs_x) - left;
        const int64_t first_y = group.y(t / tiles_x % tiles_y, tiles_y, spec.tile.outputs_y) - top;
        double sum = 0;
        for (int64_t v = 0; v < spec.tile.size_y(); ++v)
            for (int64_t u = 0; u < spec.tile.size_x(); ++u)
                sum += y[size_t(i[5])][size_t(v)] * x[size_t(i[4])][size_t(u)] *
                       load(input, {i[0], std::min(first_x + u * group.dilation_x, last_x),
                                    std::min(first_y + v * group.dilation_y, last_y), i[3], group.image() + image});
        store(out, {i[0], i[1], i[2], i[3], i[4], i[5]}, sum);
    });
}

void run(const BatchedGemmSpec&, Arguments args) {
    const View &weights = args.view(4), &input = args.view(5), &out = args.view(5);
    args.end();
    for_each(out, [&](const Index& i) {
        double sum = 0;
        for (int64_t k = 0; k < weights.dims[1].extent; ++k)
            sum += load(weights, {i[0], k, i[4], i[1]}) *
                   load(input, {k % channel_block, i[2], k / channel_block, i[3], i[1]});
        store(out, {i[0], i[1], i[2], i[3], i[4]}, sum);
    });
}

void run(const WinogradOutputSpec& spec, Arguments args) {
    const View &products = args.view(7), &bias = args.view(2);
    Epilogue epilogue = read_epilogue_buffers(spec, args, 2, 5);
    const Group group(args);
    epilogue.alpha = args.real();
    epilogue.beta = args.real();
    const int64_t width = args.integer(), height = args.integer();
    const View& out = args.view(5);
    args.end();
    const auto x = winograd_matrices(spec.tile.outputs_x, spec.tile.kernel_x).output;
    const auto y = winograd_matrices(spec.tile.outputs_y, spec.tile.kernel_y).output;
    const auto write = [&](const Index& i, int64_t ox, int64_t oy) {
        const int64_t px = group.x(i[3], products.dims[3].extent, spec.tile.outputs_x) + ox * group.dilation_x;
        const int64_t py = group.y(i[4], products.dims[4].extent, spec.tile.outputs_y) + oy * group.dilation_y;
        if (px >= width || py >= height) return;
        double sum = load(bias, {i[0], i[5]});
        for (int64_t v = 0; v < spec.tile.size_y(); ++v)
            for (int64_t u = 0; u < spec.tile.size_x(); ++u)
                sum += y[size_t(oy)][size_t(v)] * x[size_t(ox)][size_t(u)] *
                       load(products, {i[0], u, v, i[3], i[4], i[5], i[6]});
        const int64_t image = group.image() + i[6];
        store(out, {i[0], px, py, i[5], image},
              epilogue(sum, epilogue.slope ? load(*epilogue.slope, {i[0], i[5]}) : 0,
                       epilogue.added ? load(*epilogue.added, {i[0], px, py, i[5], image}) : 0));
    };
    View tiles = products;  // one element each
    tiles.dims[1].extent = tiles.dims[2].extent = 1;
    for_each(tiles, [&](const Index& i) {
        for (int64_t oy = 0; oy < spec.tile.outputs_y; ++oy)
            for (int64_t ox = 0; ox < spec.tile.outputs_x; ++ox) write(i, ox, oy);
    });
}

}  // namespace atrous::reference
