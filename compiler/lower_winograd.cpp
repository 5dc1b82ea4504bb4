// A convolution in Winograd's domain: filters transformed when the network is opened, then a loop over groups of tiles,
// each of three kernels with the tiles in the scratch memory of the thread.
#include "compiler/lowering.h"
#include "schedules/algorithm.h"

namespace atrous {

namespace {

Size winograd_tiles(const Size& pixels, int outputs, int64_t dilation) {
    const Size chunks = floor_div(pixels, Size(outputs * dilation));
    return chunks * Size(dilation) + minimum(Size(dilation), pixels - chunks * Size(outputs * dilation));
}

// The groups of tiles along an axis: as few as the limit allows, of equal size.
struct Groups {
    Size count, tiles;

    Groups(const Size& all, int most)
        : count(ceil_div(all, Size(most))), tiles(ceil_div(all, maximum(count, Size(1)))) {}
};

// A group in Winograd's domain, (c, tile, block, element), as the matrix product sees it, and (c, tile x, tile y,
// block, element x, element y), as the transforms do. Elements are an odd number of cache lines apart, so that they do
// not all fall into the same few sets.
struct Domain {
    BufferView matrices, tiles;

    Domain(Lowering& to, const WinogradTile& tile, const Size& tiles_x, const Size& tiles_y, const Size& blocks,
           const std::string& name) {
        const Size lane(channel_block), count = tiles_x * tiles_y;
        const Size element = maximum(floor_div(count * blocks, Size(2)) * Size(2) + Size(1), Size(1)) * lane;
        const Size elements(tile.size_x() * tile.size_y()), row = element * Size(tile.size_x());
        const uint32_t tensor = to.scratch(element * elements, name);
        const ViewDim lanes{lane, Size(1)}, block{blocks, lane * count};
        matrices = {tensor, ElementType::f32, Size(0), {lanes, {count, lane}, block, {elements, element}}};
        tiles = {tensor,
                 ElementType::f32,
                 Size(0),
                 {lanes,
                  {tiles_x, lane},
                  {tiles_y, lane * tiles_x},
                  block,
                  {Size(tile.size_x()), element},
                  {Size(tile.size_y()), row}}};
    }
};

std::string text_of(const WinogradTile& tile) {
    const auto pair = [](int y, int x) { return std::to_string(y) + "x" + std::to_string(x); };
    return "winograd F(" + pair(tile.outputs_y, tile.outputs_x) + "," + pair(tile.kernel_y, tile.kernel_x) + ")";
}

}  // namespace

bool lower_winograd(Lowering& to, const ConvCall& call) {
    const LowerOptions& options = to.options();
    const auto choice =
        choose_winograd(call.spec, call.hint, static_cast<int>(std::min<int64_t>(call.dilation_x, 1 << 30)),
                        static_cast<int>(std::min<int64_t>(call.dilation_y, 1 << 30)), options.winograd,
                        options.targets[0], call.direct_share);
    if (!choice) return false;
    const WinogradTile& tile = choice->tile;
    const Size width = call.out.dims[1].extent, height = call.out.dims[2].extent, images = call.out.dims[4].extent;
    const Size blocks_in = call.weights.dims[4].extent, blocks_out = call.weights.dims[5].extent;
    const Groups x(winograd_tiles(width, tile.outputs_x, call.dilation_x), choice->tiles_x);
    const Groups y(winograd_tiles(height, tile.outputs_y, call.dilation_y), choice->tiles_y);

    const Size lane(channel_block), depth = blocks_in * lane;
    const uint32_t prepared =
        to.prepared_weights(WinogradWeightsSpec{ElementType::f32, tile}, call.weights,
                            {lane, depth, blocks_out, Size(tile.size_x()), Size(tile.size_y())}, call.name);
    const BufferView filters =
        dense_view(prepared, ElementType::f32, {lane, depth, blocks_out, Size(tile.size_x() * tile.size_y())});

    to.begin_loop(x.count * y.count * images);
    const Domain in(to, tile, x.tiles, y.tiles, blocks_in, call.name),
        out(to, tile, x.tiles, y.tiles, blocks_out, call.name);
    const std::vector<PlanArg> group{IterationArg{}, IntegerArg{x.count}, IntegerArg{y.count},
                                     IntegerArg{Size(call.dilation_x)}, IntegerArg{Size(call.dilation_y)}};

    // As far as the direct convolution reads: the tiles' last outputs may not exist.
    const Size last_x = width - Size(1) + Size((tile.kernel_x - 1) * call.dilation_x - call.pad_left);
    const Size last_y = height - Size(1) + Size((tile.kernel_y - 1) * call.dilation_y - call.pad_top);
    std::vector<PlanArg> args{call.x};
    args.insert(args.end(), group.begin(), group.end());
    for (const Size& number : {Size(call.pad_left), Size(call.pad_top), last_x, last_y, x.tiles, y.tiles})
        args.push_back(IntegerArg{number});
    args.push_back(in.tiles);
    to.step(WinogradInputSpec{ElementType::f32, tile}, args);

    SizeHint product_hint{choice->tiles_x * choice->tiles_y, 0, call.hint.channels_in, call.hint.channels_out};
    to.step(BatchedGemmSpec{}, {filters, in.matrices, out.matrices}, product_hint);

    args = {out.tiles, call.bias};
    if (call.spec.activation == ElementwiseFunction::prelu) args.push_back(call.slope);
    if (call.spec.residual != Residual::none) args.push_back(call.residual);
    args.insert(args.end(), group.begin(), group.end());
    args.push_back(FloatArg{Size(static_cast<double>(call.alpha))});
    args.push_back(FloatArg{Size(static_cast<double>(call.beta))});
    args.push_back(IntegerArg{width});
    args.push_back(IntegerArg{height});
    args.push_back(call.out);
    to.step(WinogradOutputSpec{ElementType::f32, tile, call.spec.activation, call.spec.residual}, args);
    to.end_loop();
    to.call_schedule(text_of(tile));
    return true;
}

}  // namespace atrous
