// Chooses a schedule for a kernel on a target, and compiles it. The table in registry.cpp is asked in order; a rule may
// decline; fallback/ is last and takes everything. No Halide in here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "generators/kernel_spec.h"

namespace atrous {

// The packing that the schedules of `target` (a Halide target string) want for this operator: what the compiler should
// ask for. `channels_in` and `channels_out` count per group.
Packing preferred_packing(const ConvSpec&, int64_t channels_in, int64_t channels_out, int64_t groups,
                          std::string_view target);

// Whether a planar kernel should take its filters in blocks, so that plans for CPUs and GPUs share them.
bool wants_blocked_filters(const ConvSpec&, std::string_view target);

// Whether the transforms and products of Winograd convolution are fast on `target`.
bool has_winograd_schedules(std::string_view target);
// Up to how many taps for an output (kernel area / stride area) a PhasedConvSpec is faster than a kernel for each
// phase, some in Winograd's domain, between planar tensors; 0: never.
double most_phased_taps(std::string_view target);
// How many of hint.width tiles a panel should have (BatchedGemmSpec): as suits the target, and, if it is not the only
// level, register tiles of 2 or 3 as well.
int panel_tiles(const SizeHint& hint, std::string_view target, bool only_level = true);
// How many tiles the product does at a time where a panel has hint.width; it takes any multiple for a panel.
int tiles_at_a_time(const BatchedGemmSpec&, const SizeHint& hint, std::string_view target);

// What choosing among algorithms needs to know of a target's cores.
struct Core {
    int products_per_cycle = 1;                // as in layout.h
    int narrowest_tile = 5, widest_tile = 12;  // pixels or tiles in a register tile
    double traffic = 1;                        // what a byte costs beside a product, where Zen 4 has 1
    double shared_cache = 8 << 20;             // bytes that neighbours leave of it
    // Of a tile in Winograd's domain, along an axis and in all.
    int most_axis_elements = 8, most_elements = 64;
    bool fetches_ahead = false;  // WinogradFetchSpec pays, and BatchedGemmSpec's far
    bool by_element = false;     // products in Winograd's domain lie by element (BatchedGemmSpec)
};
Core core_of(std::string_view target);

// The name of the kernel that the registry would make: name_of(spec), then what the schedule decided from the hint
// ("_t14x2"). Kernels of equal names are equal.
std::string kernel_name(const KernelSpec&, const SizeHint&, std::string_view target);

// Which rule takes it, for tables shown to users: "x86/conv", "fallback/resize".
std::string schedule_name(const KernelSpec&, const SizeHint&, std::string_view target);

// Every legal tuning of a kernel, its own schedule's choice first; only that one where there is nothing to decide.
std::vector<Tuning> legal_tunings(const KernelSpec&, const SizeHint&, std::string_view target);
// Whether the hint's tuning is one of them, as far as it decides.
bool is_legal_tuning(const KernelSpec&, const SizeHint&, std::string_view target);

struct KernelFiles {
    std::string object;                // .o to write
    std::string assembly, statements;  // written when not empty
    std::string symbol;  // the entry is `int SYMBOL_argv(void** args)`: args[0] → the user context pointer, then one
                         // per argument (a halide_buffer_t*, or a pointer to an int32_t or float)
    std::string device_code = {};  // PTX or OpenCL C, for a GPU target; written when not empty
};

// Compiles with Halide in this process. Throws Error; LLVM may abort, so call it in a child process. The object is made
// without runtime, asserts and bounds queries: its only undefined symbols are halide_do_par_for and functions of libm.
// For a GPU they are those of Halide's runtime that start kernels there; what fails there reaches that runtime's error
// handler, and is not returned.
void compile_kernel(const KernelSpec&, const SizeHint&, const std::string& target, const KernelFiles&);

// What an autoscheduler is told about an argument of a kernel: a buffer's extents, innermost first, or a number.
struct ArgumentEstimate {
    std::vector<int64_t> extents;
    double value = 0;
};

// Halide's autoscheduler in the place of our schedules. With none, nothing else counts.
struct Autoscheduling {
    std::string autoscheduler;                // "Adams2019"
    std::vector<ArgumentEstimate> estimates;  // in the order of the spec's arguments, the output's last

    explicit operator bool() const { return !autoscheduler.empty(); }
    std::string text() const;  // all of it: equal specs, hints and texts give equal kernels
};

// Throws Error unless it is one for CPUs, whose plugin can be found and loaded. Returns the name.
std::string check_autoscheduler(const std::string& name);

// The same by an autoscheduler, which check_autoscheduler has seen, in a child process: it changes the environment.
// Throws Error where it cannot do it; it may also abort, or take very long. The object calls the functions of
// runtime/kernel_heap.cpp besides.
void autoschedule_kernel(const KernelSpec&, const SizeHint&, const std::string& target, const Autoscheduling&,
                         const KernelFiles&);

// Halide's runtime for GPUs, which their kernels call, as an object file. Throws Error.
void compile_gpu_runtime(const std::string& object);

// Throws Error when `target` ("host", "x86-64-linux-avx2-fma") is not one this build can make kernels for. Returns it
// spelled out ("host" resolved, features that imply others completed).
std::string canonical_target(std::string_view target);
std::string host_target();
// The features in `target` that no kernel makes use of, ", " between them.
std::string unused_features(std::string_view target);

// Changes whenever algorithms or schedules do: part of every cache key. And the Halide and LLVM versions.
std::string_view schedules_version();
std::string halide_version();
std::string llvm_version();

}  // namespace atrous
