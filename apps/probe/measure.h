// A network's times on this machine, operator by operator, on numbers that say nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "apps/atrous/picture_size.h"
#include "runtime/library.h"

namespace atrous {

struct ProbeOptions {
    NetworkChoice network;
    PictureSize size{320, 320};  // of the last two dimensions where they are free; other free ones are 1
    int threads = 1, repeat = 5;
    uint64_t seed = 0;
};

// Inputs are uniform numbers in [-1, 1), integers zeros. A first run warms up. The result is JSON in one line: target,
// threads, opened (seconds), seconds (of each run), operators (name and seconds of each run), outputs (of each in
// float32: its root mean square, and its projection on a fixed vector of signs over the root of its size), machine
// (what it ran on calls itself: the GPU or the CPU). Throws Error.
std::string measure(const std::shared_ptr<const Library>& library, const ProbeOptions& options);

}  // namespace atrous
