// A convolution in Winograd's domain, in either of two orders.
//
// Groups of tiles outside: all filters are transformed, then a loop over groups of tiles takes each through three
// kernels, with the tiles in the scratch memory of the thread.
//
// Filters outside, where they are large and the tiles few: all tiles are transformed, then a loop over blocks of output
// channels transforms the filters of each in passing, into scratch memory, and goes on with products and outputs.
//
// In the first, images that nobody else needs in blocks can stay planar: a group packs what it reads and unpacks what
// it makes, so that all of that passes through the cache only.
#include <numeric>

#include "compiler/lower_conv.h"
#include "schedules/registry.h"

namespace atrous {

namespace {

Size winograd_tiles(const Size& pixels, int outputs, int64_t dilation) {
    const Size chunks = floor_div(pixels, Size(outputs * dilation));
    return chunks * Size(dilation) + minimum(Size(dilation), pixels - chunks * Size(outputs * dilation));
}

// The groups of tiles along an axis: as few as the limit allows, of equal size. Where there are several, that may have
// to be a multiple.
struct Groups {
    Size count, tiles;

    Groups(const Size& all, int most, int64_t multiple = 1) : count(ceil_div(all, Size(most))) {
        tiles = ceil_div(all, maximum(count, Size(1)));
        if (multiple == 1) return;
        tiles = select(less(count, Size(2)), all, ceil_div(tiles, Size(multiple)) * Size(multiple));
        count = ceil_div(all, maximum(tiles, Size(1)));
    }
};

constexpr int64_t lane = channel_block;

// Tiles that are done together, of one image or of several, and how many the matrix product takes for a panel.
struct Tiles {
    Size x, y, images;
    int64_t panel;

    Size count() const { return x * y * images; }
    Size panels() const { return ceil_div(count(), Size(panel)); }
};

// Pixels in Winograd's domain, in panels: (c, tile, block, panel, element), as the matrix product sees them, and (c,
// tile, panel, block, element x, element y), as the transform does.
struct Inputs {
    Size size;  // in floats
    BufferView matrices, tiles;

    Inputs(const WinogradTile& tile, const Tiles& all, const Size& blocks) {
        const Size block_stride(all.panel * lane);
        const Size panel = block_stride * blocks, element = odd_lines(Size(all.panel) * blocks * all.panels());
        const Size elements(tile.size_x() * tile.size_y());
        size = element * elements;
        const ViewDim lanes{Size(lane), Size(1)}, in_panel{Size(all.panel), Size(lane)}, panels{all.panels(), panel};
        matrices.dims = {lanes, in_panel, {blocks, block_stride}, panels, {elements, element}};
        tiles.dims = {lanes,
                      in_panel,
                      panels,
                      {blocks, block_stride},
                      {Size(tile.size_x()), element},
                      {Size(tile.size_y()), element * Size(tile.size_x())}};
    }
    void lie_in(uint32_t tensor) { matrices.tensor = tiles.tensor = tensor; }
};

// Products: (c, element, tile in panel, panel, block) for the matrix product, and (c, element x, element y, tile x,
// tile y, block, image) for the transform.
struct Products {
    Size size;  // in floats
    BufferView matrices, tiles;

    // `by_element` as BatchedGemmSpec says.
    Products(const WinogradTile& tile, const Tiles& all, const Size& blocks, bool by_element) {
        const Size elements(tile.size_x() * tile.size_y()), count = all.panels() * Size(all.panel);
        const Size element = by_element ? odd_lines(count) : Size(lane);
        const Size one_tile = by_element ? Size(lane) : odd_lines(elements);
        const Size block = by_element ? elements * element : count * one_tile;
        size = block * blocks;
        matrices.dims = {{Size(lane), Size(1)},
                         {elements, element},
                         {Size(all.panel), one_tile},
                         {all.panels(), Size(all.panel) * one_tile},
                         {blocks, block}};
        tiles.dims = {{Size(lane), Size(1)},
                      {Size(tile.size_x()), element},
                      {Size(tile.size_y()), Size(tile.size_x()) * element},
                      {all.x, one_tile},
                      {all.y, all.x * one_tile},
                      {blocks, block},
                      {all.images, all.x * all.y * one_tile}};
    }
    void lie_in(uint32_t tensor) { matrices.tensor = tiles.tensor = tensor; }
};

// Filters: (c, k, block, element) for the matrix product, and (c, k, block, element x, element y) for the transform.
struct Filters {
    Size size;
    BufferView matrices, taps;

