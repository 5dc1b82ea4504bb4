#include "schedules/packed_stack.h"

#include "schedules/fallback/image_rows.h"
#include "schedules/packing.h"

namespace atrous {

using namespace Halide;

StackInputs packed_inputs(StackInterface& interface) {
    StackInputs in = interface.inputs();
    for (size_t i = 0; i < in.layers.size(); i++) {
        StackLayer& layer = in.layers[i];
        Channels before{interface.layers[i].channels_in()}, after{interface.layers[i].channels_out()};
        layer.weights = pack_weights(layer.weights, before, after);
        layer.bias = pack_channels(layer.bias, after);
        layer.ci_lanes = lanes(before);
        layer.ci_blocks = before.blocks_per_group();
    }
    in.input = pack_image(in.input, {interface.layers.front().channels_in()});
    in.residual = in.input;
    return in;
}

Func compute_stack(DilatedConvStack& stack, StackInterface& interface, const Target& target) {
    Expr width = interface.input.dim(0).extent();
    ConvSpec spec = interface.conv_spec();
    spec.packing = Packing::c16;
    for (size_t i = 0; i < stack.layers.size(); i++) {
        Channels before{interface.layers[i].channels_in()}, after{interface.layers[i].channels_out()};
        compute(stack.layers[i], spec, {width, after.blocks(), lanes(before)}, interface.hint(), target);
    }
    // Layers write without looking where the image ends; zeros are put around them when they are done.
    for (Func& padded : stack.padded) {
        std::vector<Var> d = padded.args();
        padded.compute_root().bound(d[0], 0, channel_block).vectorize(d[0]).parallel(d[3]).parallel(d[2]);
    }
    return unpack_output(stack.output, {interface.layers.back().channels_out()}, target);
}

}  // namespace atrous
