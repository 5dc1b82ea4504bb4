// The command line of an emitted program, by getopt_long().
#pragma once

#include <string>
#include <vector>

#include "apps/segment/options.h"

namespace atrous {

struct ProgramText {
    std::string name, about, example, version;
};

// Sets the options; false when help or the version was asked for and printed. Throws Error.
bool parse_program_options(const ProgramText& program, std::vector<Option> options, int count, char* const* arguments);

}  // namespace atrous
