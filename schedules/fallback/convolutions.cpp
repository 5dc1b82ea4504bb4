#include "schedules/fallback/convolutions.h"

#include "schedules/fallback/image_rows.h"

namespace atrous::fallback {

using namespace Halide;

namespace {

template <class Conv>
void apply_rows(Conv& conv, Packing packing, const Target& target) {
    Var at = schedule_rows(conv.output, conv.v, packing, target);
    schedule_accumulator(conv.sum, conv.output, at, conv.v, packing);
}

}  // namespace

std::optional<Layout> layout(const ConvSpec&, const SizeHint&, const Target&) {
    return Layout{};
}
std::optional<Layout> layout(const DepthwiseConvSpec&, const SizeHint&, const Target&) {
    return Layout{};
}
std::optional<Layout> layout(const TransposedConvSpec&, const SizeHint&, const Target&) {
    return Layout{};
}

void apply(DilatedConv& conv, const ConvSpec& spec, const Layout&, const Extents&, const Target& target) {
    apply_rows(conv, spec.packing, target);
}

void apply(DepthwiseConv& conv, const DepthwiseConvSpec& spec, const Layout&, const Extents&, const Target& target) {
    apply_rows(conv, spec.packing, target);
}

void apply(TransposedConv& conv, const TransposedConvSpec&, const Layout&, const Extents&, const Target& target) {
    apply_rows(conv, Packing::planar, target);
}

}  // namespace atrous::fallback
