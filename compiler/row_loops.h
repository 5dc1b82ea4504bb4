// Which convolutions are done row by row, one after the other, so that what is between them never leaves the cache.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/size.h"

namespace atrous {

class Lowering;

// A convolution, then 1×1 convolutions each of which alone reads the one before.
struct RowLoop {
    std::vector<uint32_t> nodes;
    bool packs = false;    // the first one's input is packed row by row, too
    bool unpacks = false;  // the last one's output is unpacked row by row, too
    Size rows;             // that the first one, or each of its phases, makes in an iteration
    Size rows_out;         // of what each of them makes then: as many, or all phases' together
    Size iterations;
};

struct RowLoops {
    std::vector<RowLoop> loops;
    std::vector<std::optional<uint32_t>> of_node;  // by node: index of its loop
};

// The largest power of two, up to `most`, that divides the height.
Size rows_at_a_time(const Size& height, int64_t most);

RowLoops find_row_loops(const Lowering& to);

}  // namespace atrous
