// The verbs' command lines, by CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <vector>

#include "apps/segment/options.h"

namespace atrous {

void add_options(CLI::App& app, const std::vector<Option>& options);

// Parses; true when the verb is to run, false when help or the version was asked for and printed. Throws Error in our
// own words for what CLI11 refuses.
bool parse_arguments(CLI::App& app, int count, const char* const* arguments);

}  // namespace atrous
