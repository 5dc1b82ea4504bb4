#include "runtime/image.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>
#include <system_error>

#include "runtime/error.h"
#include "runtime/image_formats.h"
#include "runtime/input_file.h"

namespace atrous {
namespace {

using namespace std::string_literals;

// How the formats begin. The ones that are not read are here to be named in the error.
enum class Format { png, jpeg, webp, other };

struct Signature {
    Format format;
    const char* name;
    size_t offset;
    std::string_view bytes;
};

using namespace std::string_view_literals;
constexpr std::array signatures{
    Signature{Format::png, "PNG", 0, "\x89PNG\r\n\x1a\n"sv},
    Signature{Format::jpeg, "JPEG", 0, "\xff\xd8\xff"sv},
    Signature{Format::webp, "WebP", 8, "WEBP"sv},
    Signature{Format::other, "GIF", 0, "GIF8"sv},
    Signature{Format::other, "TIFF", 0, "II*\0"sv},
    Signature{Format::other, "TIFF", 0, "MM\0*"sv},
    Signature{Format::other, "BMP", 0, "BM"sv},
    Signature{Format::other, "AVIF", 4, "ftypavif"sv},
    Signature{Format::other, "HEIC", 4, "ftypheic"sv},
    Signature{Format::other, "JPEG XL", 0, "\xff\x0a"sv},
    Signature{Format::other, "JPEG XL", 4, "JXL "sv},
    Signature{Format::other, "JPEG 2000", 4, "jP  "sv},
    Signature{Format::other, "PDF", 0, "%PDF"sv},
    Signature{Format::other, "OpenEXR", 0, "\x76\x2f\x31\x01"sv},
};
constexpr size_t longest_signature = 12;

const Signature* find_signature(Bytes head) {
    for (const Signature& signature : signatures) {
        const size_t end = signature.offset + signature.bytes.size();
        if (head.size() >= end &&
            std::memcmp(head.data() + signature.offset, signature.bytes.data(), signature.bytes.size()) == 0) {
            return &signature;
        }
    }
    return nullptr;
}

[[noreturn]] void throw_unreadable(const std::filesystem::path& file, int error) {
    throw Error(file.string(), "cannot be read ("s + std::strerror(error) + ")", "check the path and its permissions");
}

// Nothing sensible is larger: 16-bit RGBA, not compressed, and metadata.
int64_t largest_file(const ReadLimits& limits) {
    constexpr int64_t metadata = int64_t{256} << 20;
    const int64_t pixels = std::clamp<int64_t>(limits.max_pixels, 0, int64_t{1} << 58);
    return pixels * 8 + metadata;
}

std::vector<uint8_t> read_whole(const std::filesystem::path& file, const ReadLimits& limits) {
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    if (error) throw_unreadable(file, error.value());
    if (std::filesystem::is_directory(status)) {
        throw Error(file.string(), "is a folder, a picture was expected", "name a file");
    }
    if (!std::filesystem::is_regular_file(status)) {
        throw Error(file.string(), "is a device or a pipe, a picture file was expected", "name a file");
    }
    const auto size = std::filesystem::file_size(file, error);
    if (error) throw_unreadable(file, error.value());
    if (size > static_cast<uint64_t>(largest_file(limits))) {
        throw Error(file.string(),
                    "has " + std::to_string(size) + " bytes, more than any picture of " +
                        std::to_string(limits.max_pixels) + " pixels needs",
                    "allow more pixels if it really is a picture");
    }
    errno = 0;
    InputFile input(file);
    if (!input.is_open()) throw_unreadable(file, errno != 0 ? errno : EIO);
    std::vector<uint8_t> bytes(size);
    const size_t count = input.read(bytes.data(), bytes.size());
    if (input.failed()) throw_unreadable(file, EIO);
    bytes.resize(count);
    return bytes;
}

std::string hexadecimal(Bytes bytes) {
    std::string text;
    for (const uint8_t byte : bytes) {
        if (!text.empty()) text += ' ';
        for (const int digit : {byte >> 4, byte & 15}) text += "0123456789abcdef"[digit];
    }
    return text;
}

[[noreturn]] void throw_not_a_picture(Bytes file, const std::string& name) {
    if (file.empty()) {
        throw Error(name, "is empty, a PNG, JPEG or WebP picture was expected", "replace the file or leave it out");
    }
    if (const Signature* known = find_signature(file)) {
        throw Error(name, "is a "s + known->name + " file, a PNG, JPEG or WebP picture was expected",
                    "convert it first");
    }
    throw Error(name,
                "is not a PNG, JPEG or WebP picture (it begins with the bytes " +
                    hexadecimal(file.first(std::min<size_t>(file.size(), 8))) + ")",
                "leave it out, or convert it first");
}

// Pixel (x, y) of the upright picture is pixel (origin + x · right + y · down) of the stored one.
struct Turn {
    ptrdiff_t origin, right, down;
};

Turn turn_of(int orientation, ptrdiff_t width, ptrdiff_t height) {
    const ptrdiff_t last_column = width - 1, last_row = (height - 1) * width;
    switch (orientation) {
    case 2:
        return {last_column, -1, width};  // mirrored
    case 3:
        return {last_row + last_column, -1, -width};  // upside down
    case 4:
        return {last_row, 1, -width};  // upside down, mirrored
    case 5:
        return {0, width, 1};  // rows are columns
    case 6:
        return {last_row, -width, 1};  // to be turned clockwise
    case 7:
        return {last_row + last_column, -width, -1};  // rows are columns, upside down
    case 8:
        return {last_column, width, -1};  // to be turned counter-clockwise
    default:
        return {0, 1, width};
    }
}

template <size_t pixel_bytes>
void copy_turned(const uint8_t* from, Image& to, const Turn& turn) {
    uint8_t* out = to.pixels.data();
    for (ptrdiff_t y = 0; y < to.height; ++y) {
        ptrdiff_t source = turn.origin + y * turn.down;
        for (int x = 0; x < to.width; ++x, source += turn.right, out += pixel_bytes) {
            std::memcpy(out, from + source * static_cast<ptrdiff_t>(pixel_bytes), pixel_bytes);
        }
    }
}

Image upright(Decoded decoded) {
    Image& stored = decoded.image;
    if (decoded.orientation == 1) return std::move(stored);
    Image image{
        stored.width,         stored.height, stored.channels, stored.bits, std::vector<uint8_t>(stored.pixels.size()),
        std::move(stored.icc)};
    if (decoded.orientation >= 5) std::swap(image.width, image.height);
    const Turn turn = turn_of(decoded.orientation, stored.width, stored.height);
    const uint8_t* from = stored.pixels.data();
    switch (stored.channels * stored.bits / 8) {
    case 1:
        copy_turned<1>(from, image, turn);
        break;
    case 2:
        copy_turned<2>(from, image, turn);
        break;
    case 3:
        copy_turned<3>(from, image, turn);
        break;
    case 4:
        copy_turned<4>(from, image, turn);
        break;
    case 6:
        copy_turned<6>(from, image, turn);
        break;
    default:
        copy_turned<8>(from, image, turn);
        break;
    }
    return image;
}

Decoded decode(Bytes file, const std::string& name, const ReadLimits& limits) {
    const Signature* signature = find_signature(file);
    switch (signature != nullptr ? signature->format : Format::other) {
    case Format::png:
        return decode_png(file, name, limits);
    case Format::jpeg:
        return decode_jpeg(file, name, limits);
    case Format::webp:
        return decode_webp(file, name, limits);
    default:
        throw_not_a_picture(file, name);
    }
}

}  // namespace

Image make_image(int64_t width, int64_t height, int channels, int bits, const std::string& name,
                 const ReadLimits& limits) {
    if (width <= 0 || height <= 0) throw Error(name, "has no pixels", "replace the file or leave it out");
    if (width * height > limits.max_pixels) {
        throw Error(name,
                    "has " + std::to_string(width) + "×" + std::to_string(height) + " = " +
                        std::to_string(width * height) + " pixels, more than the " + std::to_string(limits.max_pixels) +
                        " allowed",
                    "allow more with --max-pixels");
    }
    Image image{static_cast<int>(width), static_cast<int>(height), channels, bits, {}, {}};
    image.pixels.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * channels * (bits / 8));
    return image;
}

