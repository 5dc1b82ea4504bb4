// What dilation costs: each dilated convolution timed on this machine as it is, and as if its rate were 1.
#pragma once

#include <map>

#include "apps/atrous/inspect_arguments.h"
#include "apps/segment/console.h"

namespace atrous {

struct DilationCost {
    double seconds = 0, dense_seconds = 0;  // medians
    double ratio() const { return seconds / dense_seconds; }
};

struct DilationCosts {
    std::map<size_t, DilationCost> layers;  // by layer of the inspection; layers without dilation are missing
    int threads = 1;
    DilationCost total() const;
};

// Compiles each distinct layer by itself (kept in the cache), and runs the two in turns. Throws Error, Interrupted.
DilationCosts measure_dilation(const Inspection& inspection, const MeasureOptions& options, Console& console);

}  // namespace atrous
