// Transposed convolutions between planar tensors, all phases of a row at once.
#include <algorithm>

#include "compiler/lower_conv.h"

namespace atrous {
namespace {

// What the phases of an axis read, relative to the input that their outputs belong to.
struct Reach {
    int64_t lowest = 0, highest = 0;

    Reach(const TransposedConvOp& op, size_t axis) {
        for (int64_t p = 0; p < op.stride[axis]; ++p) {
            const Phase phase = phase_of(op, axis, p);
            if (phase.taps == 0) continue;
            lowest = std::min(lowest, -phase.pad_begin);
            highest = std::max(highest, phase.taps - 1 - phase.pad_begin);
        }
    }
    int64_t extent() const { return highest - lowest; }
};

// A few rows after the other, in a loop, each time with what they read in scratch memory: in the image itself the
// channels lie far apart, mostly in the same few sets of a cache. Several rows are longer pieces of memory, which is
// prefetched better.
class PhasedLowering {
  public:
    PhasedLowering(Lowering& to, const Node& node, const TransposedConvOp& op, const Call& call)
        : to_(to),
          node_(node),
          op_(op),
          call_(call),
          x_(op, 1),
          y_(op, 0),
          shape_(image_of(to.shape(node.outputs[0]))),
          width_(phase_extent(shape_.w, op.stride[1], 0)),
          height_(phase_extent(shape_.h, op.stride[0], 0)),
          rows_(rows_at_a_time(height_, most_rows())) {}

    void run() {
        const BufferView image = image_view(to_.read(call_.operands.x, Packing::planar), to_.shape(call_.operands.x));
        to_.begin_loop(floor_div(height_, rows_));
        std::vector<PlanArg> args{rows_read(image), weights(), call_.bias};
        if (is_given(call_.slope)) args.push_back(call_.slope);
        if (is_given(call_.residual)) args.push_back(rows_of(call_.residual));
        args.push_back(FloatArg{Size(static_cast<double>(node_.fused.alpha))});
        args.push_back(FloatArg{Size(static_cast<double>(node_.fused.beta))});
        args.push_back(rows_of(call_.out));
        to_.step(spec(), args, to_.hint_of({shape_.n, shape_.c, rows_, width_}, call_.channels_in, call_.channels_out));
        to_.end_loop();
        to_.note_schedule(", by rows");
    }

  private:
    PhasedConvSpec spec() const {
        const auto narrowed = [](int64_t number) { return static_cast<int>(number); };
        PhasedConvSpec spec;
        spec.kernel_x = narrowed(op_.kernel[1]);
        spec.kernel_y = narrowed(op_.kernel[0]);
        spec.stride_x = narrowed(op_.stride[1]);
        spec.stride_y = narrowed(op_.stride[0]);
        spec.pad_left = narrowed(op_.pad_begin[1]);
        spec.pad_top = narrowed(op_.pad_begin[0]);
        spec.activation = node_.fused.activation;
        spec.residual = node_.fused.residual;
        return spec;
    }

    // As many as the second level of cache holds beside the filters, but enough iterations for the threads.
    int64_t most_rows() const {
        constexpr int64_t most_bytes = 192 * 1024, most = 4, fewest_iterations = 8;
        const int64_t row_bytes = 4 * to_.at_hint(width_) * call_.channels_in;
        return std::min({most, most_bytes / std::max<int64_t>(1, row_bytes), to_.at_hint(height_) / fewest_iterations});
    }

    BufferView weights() {
        const int64_t side_by_side = phased_filters(static_cast<int>(op_.stride[1]));
        const int64_t blocks = (call_.channels_out + side_by_side - 1) / side_by_side;
        return to_.weights(
            pack_phased_weights(to_.numbers(call_.operands.weights), call_.channels_in, call_.channels_out,
                                op_.kernel[0], op_.kernel[1], side_by_side),
            {Size(side_by_side), Size(op_.kernel[1]), Size(call_.channels_in), Size(op_.kernel[0]), Size(blocks)},
            to_.value(call_.operands.weights).name);
    }

    // What an iteration reads: (x, y, c, n), with zeros around the image.
    BufferView rows_read(const BufferView& image) {
        constexpr int64_t line = 16, read_past = 32;  // floats
        const Size columns = width_ + Size(x_.extent()), rows = rows_ + Size(y_.extent());
        const Size& channels = image.dims[2].extent;
        const Size channel = odd_lines(ceil_div(columns + Size(read_past), Size(line))), row = channel * channels;
        BufferView area;
        area.tensor = to_.scratch(row * rows, to_.value(call_.operands.x).name);
        area.dims = {{columns, Size(1)}, {rows, row}, {channels, channel}, {Size(1), Size(0)}};
        to_.side_step(AreaSpec{}, {image, IterationArg{}, IntegerArg{Size(1)}, IntegerArg{floor_div(height_, rows_)},
                                   IntegerArg{Size(0)}, IntegerArg{rows_}, IntegerArg{Size(1)},
                                   IntegerArg{Size(-x_.lowest)}, IntegerArg{Size(-y_.lowest)}, area});
        area.offset = Size(-x_.lowest) - Size(y_.lowest) * row;
        area.dims[0].extent = width_;
        area.dims[1].extent = rows_;
        return area;
    }

    // What an iteration has of a planar image like the output: (u, x, v, y, c, n).
    BufferView rows_of(BufferView image) const {
        const ViewDim x = image.dims[0], y = image.dims[1];
        image.dims = {{Size(op_.stride[1]), x.stride},
                      {width_, x.stride * Size(op_.stride[1])},
                      {Size(op_.stride[0]), y.stride},
                      {height_, y.stride * Size(op_.stride[0])},
                      image.dims[2],
                      image.dims[3]};
        return moving(image, 3, rows_);
    }

    Lowering& to_;
    const Node& node_;
    const TransposedConvOp& op_;
    const Call& call_;
    Reach x_, y_;
    ImageShape shape_;
    Size width_, height_, rows_;  // of a phase; of an iteration
};

}  // namespace

void lower_phased(Lowering& to, const Node& node, const TransposedConvOp& op, const Call& call) {
    PhasedLowering(to, node, op, call).run();
}

}  // namespace atrous
