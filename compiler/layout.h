// Decides how every value lies in memory: which nodes work on channel-blocked images and which on planar tensors, which
// concatenations are written in slices by those who make their parts, which results are mere views, and how wide a halo
// of zeros each blocked image needs.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/graph.h"
#include "compiler/location.h"

namespace atrous {

// This value is made in place, as a part of `whole`.
struct Part {
    ValueId whole = no_value;
    size_t axis = 0;
    Size begin;
};

struct NetworkLayout {
    std::vector<Packing> node;  // by node: of the values that it reads and makes, where it can choose
    std::vector<bool> narrow;   // by node: a convolution that reads blocks and makes planes
    // By value: how its maker leaves it, unless that one unpacks it itself; inputs and constants are planar.
    std::vector<Packing> home;
    std::vector<std::optional<Part>> planar_part, blocked_part;  // by value
    std::vector<bool> put_off;  // by value: a concatenation whose readers take it part by part
    std::vector<Halo> halo;     // by value: of its blocked form, parts' and views' needs included

    const std::optional<Part>& part(ValueId v, Packing packing) const {
        return (packing == Packing::c16 ? blocked_part : planar_part)[v];
    }
};

// `reads_parts`: whether the convolution takes the channels of its input from several places as gladly as from one.
NetworkLayout choose_layout(const Network& network, const Graph& graph, const std::string& target,
                            const std::function<bool(const Node&)>& reads_parts);

// A convolution to so few channels that a block of them would be mostly padding.
bool is_narrow(const Network& network, const Node& node);
// One filter per channel.
bool is_depthwise(const Network& network, const Node& node);
// A node whose result is its input seen differently, in the given packing.
bool is_view(const Network& network, const Node& node, Packing packing);
// Whether a transposed convolution can be computed planar by vectors that hold all outputs of a pixel in a row.
bool can_widen(const Network& network, const Node& node);
// Whether a transposed convolution can be computed planar, all phases of a row at once, and should be where nobody
// wants blocks: with few taps a phase, of which Winograd's domain would save no more than blocks cost that are taken
// apart.
bool is_phased(const Network& network, const Node& node, const std::string& target);
// What the node, in c16, reads outside its image input.
Halo halo_of(const Network& network, const Node& node);
// A part of a channel-blocked image that starts at a block.
bool is_blocked_part(const Value& whole, size_t axis, const Size& begin);

}  // namespace atrous
