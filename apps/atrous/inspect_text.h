// What `atrous inspect` prints for people.
#pragma once

#include <optional>
#include <string>

#include "apps/atrous/inspect_arguments.h"
#include "apps/atrous/inspect_measure.h"

namespace atrous {

std::string text_of(const std::vector<BareChain>& chains);
// all: every layer and chain; otherwise those that matter for dilation.
std::string text_of(const Inspection& inspection, const std::optional<DilationCosts>& costs, bool all);
std::string text_of(const dilation::SuggestOptions& options, const dilation::Suggestions& suggestions);

}  // namespace atrous
