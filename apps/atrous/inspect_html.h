// The report of `atrous inspect --html`: one file that needs nothing else, for wide and narrow screens, light and dark.
#pragma once

#include <optional>
#include <string>

#include "apps/atrous/inspect_arguments.h"
#include "apps/atrous/inspect_measure.h"

namespace atrous {

std::string html_of(const std::vector<BareChain>& chains);
std::string html_of(const Inspection& inspection, const std::optional<DilationCosts>& costs);

}  // namespace atrous
