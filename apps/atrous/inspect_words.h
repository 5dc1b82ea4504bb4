// The facts of `atrous inspect` in words: what the printed text and the report have in common.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/atrous/inspect_arguments.h"
#include "apps/atrous/inspect_measure.h"

namespace atrous {

std::string extents_text(const std::vector<int64_t>& extents);       // "1×3×320×320"
std::string pair_text(int64_t height, int64_t width);                // "3" or "3×5"
std::string number_text(double number);                              // "12", "3.4 k", "5.6 G"
std::string count_text(dilation::Count count);                       // the same, "3.1e+45" where it is larger
std::string percent_text(double part, double whole);                 // "54 %", "99.8 %"
std::string rates_text(const std::array<dilation::Chain, 2>& axes);  // "1, 2, 5"
std::string teeth_text(const dilation::Sawtooth& sawtooth);          // "2", "1.5"

// A line each: receptive field, coverage, criterion, common divisor, sawtooth, evenness, unrelated outputs.
std::vector<std::pair<std::string, std::string>> chain_facts_words(const dilation::Chain& chain,
                                                                   const dilation::ChainFacts& facts);
std::string plane_text(const std::array<dilation::ChainFacts, 2>& facts);

bool is_dilated(const InspectedChain& chain);
bool is_worth_a_row(const InspectedLayer& layer);  // in a shortened table: dilated, transposed, resized
std::string chain_title(const InspectedChain& chain, size_t index);
std::string chain_summary(const InspectedChain& chain);
std::string dilated_part_text(const InspectedChain& chain);

// operator, name, shape, kernel, GMAC, share that is real, parameters, bytes, footprint, schedule
std::vector<std::string> layer_words(const InspectedLayer& layer);
std::vector<std::string> cost_words(const DilationCosts& costs, size_t layer);  // time, as if r = 1, ratio
// Of transposed convolutions whose outputs get unequal numbers of taps, a line each.
std::vector<std::string> checkerboard_words(const Inspection& inspection);
std::string totals_text(const Inspection& inspection);
std::string measured_text(const DilationCosts& costs);
std::vector<std::string> output_words(const InspectedOutput& output);  // fields, tiling

// What the list of suggestions is, and why the first is first.
std::vector<std::string> explanation_of(const dilation::SuggestOptions& options,
                                        const dilation::Suggestions& suggestions);

}  // namespace atrous
