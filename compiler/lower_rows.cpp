// Convolutions row by row: in a loop, whose scratch tensors hold what is between them.
#include "compiler/lower_conv.h"
#include "compiler/row_loops.h"

namespace atrous {
namespace {

constexpr size_t planar_y = 1;  // of a planar image's view

class RowLoopLowering {
  public:
    RowLoopLowering(Lowering& to, const RowLoop& loop) : to_(to), loop_(loop) {}

    void run() {
        std::vector<Call> calls = prepare();
        to_.begin_loop(loop_.iterations);
        for (size_t i = 0; i < calls.size(); ++i) {
            to_.begin_node(node(i));
            if (i == 0 && loop_.packs)
                to_.side_step(PackSpec{}, {planes_in_, rows_in_}, to_.hint_of(node(i).inputs[0]));
            convolve(to_, node(i), calls[i]);
            to_.note_schedule(", by rows");
            if (i + 1 < calls.size()) to_.end_node();
        }
        if (loop_.unpacks) unpack();
        to_.end_loop();
        to_.end_node();
    }

  private:
    const Node& node(size_t i) const { return to_.network().nodes[loop_.nodes[i]]; }

    // Whatever is read or written lies somewhere when the loop begins: what is between its steps, in scratch tensors.
    std::vector<Call> prepare() {
        to_.begin_node(node(0));
        if (loop_.packs) {
            const ValueId x = node(0).inputs[0];
            planes_in_ = moving(image_view(to_.read(x, Packing::planar), to_.shape(x)), planar_y, loop_.rows);
            rows_in_ = in_scratch(x, loop_.rows);
        }
        std::vector<Call> calls;
        for (size_t i = 0; i < loop_.nodes.size(); ++i) {
            to_.begin_node(node(i));
            if (i + 1 < loop_.nodes.size() || loop_.unpacks) rows_out_ = in_scratch(node(i).outputs[0], loop_.rows_out);
            calls.push_back(call_of(to_, node(i)));
            calls.back().rows = i == 0 ? loop_.rows : loop_.rows_out;
        }
        if (loop_.unpacks) {
            const ValueId y = node(loop_.nodes.size() - 1).outputs[0];
            planes_out_ = moving(image_view(to_.place(y, Packing::planar), to_.shape(y)), planar_y, loop_.rows_out);
        }
        return calls;
    }

    // A place for so many rows of the value, and these.
    BufferView in_scratch(ValueId v, const Size& rows) {
        to_.place_in_scratch(v, rows);
        BufferView view = image_view(to_.read(v, Packing::c16), to_.shape(v));
        view.dims[2].extent = rows;
        return view;
    }

    void unpack() {
        const ValueId y = node(loop_.nodes.size() - 1).outputs[0];
        to_.side_step(UnpackSpec{}, {rows_out_, planes_out_}, to_.hint_of(y));
        to_.leave_scratch(y);
    }

    Lowering& to_;
    const RowLoop& loop_;
    BufferView planes_in_, rows_in_, rows_out_, planes_out_;
};

}  // namespace

void lower_rows(Lowering& to, const RowLoop& loop) {
    RowLoopLowering(to, loop).run();
}

}  // namespace atrous
