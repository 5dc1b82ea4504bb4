// Pictures in, masks out: what `atrous segment` and emitted programs do.
#pragma once

#include <cstdio>
#include <string>

#include "apps/segment/console.h"
#include "apps/segment/options.h"
#include "apps/segment/pool.h"
#include "runtime/library.h"

namespace atrous {

// Exit code 0, or 1 when some inputs failed (each is named on the console). Throws Error for what makes the run
// pointless: a network that does not segment, inputs that collide, no room for results. An interrupt ends the whole
// process from here, so that it need not wait for a network that runs; files and manifest are whole by then.
int segment(const OpenNetwork& network, const std::string& subject, const SegmentOptions& options, std::FILE* list,
            Console& console, Pool& pool);

}  // namespace atrous