void throw_broken(const std::string& name, const char* format, const std::string& problem) {
    throw Error(name, "the "s + format + " is broken: " + problem, "replace the file or leave it out");
}

void throw_broken(const std::string& name, const char* format, const std::string& problem, size_t position,
                  size_t size) {
    throw_broken(name, format, problem + ", at byte " + std::to_string(position) + " of " + std::to_string(size));
}

Image read_image(const std::filesystem::path& file, const ReadLimits& limits) {
    const std::string name = file.string();
    try {
        const std::vector<uint8_t> bytes = read_whole(file, limits);
        return decode_image(bytes.data(), bytes.size(), name, limits);
    } catch (const std::bad_alloc&) {
        throw Error(name, "the picture needs more memory than there is", "allow fewer pixels with --max-pixels");
    }
}

Image decode_image(const uint8_t* bytes, size_t size, const std::string& name, const ReadLimits& limits) {
    try {
        return upright(decode({bytes, size}, name, limits));
    } catch (const std::bad_alloc&) {
        throw Error(name, "the picture needs more memory than there is", "allow fewer pixels with --max-pixels");
    } catch (const std::length_error&) {
        throw Error(name, "the picture needs more memory than there is", "allow fewer pixels with --max-pixels");
    }
}

bool looks_like_image(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) return false;
    InputFile input(file);
    std::array<uint8_t, longest_signature> head{};
    const Bytes bytes(head.data(), input.read(head.data(), head.size()));
    const Signature* signature = find_signature(bytes);
    return signature != nullptr && signature->format != Format::other;
}

}  // namespace atrous
