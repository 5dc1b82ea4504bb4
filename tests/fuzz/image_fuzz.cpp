// A picture file from a stranger: decoded, or refused with an Error.
#include <cstddef>
#include <cstdint>

#include "runtime/error.h"
#include "runtime/image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    try {
        atrous::ReadLimits limits;
        limits.max_pixels = 1 << 20;
        atrous::decode_image(bytes, size, "fuzz", limits);
    } catch (const atrous::Error&) {
    }
    return 0;
}
