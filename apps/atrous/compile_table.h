// What `atrous compile` prints: operators, then files and sizes.
#pragma once

#include <string>

#include "compiler/compile.h"

namespace atrous {

// Long lists of operators are summed up by kind and schedule, unless `all`.
std::string compile_table(const CompileReport& report, bool all);

}  // namespace atrous
