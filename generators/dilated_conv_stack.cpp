#include "generators/dilated_conv_stack.h"

namespace atrous {

using namespace Halide;

namespace {

Func zero_outside_image(const Func& image, Packing packing, const StackInputs& in) {
    Region region{{0, in.width}, {0, in.height}};
    if (packing == Packing::c16) region.insert(region.begin(), {Expr(), Expr()});
    return BoundaryConditions::constant_exterior(image, 0.f, region);
}

DilatedConv layer(const ConvSpec& spec, const Func& input, const StackInputs& in, const StackLayer& layer) {
    ConvInputs operands;
    operands.input = input;
    operands.weights = layer.weights;
    operands.bias = layer.bias;
    operands.ci_lanes = layer.ci_lanes;
    operands.ci_blocks = layer.ci_blocks;
    operands.dilation_x = operands.dilation_y = layer.rate;
    operands.pad_left = same_padding(spec.kernel_x, layer.rate);
    operands.pad_top = same_padding(spec.kernel_y, layer.rate);
    operands.alpha = in.alpha;
    operands.beta = in.beta;
    if (spec.residual != Residual::none) operands.residual = in.residual;
    return dilated_conv(spec, operands);
}

}  // namespace

DilatedConvStack dilated_conv_stack(const ConvSpec& spec, const ConvSpec& last, const StackInputs& in) {
    DilatedConvStack stack;
    Func input = in.input;
    for (const StackLayer& operands : in.layers) {
        bool is_last = &operands == &in.layers.back();
        stack.layers.push_back(layer(is_last ? last : spec, input, in, operands));
        stack.output = stack.layers.back().output;
        if (is_last) break;
        input = zero_outside_image(stack.output, spec.packing, in);
        stack.padded.push_back(input);
    }
    return stack;
}

}  // namespace atrous
