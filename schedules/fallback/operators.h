// Schedules for everything that is not a convolution, for any CPU: memory-bound operators, vectorised along the
// innermost dimension and parallel outside.
#pragma once

#include "generators/argmax.h"
#include "generators/concat.h"
#include "generators/copy.h"
#include "generators/depth_to_space.h"
#include "generators/elementwise.h"
#include "generators/instance_norm.h"
#include "generators/pad.h"
#include "generators/pool.h"
#include "generators/resize.h"
#include "generators/softmax.h"
#include "schedules/layout.h"

namespace atrous::fallback {

void apply(Pool&, const PoolSpec&, const Halide::Target&);
void apply(GlobalPool&, const GlobalPoolSpec&, const Halide::Target&);
void apply(Resize&, const ResizeSpec&, const Halide::Target&);
void apply(Elementwise&, const ElementwiseSpec&, const Halide::Target&);
void apply(Copy&, const CopySpec&, const Halide::Target&);
void apply(Pack&, const PackSpec&, const Halide::Target&);
void apply(Unpack&, const UnpackSpec&, const Halide::Target&);
void apply(Area&, const AreaSpec&, const Halide::Target&);
void apply(UnpackArea&, const UnpackAreaSpec&, const Halide::Target&);
void apply(Fill&, const FillSpec&, const Halide::Target&);
void apply(Pad&, const PadSpec&, const Halide::Target&);
void apply(DepthToSpace&, const DepthToSpaceSpec&, const Halide::Target&);
void apply(Softmax&, const SoftmaxSpec&, const Halide::Target&);
void apply(Argmax&, const ArgmaxSpec&, const Halide::Target&);
void apply(Concat&, const Halide::Target&);
void apply(InstanceNorm&, const InstanceNormSpec&, const Halide::Target&);
void apply(Cast&, const CastSpec&, const Halide::Target&);

}  // namespace atrous::fallback
