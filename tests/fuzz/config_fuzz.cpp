// A config from a stranger: what is accepted survives being written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "runtime/config.h"
#include "runtime/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    const std::string text(reinterpret_cast<const char*>(bytes), size);
    std::string accepted;
    try {
        accepted = atrous::to_json(atrous::parse_config(text, "fuzz.json"));
    } catch (const atrous::Error&) {
        return 0;
    }
    if (atrous::to_json(atrous::parse_config(accepted, "fuzz.json")) != accepted) std::abort();
    return 0;
}
