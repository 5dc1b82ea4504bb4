#include "apps/atrous/picture_size.h"

#include <charconv>

#include "runtime/error.h"

namespace atrous {

PictureSize parse_size(const std::string& text) {
    const char *begin = text.data(), *end = begin + text.size();
    PictureSize size;
    const auto height = std::from_chars(begin, end, size.height);
    const bool separated = height.ec == std::errc() && height.ptr != end && *height.ptr == 'x';
    const auto width = separated ? std::from_chars(height.ptr + 1, end, size.width) : height;
    constexpr int largest = 1 << 16;
    const auto fits = [](int extent) { return extent >= 1 && extent <= largest; };
    if (!separated || width.ec != std::errc() || width.ptr != end || !fits(size.height) || !fits(size.width)) {
        throw Error("--size", "'" + text + "' is not a height and a width between 1 and 65536",
                    "write it like 480x640");
    }
    return size;
}

}  // namespace atrous
