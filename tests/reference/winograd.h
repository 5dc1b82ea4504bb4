// The stages of Winograd convolution, as matrix products in double precision.
#pragma once

#include "tests/reference/kernel_arguments.h"

namespace atrous::reference {

void run(const WinogradWeightsSpec& spec, Arguments args);
void run(const WinogradFetchSpec& spec, Arguments args);
void run(const WinogradInputSpec& spec, Arguments args);
void run(const BatchedGemmSpec& spec, Arguments args);
void run(const WinogradOutputSpec& spec, Arguments args);

}  // namespace atrous::reference
