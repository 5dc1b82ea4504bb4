// The one thing that is wanted of EXIF: the orientation, in the first directory of a TIFF structure.
#include <cstring>

#include "runtime/image_formats.h"

namespace atrous {
namespace {

constexpr uint16_t orientation_tag = 0x0112, type_short = 3, type_long = 4;
constexpr size_t entry_bytes = 12;

// Reads in the file's byte order; outside the block everything is 0.
struct Tiff {
    Bytes bytes;
    bool big_endian = false;

    uint32_t byte(uint64_t offset) const { return offset < bytes.size() ? bytes[offset] : 0; }
    uint32_t u16(uint64_t offset) const {
        const uint32_t first = byte(offset), second = byte(offset + 1);
        return big_endian ? first << 8 | second : second << 8 | first;
    }
    uint32_t u32(uint64_t offset) const {
        const uint32_t first = u16(offset), second = u16(offset + 2);
        return big_endian ? first << 16 | second : second << 16 | first;
    }
};

}  // namespace

int exif_orientation(Bytes exif) {
    constexpr char prefix[] = "Exif\0";  // and the zero that ends the literal
    if (exif.size() >= sizeof prefix && std::memcmp(exif.data(), prefix, sizeof prefix) == 0) {
        exif = exif.subspan(sizeof prefix);
    }
    if (exif.size() < 8) return 1;
    Tiff tiff{exif};
    tiff.big_endian = exif[0] == 'M' && exif[1] == 'M';
    if (!tiff.big_endian && !(exif[0] == 'I' && exif[1] == 'I')) return 1;
    if (tiff.u16(2) != 42) return 1;

    const uint64_t directory = tiff.u32(4);
    const uint32_t entries = tiff.u16(directory);
    for (uint32_t i = 0; i < entries; ++i) {
        const uint64_t entry = directory + 2 + i * entry_bytes;
        if (tiff.u16(entry) != orientation_tag) continue;
        const uint32_t type = tiff.u16(entry + 2);
        const uint32_t value = type == type_short ? tiff.u16(entry + 8) : type == type_long ? tiff.u32(entry + 8) : 1;
        return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    return 1;
}

}  // namespace atrous
