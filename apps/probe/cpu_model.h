// What this machine calls its processor.
#pragma once

#include <string>

namespace atrous {

// As /proc/cpuinfo tells it or, on boards, the device tree tells the board; empty where neither does.
std::string cpu_model();

}  // namespace atrous
