// Picture files: reading PNG, JPEG and WebP, writing PNG, resampling as Pillow does. Pixels are interleaved, row-major,
// top row first. Errors are thrown as Error and name the file; nothing is printed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace atrous {

// 8 or 16 bits per sample (16-bit samples in native byte order), 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGBA) samples
// a pixel. Palettes are expanded, tRNS becomes alpha, EXIF orientation is applied.
struct Image {
    int width = 0, height = 0, channels = 0, bits = 8;
    std::vector<uint8_t> pixels;  // width · height · channels · bits/8 bytes
    std::vector<uint8_t> icc;     // colour profile, may be empty
};

struct ReadLimits {
    int64_t max_pixels = int64_t{1} << 28;  // width × height above this is refused before anything is allocated
};

// By content, not by name. Throws Error: not a picture, broken (what and where), larger than allowed.
Image read_image(const std::filesystem::path& file, const ReadLimits& limits = {});
Image decode_image(const uint8_t* bytes, size_t size, const std::string& name, const ReadLimits& limits = {});

// Whether the file begins like a picture that read_image knows. False when it cannot be opened.
bool looks_like_image(const std::filesystem::path& file);

// PNG bytes in memory: gray, gray-alpha, RGB, RGBA at 8 or 16 bits; the profile goes into iCCP.
std::vector<uint8_t> encode_png(const Image& image);
// One palette index per pixel, as an 8-bit palette PNG (at most 256 colours, "#rrggbb" as 0xrrggbb).
std::vector<uint8_t> encode_palette_png(const std::vector<uint8_t>& labels, int width, int height,
                                        const std::vector<uint32_t>& palette);

// Writes whole or not at all: a temporary file in the same folder, flushed, then renamed. Throws Error (no room, no
// permission).
void write_file(const std::filesystem::path& file, const void* bytes, size_t size);

enum class Filter { nearest, bilinear, lanczos };

// The part of a picture that is resampled, in pixels; its edges may cut through pixels. Pillow's `box`, in its
// precision.
struct Box {
    float left = 0, top = 0, right = 0, bottom = 0;
};

// Pillow 13's Image.resize for 8-bit images (16-bit ones are reduced to 8 first, but for nearest), bit for bit:
// antialiased when shrinking, horizontal pass first unless the height loses far more, weights in 22-bit fixed point,
// each pass rounded to 8 bits, a pass that changes nothing left out. Every channel by itself, alpha too. Nearest takes
// the pixel at floor((x + 0.5) · scale).
Image resize(const Image& image, int width, int height, Filter filter);
Image resize(const Image& image, int width, int height, Filter filter, const Box& box);
// The same filters on one plane of floats (Pillow's mode F).
std::vector<float> resize(const std::vector<float>& plane, int width, int height, int new_width, int new_height,
                          Filter filter);
std::vector<float> resize(const std::vector<float>& plane, int width, int height, int new_width, int new_height,
                          Filter filter, const Box& box);

Image to_eight_bits(const Image& image);  // 16-bit samples scaled by 255/65535, rounded; 8-bit unchanged
Image to_channels(
    const Image& image,
    int channels);  // 1: luma as Pillow's convert("L"), 3: gray repeated; alpha dropped for 1 and 3, opaque added for 4

}  // namespace atrous
