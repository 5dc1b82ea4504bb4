// What the decoders of the single formats and image.cpp agree on. Inside the runtime only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "runtime/image.h"

namespace atrous {

using Bytes = std::span<const uint8_t>;

// A picture as it is stored, and how it is to be turned (EXIF orientation, 1 … 8).
struct Decoded {
    Image image;
    int orientation = 1;
};

// `file` is the whole file, `name` what errors call it. Each checks the size in the header against the limits before
// it allocates pixels. Throw Error.
Decoded decode_png(Bytes file, const std::string& name, const ReadLimits& limits);
Decoded decode_jpeg(Bytes file, const std::string& name, const ReadLimits& limits);
Decoded decode_webp(Bytes file, const std::string& name, const ReadLimits& limits);

// An image of that size with its pixels allocated; refused with an Error when the limits forbid it.
Image make_image(int64_t width, int64_t height, int channels, int bits, const std::string& name,
                 const ReadLimits& limits);

// "NAME: the PNG is broken: PROBLEM; replace the file or leave it out"
[[noreturn]] void throw_broken(const std::string& name, const char* format, const std::string& problem);
// The same with ", at byte 17 of 204" after the problem.
[[noreturn]] void throw_broken(const std::string& name, const char* format, const std::string& problem, size_t position,
                               size_t size);

// The orientation in an EXIF block (a TIFF file, after an optional "Exif\0\0"); 1 when there is none that makes sense.
int exif_orientation(Bytes exif);

}  // namespace atrous