    Filters(const WinogradTile& tile, const Size& blocks_in, const Size& blocks_out) {
        const Size depth = blocks_in * Size(lane), element = odd_lines(depth * blocks_out);
        const Size elements(tile.size_x() * tile.size_y());
        size = element * elements;
        const ViewDim lanes{Size(lane), Size(1)}, k{depth, Size(lane)}, block{blocks_out, depth * Size(lane)};
        matrices.dims = {lanes, k, block, {elements, element}};
        taps.dims = {
            lanes, k, block, {Size(tile.size_x()), element}, {Size(tile.size_y()), element * Size(tile.size_x())}};
    }
    void lie_in(uint32_t tensor) { matrices.tensor = taps.tensor = tensor; }
};

class WinogradLowering {
  public:
    WinogradLowering(Lowering& to, const ConvCall& call, const WinogradChoice& choice)
        : to_(to),
          call_(call),
          choice_(choice),
          tile_(choice.tile),
          width_(call.shape.w),
          height_(call.shape.h),
          images_(call.shape.n),
          blocks_in_(call.weights.dims[4].extent),
          blocks_out_(call.weights.dims[5].extent),
          tiles_x_(winograd_tiles(width_, tile_.outputs_x, call.dilation_x)),
          tiles_y_(winograd_tiles(height_, tile_.outputs_y, call.dilation_y)),
          core_(core_of(to.options().targets[0])),
          panel_(panel()) {}

    void groups_outside() {
        const bool has_planes = call_.reads_planes || call_.writes_planes;
        const Groups columns(tiles_x_, choice_.tiles_x, has_planes ? call_.dilation_x : 1);
        const Groups rows(tiles_y_, choice_.tiles_y);
        Filters filters(tile_, blocks_in_, blocks_out_);
        filters.lie_in(to_.temporary(filters.size, call_.name));
        transform_filters(call_.weights, filters);

        to_.begin_loop(columns.count * rows.count * images_);
        const Tiles tiles{columns.tiles, rows.tiles, Size(1), panel_};
        Inputs in(tile_, tiles, blocks_in_);
        Products out(tile_, tiles, blocks_out_, core_.by_element);
        in.lie_in(to_.scratch(in.size, call_.name));
        out.lie_in(to_.scratch(out.size, call_.name));
        const Frame frame = whole({IterationArg{}, IntegerArg{columns.count}, IntegerArg{rows.count}});
        if (call_.reads_planes)
            transform_planes(call_.x.front(), frame, tiles, in);
        else
            transform_blocks(frame, tiles, in);
        multiply(filters, in, out);
        if (call_.writes_planes)
            write_planes(out.tiles, frame, tiles);
        else
            transform_products(out.tiles, call_.bias, call_.slope, call_.residual, frame, call_.out);
        to_.end_loop();
    }

    void filters_outside() {
        const Tiles tiles{tiles_x_, tiles_y_, images_, panel_};
        Inputs in(tile_, tiles, blocks_in_);
        in.lie_in(to_.temporary(in.size, call_.name));
        const Frame all = whole({IntegerArg{Size(0)}, IntegerArg{Size(1)}, IntegerArg{Size(1)}});
        Size first;
        to_.begin_loop(tiles.panels());
        for (const BufferView& x : call_.x) {
            const Size count = x.dims[3].extent;
            transform_pixels(x, all, tiles, IterationArg{}, moving(cut(in.tiles, 3, first, count), 2, Size(1)));
            first = first + count;
        }
        to_.end_loop();

        const Size blocks(choice_.blocks);
        to_.begin_loop(floor_div(blocks_out_, blocks));
        Filters filters(tile_, blocks_in_, blocks);
        filters.lie_in(to_.scratch(filters.size, call_.name));
        Products out(tile_, tiles, blocks, core_.by_element);
        out.lie_in(to_.scratch(out.size, call_.name));
        transform_filters(moving(call_.weights, 5, blocks), filters);
        multiply(filters, in, out);
        const auto channels = [&](const BufferView& view, size_t dim) {
            return view.tensor == plan::none ? view : moving(view, dim, blocks);
        };
        transform_products(out.tiles, channels(call_.bias, 1), channels(call_.slope, 1), channels(call_.residual, 3),
                           all, channels(call_.out, 3));
        to_.end_loop();
    }

