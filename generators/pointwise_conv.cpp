#include "generators/pointwise_conv.h"

namespace atrous {

ConvSpec pointwise_spec(Packing packing, ElementwiseFunction activation, Residual residual) {
    ConvSpec spec;
    spec.packing = packing;
    spec.activation = activation;
    spec.residual = residual;
    return spec;
}

DilatedConv pointwise_conv(const ConvSpec& spec, ConvInputs in) {
    in.dilation_x = in.dilation_y = 1;
    in.pad_left = in.pad_top = 0;
    return dilated_conv(spec, in);
}

}  // namespace atrous
