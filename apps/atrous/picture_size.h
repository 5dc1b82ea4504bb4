// --size HxW.
#pragma once

#include <string>

namespace atrous {

struct PictureSize {
    int height = 0, width = 0;
};

// "480x640" → 480, 640. Throws Error.
PictureSize parse_size(const std::string& text);

}  // namespace atrous
