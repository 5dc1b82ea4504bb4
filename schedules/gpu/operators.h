// Schedules for everything that is not a convolution, for GPUs: a thread an element, or a block a channel where all of
// it is added up.
#pragma once

#include "generators/argmax.h"
#include "generators/copy.h"
#include "generators/depth_to_space.h"
#include "generators/elementwise.h"
#include "generators/instance_norm.h"
#include "generators/pad.h"
#include "generators/pool.h"
#include "generators/resize.h"
#include "generators/softmax.h"

namespace atrous::gpu {

void apply(Pool&, const PoolSpec&);
void apply(GlobalPool&, const GlobalPoolSpec&);
void apply(Resize&, const ResizeSpec&);
void apply(Elementwise&, const ElementwiseSpec&);
void apply(Copy&, const CopySpec&);
void apply(Pack&, const PackSpec&);
void apply(Unpack&, const UnpackSpec&);
void apply(Area&, const AreaSpec&);
void apply(UnpackArea&, const UnpackAreaSpec&);
void apply(Fill&, const FillSpec&);
void apply(Pad&, const PadSpec&);
void apply(DepthToSpace&, const DepthToSpaceSpec&);
void apply(Softmax&, const SoftmaxSpec&);
void apply(Argmax&, const ArgmaxSpec&);
void apply(InstanceNorm&, const InstanceNormSpec&);
void apply(Cast&, const CastSpec&);

}  // namespace atrous::gpu