  private:
    // Where in an image, of so many outputs, a kernel finds its tiles.
    struct Frame {
        std::vector<PlanArg> group;  // index, and how many there are along each axis
        int64_t dilation_x, dilation_y, pad_left, pad_top;
        Size width, height;
    };
    Frame whole(const std::vector<PlanArg>& group) const {
        return {group, call_.dilation_x, call_.dilation_y, call_.pad_left, call_.pad_top, width_, height_};
    }
    // An image of the group's own: a stretch of rows that are dilation_y apart in the whole one.
    Frame alone(const Tiles& tiles) const {
        return {{IntegerArg{Size(0)}, IntegerArg{Size(1)}, IntegerArg{Size(1)}},
                call_.dilation_x,
                1,
                0,
                0,
                ceil_div(tiles.x, Size(call_.dilation_x)) * Size(call_.dilation_x * tile_.outputs_x),
                tiles.y * Size(tile_.outputs_y)};
    }

    // As far as the direct convolution reads: the tiles' last outputs may not exist.
    Size last_x(const Frame& f) const {
        return f.width - Size(1) + Size((tile_.kernel_x - 1) * f.dilation_x - f.pad_left);
    }
    Size last_y(const Frame& f) const {
        return f.height - Size(1) + Size((tile_.kernel_y - 1) * f.dilation_y - f.pad_top);
    }

    void transform_filters(const BufferView& weights, const Filters& filters) {
        to_.step(WinogradWeightsSpec{ElementType::f32, tile_}, {weights, filters.taps});
    }

    void transform_blocks(const Frame& frame, const Tiles& tiles, const Inputs& in) {
        Size first;
        for (const BufferView& x : call_.x) {
            fetch_pixels(x, frame, tiles);
            transform_pixels(x, frame, tiles, IntegerArg{Size(0)}, cut(in.tiles, 3, first, x.dims[3].extent));
            first = first + x.dims[3].extent;
        }
    }

    // What a group of tiles will read, where the image comes from memory.
    void fetch_pixels(const BufferView& x, const Frame& frame, const Tiles& tiles) {
        if (!core_.fetches_ahead) return;
        std::vector<PlanArg> args{x};
        args.insert(args.end(), frame.group.begin(), frame.group.end());
        for (const Size& number :
             {Size(frame.dilation_x), Size(frame.dilation_y), tiles.x, tiles.y, Size(tile_.outputs_x),
              Size(tile_.outputs_y), Size(tile_.size_x()), Size(tile_.size_y()), Size(frame.pad_left),
              Size(frame.pad_top), last_x(frame), last_y(frame)})
            args.push_back(IntegerArg{number});
        args.push_back(dense_view(to_.scratch(Size(lane), call_.name), ElementType::f32, {Size(lane)}));
        const Size floats = x.dims[1].extent * x.dims[2].extent * blocks_in_ * Size(lane);
        to_.step(WinogradFetchSpec{}, args, {}, less(floats, Size(cached_floats)));
    }

    void transform_pixels(const BufferView& x, const Frame& frame, const Tiles& tiles, const PlanArg& first_panel,
                          const BufferView& out) {
        std::vector<PlanArg> args{x};
        args.insert(args.end(), frame.group.begin(), frame.group.end());
        for (const Size& number :
             {Size(frame.dilation_x), Size(frame.dilation_y), Size(frame.pad_left), Size(frame.pad_top), last_x(frame),
              last_y(frame), tiles.x, tiles.y, tiles.count(), Size(tiles.panel)})
            args.push_back(IntegerArg{number});
        args.push_back(first_panel);
        args.push_back(out);
        to_.step(WinogradInputSpec{ElementType::f32, tile_}, args);
    }

    // A block of channels in scratch memory, in which a group's rectangle lies alone.
    BufferView rectangle(const Size& columns, const Size& rows) {
        const Size row = columns * Size(lane), size = row * rows;
        return {to_.scratch(size, call_.name),
                ElementType::f32,
                Size(0),
                {{Size(lane), Size(1)}, {columns, Size(lane)}, {rows, row}, {Size(1), size}, {Size(1), size}}};
    }

    // The channels of one block.
    static BufferView channels_of(const BufferView& planes, int64_t block) {
        const int64_t channels = *planes.dims[2].extent.integer(), first = block * lane;
        return cut(planes, 2, Size(first), Size(std::min(lane, channels - first)));
    }

