// The assembler files that hold what network_parts.h describes. Big data comes in by .incbin, relative to the work
// folder.
#include <sstream>

#include "compiler/emit.h"
#include "compiler/level.h"
#include "runtime/abi.h"

namespace atrous {

namespace {

// An object without this note makes the program's stack executable.
constexpr const char* stack_note = "    .section .note.GNU-stack,\"\",%progbits\n";

void write_blob(std::ostream& out, const std::string& label, const std::string& file) {
    out << "    .balign 64\n" << label << ":\n    .incbin \"" << file << "\"\n    .byte 0\n";
}

// Of runtime/network_device.h; 0: kernels run on the CPU.
const char* device_symbol(const std::string& target) {
    switch (device_of(target)) {
    case ATROUS_DEVICE_CUDA:
        return "atrous_device_cuda";
    case ATROUS_DEVICE_OPENCL:
        return "atrous_device_opencl";
    default:
        return "0";
    }
}

}  // namespace

std::string plan_file(size_t plan) {
    return "plan_" + std::to_string(plan) + ".bin";
}

std::string tables_text(const Emission& emission) {
    std::ostringstream out;
    out << "    .section .rodata,\"a\",%progbits\n";
    for (size_t plan = 0; plan < emission.plans.size(); ++plan)
        write_blob(out, "plan_" + std::to_string(plan), plan_file(plan));
    write_blob(out, "info", "info.json");
    for (size_t level = 0; level < emission.targets.size(); ++level) {
        out << "target_" << level << ":\n    .asciz \"" << emission.targets[level] << "\"\n";
    }
    // Pointers: read-only once the dynamic linker has filled them in.
    out << "    .section .data.rel.ro,\"aw\",%progbits\n    .balign 64\n";
    for (size_t level = 0; level < emission.targets.size(); ++level) {
        out << "kernels_" << level << ":\n";
        for (const std::string& symbol : emission.symbols[level]) out << "    .quad " << symbol << "\n";
    }
    out << "levels:\n";
    for (size_t level = 0; level < emission.targets.size(); ++level) {
        const std::string& target = emission.targets[level];
        out << "    .quad target_" << level << ", " << cpu_features_of(target) << ", plan_" << emission.plan_of[level]
            << ", kernels_" << level << ", " << device_symbol(target) << ", " << device_version_of(target) << "\n";
    }
    out << "    .globl atrous_parts\n    .hidden atrous_parts\n    .type atrous_parts, %object\n"
        << "    .size atrous_parts, 32\natrous_parts:\n"
        << "    .quad " << emission.name << "_weights, info, levels, " << emission.targets.size() << "\n"
        << "    .hidden " << emission.name << "_weights\n"
        << stack_note;
    return out.str();
}

std::string weights_text(const Emission& emission) {
    const std::string symbol = emission.name + "_weights";
    std::ostringstream out;
    out << "    .section .rodata,\"a\",%progbits\n"
        << "    .globl " << symbol << "\n    .hidden " << symbol << "\n    .type " << symbol << ", %object\n"
        << "    .size " << symbol << ", " << emission.weights.size() << "\n";
    write_blob(out, symbol, "weights.bin");
    out << stack_note;
    return out.str();
}

}  // namespace atrous
