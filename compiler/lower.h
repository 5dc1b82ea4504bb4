// From the network to what is emitted: passes, layouts, halos, kernel calls, memory plan, repacked weights. The second
// half of the compiler, after import and before kernels are compiled.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "compiler/ir.h"
#include "generators/kernel_spec.h"
#include "schedules/algorithm.h"
#include "schedules/registry.h"

namespace atrous {

class TuningRecord;
class WeightStore;

struct LowerOptions {
    std::vector<std::string> targets;  // Halide target strings that kernels will be made for, canonical; for CPUs or
                                       // for GPUs, which have different plans
    int height = 0, width = 0;         // the size to optimise for, where the network leaves it free; 0: 320
    WinogradPolicy winograd = WinogradPolicy::automatic;
    bool keep_all = false;                 // every float value becomes an output under its ONNX name
    WeightStore* weights = nullptr;        // where weights go that several plans share; null: into the lowered network
    std::string autoscheduler;             // Halide's, that is to schedule kernels; empty: ours do
    const TuningRecord* tuning = nullptr;  // what was measured for operators; null: nothing
};

struct LoweredKernel {
    KernelSpec spec;
    SizeHint hint;
    Autoscheduling autoscheduling;
};

struct LoweredNetwork {
    std::vector<uint8_t> plan;           // the blob of runtime/plan.h
    std::vector<LoweredKernel> kernels;  // kernel k of the plan's steps; no two have the same name on every target
    std::vector<uint8_t> weights;        // see weight_store.h; empty where they went into another
    std::vector<OperatorRow> operators;  // one per operator that is left after fusion, in execution order
};

// Throws Error, naming the model's file and the node, where an operator has no kernel for its shape or element type.
LoweredNetwork lower(Network network, const LowerOptions& options);

// The plan as text, one line per tensor, step and view: for tests and for reading.
std::string plan_text(const LoweredNetwork& network);

}  // namespace atrous