    void transform_planes(const BufferView& planes, const Frame& frame, const Tiles& tiles, const Inputs& in) {
        const Frame own = alone(tiles);
        const BufferView block = rectangle(last_x(own) + Size(1), last_y(own) + Size(1));
        for (int64_t b = 0; b < *blocks_in_.integer(); ++b) {
            std::vector<PlanArg> args{channels_of(planes, b)};
            args.insert(args.end(), frame.group.begin(), frame.group.end());
            for (const Size& number :
                 {own.width, own.height, Size(frame.dilation_y), Size(frame.pad_left), Size(frame.pad_top)})
                args.push_back(IntegerArg{number});
            args.push_back(block);
            to_.side_step(AreaSpec{ElementType::f32, Packing::c16}, args);
            transform_pixels(block, own, tiles, IntegerArg{Size(0)}, cut(in.tiles, 3, Size(b), Size(1)));
        }
    }

    void write_planes(const BufferView& products, const Frame& frame, const Tiles& tiles) {
        const Frame own = alone(tiles);
        const BufferView block = rectangle(own.width, own.height);
        for (int64_t b = 0; b < *blocks_out_.integer(); ++b) {
            const auto only = [&](const BufferView& view, size_t dim) {
                return view.tensor == plan::none ? view : cut(view, dim, Size(b), Size(1));
            };
            transform_products(only(products, 5), only(call_.bias, 1), only(call_.slope, 1), {}, own, block);
            const BufferView planes = channels_of(call_.out, b);
            std::vector<PlanArg> args{block};
            args.insert(args.end(), frame.group.begin(), frame.group.end());
            for (const Size& number :
                 {own.width, own.height, Size(frame.dilation_y), width_, height_, planes.dims[2].extent})
                args.push_back(IntegerArg{number});
            args.push_back(planes);
            to_.side_step(UnpackAreaSpec{}, args);
        }
    }

    void multiply(const Filters& filters, const Inputs& in, const Products& out) {
        to_.step(product_spec(), {filters.matrices, in.matrices, out.matrices}, product_hint(panel_));
    }

    BatchedGemmSpec product_spec() const {
        return {ElementType::f32, part_blocks(), core_.by_element, core_.fetches_ahead && choice_.blocks > 0};
    }

    SizeHint product_hint(int64_t tiles) const {
        return {static_cast<int>(tiles), 0, call_.hint.channels_in, channels_at_a_time(), call_.hint.tuning};
    }

    // Where an image of another size may have smaller groups: no more than the kernels of all targets do at a time,
    // since a panel is computed whole.
    int64_t panel() const {
        const std::vector<std::string>& targets = to_.options().targets;
        const int best =
            panel_tiles(product_hint(choice_.tiles_x * choice_.tiles_y), targets.front(), targets.size() == 1);
        if (width_.integer() && height_.integer()) return best;
        int64_t least = 1;
        for (const std::string& target : targets)
            least = std::lcm(least, tiles_at_a_time(product_spec(), product_hint(best), target));
        return least;
    }

    int part_blocks() const {
        const int at_once = channels_at_once(tile_);
        return call_.hint.channels_in > at_once ? at_once / static_cast<int>(lane) : 0;
    }

    int channels_at_a_time() const {
        return choice_.blocks > 0 ? choice_.blocks * channel_block : call_.hint.channels_out;
    }

    void transform_products(const BufferView& products, const BufferView& bias, const BufferView& slope,
                            const BufferView& residual, const Frame& frame, const BufferView& out) {
        std::vector<PlanArg> args{products, bias};
        if (call_.spec.activation == ElementwiseFunction::prelu) args.push_back(slope);
        if (call_.spec.residual != Residual::none) args.push_back(residual);
        args.insert(args.end(), frame.group.begin(), frame.group.end());
        args.push_back(IntegerArg{Size(frame.dilation_x)});
        args.push_back(IntegerArg{Size(frame.dilation_y)});
        args.push_back(FloatArg{Size(static_cast<double>(call_.alpha))});
        args.push_back(FloatArg{Size(static_cast<double>(call_.beta))});
        args.push_back(IntegerArg{frame.width});
        args.push_back(IntegerArg{frame.height});
        args.push_back(out);
        to_.step(
            WinogradOutputSpec{ElementType::f32, tile_, call_.spec.activation, call_.spec.residual, core_.by_element},
            args);
    }

