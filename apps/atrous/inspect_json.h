// `atrous inspect --json`; documented in docs/cli.md.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "apps/atrous/inspect_arguments.h"
#include "apps/atrous/inspect_measure.h"

namespace atrous {

nlohmann::ordered_json json_of(const std::vector<BareChain>& chains);  // one: an object; several: {"chains": [...]}
nlohmann::ordered_json json_of(const Inspection& inspection, const std::optional<DilationCosts>& costs);
nlohmann::ordered_json json_of(const dilation::SuggestOptions& options, const dilation::Suggestions& suggestions);

}  // namespace atrous
