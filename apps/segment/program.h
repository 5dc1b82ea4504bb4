// The frame around main(): what is thrown becomes a message and an exit code.
#pragma once

#include <functional>

#include "apps/segment/console.h"

namespace atrous {

int run_program(Console& console, const std::function<int()>& body);

}  // namespace atrous