    Lowering& to_;
    const ConvCall& call_;
    const WinogradChoice& choice_;
    const WinogradTile& tile_;
    Size width_, height_, images_, blocks_in_, blocks_out_, tiles_x_, tiles_y_;
    Core core_;
    int64_t panel_;
};

// "winograd F(4x4,3x3), 1x16 tiles" or "winograd F(4x4,3x3), 32 channels": what is done at a time.
std::string text_of(const WinogradChoice& choice) {
    const auto pair = [](int y, int x) { return std::to_string(y) + "x" + std::to_string(x); };
    const WinogradTile& tile = choice.tile;
    const std::string part = choice.blocks > 0 ? std::to_string(choice.blocks * channel_block) + " channels"
                                               : pair(choice.tiles_y, choice.tiles_x) + " tiles";
    return "winograd F(" + pair(tile.outputs_y, tile.outputs_x) + "," + pair(tile.kernel_y, tile.kernel_x) + "), " +
           part;
}

}  // namespace

std::optional<WinogradChoice> winograd_choice(const Lowering& to, const Node& node, const ConvPart& part) {
    const auto* spec = std::get_if<ConvSpec>(&part.spec);
    if (!spec) return std::nullopt;
    const LowerOptions& options = to.options();
    const OperatorTuning& tuning = to.tuning_of(node);
    if (options.winograd == WinogradPolicy::automatic && tuning.algorithm != OperatorTuning::Algorithm::open) {
        const auto choice = winograd_of(tuning, part);
        const bool can_be =
            choice && is_legal(*choice, *spec, part.hint(), part.dilation_x, part.dilation_y, options.targets[0]);
        return can_be ? choice : std::nullopt;
    }
    return choose_winograd(*spec, part.sizes, part.dilation_x, part.dilation_y, options.winograd, options.targets[0],
                           part.direct_share);
}

namespace {

// Whether it is computed for one group of Winograd's tiles after the other, each of which is a rectangle of the image,
// or one of rows that are a dilation apart.
bool is_done_in_groups(const Lowering& to, const Node& node) {
    const auto* op = std::get_if<ConvOp>(&node.op);
    if (!op || op->groups != 1 || !to.is_blocked(node) || to.is_narrow(node)) return false;
    if (!core_of(to.options().targets[0]).fetches_ahead) return false;  // not measured there
    const ConvPart part = conv_parts(to, node, Packing::c16).front();
    const auto winograd = winograd_choice(to, node, part);
    if (!winograd || winograd->blocks > 0 || (op->dilation[0] > 1 && winograd->tiles_y > 1)) return false;
    // Several groups in a row have a multiple of the dilation each: not much more than they would have otherwise.
    const auto tiles = winograd_tiles(image_of(to.shape(node.outputs[0])).w, winograd->tile.outputs_x, op->dilation[1]);
    const bool is_one = tiles.integer().value_or(winograd->tiles_x + 1) <= winograd->tiles_x;
    return op->dilation[1] == 1 || is_one || op->dilation[1] <= winograd->tiles_x / 4;
}

// Smaller ones are packed and unpacked in cache.
bool comes_from_memory(const Lowering& to, ValueId v) {
    return to.at_hint(element_count(to.shape(v))) > cached_floats;
}

}  // namespace

bool reads_planes(const Lowering& to, const Node& node) {
    const ValueId x = node.inputs[0];
    const bool alone = to.graph().consumers[x].size() == 1;
    return alone && to.is_planar(x) && !to.value(x).constant && !to.has_location(x, Packing::c16) &&
           comes_from_memory(to, x) && is_done_in_groups(to, node);
}

bool writes_planes(const Lowering& to, const Node& node) {
    const ValueId y = node.outputs[0];
    if (node.fused.residual != Residual::none || to.is_part(y) || !comes_from_memory(to, y)) return false;
    return to.is_read_as_planes(y) && is_done_in_groups(to, node);
}

void lower_winograd(Lowering& to, const ConvCall& call, const WinogradChoice& choice) {
    WinogradLowering lowering(to, call, choice);
    if (choice.blocks > 0)
        lowering.filters_outside();
    else
        lowering.groups_outside();
    to.call_schedule(text_of(choice));
    const auto group = [](int outputs, int64_t dilation) { return outputs > 1 ? outputs * dilation : 1; };
    to.note_grid(group(choice.tile.outputs_y, call.dilation_y), group(choice.tile.outputs_x, call.dilation_x));
}

}  // namespace atrous
