// What `atrous inspect` tells about a model: its layers and what they cost, how far its outputs see, whether its
// dilation rates leave holes, how it can be tiled.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "compiler/dilation/chain.h"
#include "compiler/dilation/convolution_model.h"
#include "compiler/dilation/layer_cost.h"
#include "compiler/dilation/tiling.h"

namespace atrous {

struct InspectOptions {
    std::filesystem::path model;
    int height = 0, width = 0;  // where the model leaves them free; 0: 320
    std::string target = "host";
};

// Taps that the outputs of a transposed convolution get, by phase: outputs of one phase are a stride apart.
struct PhaseTaps {
    std::vector<int64_t> y, x;
    bool is_uneven() const;  // then even weights give a checkerboard
};

struct InspectedLayer {
    dilation::LayerCost cost;
    std::string schedule;  // empty: unknown, or part of another layer
    std::optional<dilation::ConvolutionSpec> convolution;
    std::optional<PhaseTaps> phases;  // of a transposed convolution
};

// One axis of the field that an output has in an input.
struct AxisField {
    int64_t size = 0, covered = 0;  // of the output pixel that sees furthest
    int64_t smallest = 0;           // of all pixels; they differ where something is enlarged
};

// What a map of paths says.
struct MapFacts {
    int64_t y = 0, x = 0, height = 0, width = 0, covered = 0;
    double evenness = 0;
    int64_t positions() const { return height * width; }
};

struct InputField {
    std::string input;
    AxisField y, x;
    // Of the pixel in the middle of the output: without borders, and of the picture. nullopt: too large to be mapped.
    std::optional<MapFacts> theoretical, in_picture;
    dilation::PathCounts map;              // of the picture; empty beyond the first outputs
    std::array<int64_t, 2> picture{1, 1};  // height and width
};

struct InspectedOutput {
    std::string name;
    std::vector<int64_t> shape;
    std::vector<InputField> fields;  // of inputs that are read
    std::string no_fields;           // why they are not known; empty: they are
    bool whole = false;              // it depends on the whole picture too, beside these fields
    dilation::Tiling tiling;
};

// Part of a chain.
struct ChainPart {
    size_t first = 0, count = 0;
    std::array<dilation::ChainFacts, 2> facts;
};

struct InspectedChain {
    std::vector<std::string> names;
    std::array<dilation::Chain, 2> axes;                       // height, width
    std::optional<std::array<dilation::ChainFacts, 2>> facts;  // nullopt: see refusal
    std::optional<ChainPart> dilated;  // its longest part of rates above one, where it has others too
    std::string refusal;
};

struct Inspection {
    std::string file, sha256, target;
    dilation::InputSize size;
    std::vector<InspectedLayer> layers;
    std::vector<InspectedOutput> outputs;
    std::vector<InspectedChain> chains;  // of more than one layer, or dilated
    std::string no_schedules;            // why no target would get any; empty: there are
    double seconds = 0;
};

// Throws Error.
Inspection inspect(const InspectOptions& options);

}  // namespace atrous
