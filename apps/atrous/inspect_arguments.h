// The command line of `atrous inspect`, in three forms: a model, bare rates, or a wish for rates.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/atrous/command_line.h"
#include "compiler/dilation/chain.h"
#include "compiler/dilation/suggest.h"
#include "compiler/inspect.h"

namespace atrous {

// What --measure needs.
struct MeasureOptions {
    std::filesystem::path cache;
    int threads = 0;
};

struct InspectArguments {
    std::filesystem::path model, html, png;
    std::vector<std::string> rates;  // as written, one a chain
    std::string kernel, stride, layers, field, size, target;
    bool json = false, measure = false, suggest = false;
    int list = 20;
    MeasureOptions measuring;
    VerbosityFlags verbosity;
};

void add_inspect_options(CLI::App& app, InspectArguments& arguments);
// Throws Error for options that do not belong together, or are missing.
void check_combination(const InspectArguments& arguments);

// A chain given by its rates.
struct BareChain {
    std::string rates;                    // "1,2,5", or "1x2,3x4" (height, width)
    std::array<dilation::Chain, 2> axes;  // height, width
    std::array<dilation::ChainFacts, 2> facts;
};

// All throw Error for what cannot be read, naming the option.
std::vector<BareChain> bare_chains(const InspectArguments& arguments);
InspectOptions inspect_options(const InspectArguments& arguments);
dilation::SuggestOptions suggest_options(const InspectArguments& arguments);

}  // namespace atrous
