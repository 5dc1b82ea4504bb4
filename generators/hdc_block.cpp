#include "generators/hdc_block.h"

namespace atrous {

DilatedConvStack hdc_block(const ConvSpec& spec, const StackInputs& in) {
    ConvSpec last = spec;
    last.residual = Residual::before_activation;
    return dilated_conv_stack(spec, last, in);
}

}  // namespace atrous
