// A model from a stranger: read, checked, folded and lowered to a plan, or refused with an Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "compiler/import.h"
#include "compiler/lower.h"
#include "runtime/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    try {
        atrous::LowerOptions options;
        options.targets = {"x86-64-linux-avx-avx2-f16c-fma-sse41"};
        const std::string_view model(reinterpret_cast<const char*>(bytes), size);
        atrous::lower(atrous::import_onnx_bytes(model, "fuzz.onnx"), options);
    } catch (const atrous::Error&) {
    }
    return 0;
}
