#include "runtime/network.h"

#include <cstdlib>
#include <cstring>

#include "runtime/network_cpu.h"

namespace atrous::network {

namespace {

int check_options(const atrous_options* options) {
    if (!options) return ATROUS_OK;
    if (options->bytes != sizeof(atrous_options) || options->threads < 0) return ATROUS_BAD_ARGUMENT;
    switch (options->device) {
    case ATROUS_DEVICE_AUTO:
    case ATROUS_DEVICE_CPU:
        return ATROUS_OK;
    case ATROUS_DEVICE_CUDA:
    case ATROUS_DEVICE_OPENCL:
        return ATROUS_NO_DEVICE;
    default:
        return ATROUS_BAD_ARGUMENT;
    }
}

// The best level that this CPU has, or the one asked for if it has that.
const Level* choose_level(const Parts& parts, const char* target) {
    const uint64_t features = cpu_features();
    for (uint64_t i = 0; i < parts.level_count; ++i) {
        const Level& level = parts.levels[i];
        const bool runs = (level.features & ~features) == 0;
        if (runs && (!target || std::strcmp(target, level.target) == 0)) return &level;
    }
    return nullptr;
}

// A network without inputs takes no array of them.
bool has_inputs(const atrous_net* net, const atrous_tensor* inputs) {
    return inputs || net->plan.header().inputs.count == 0;
}

const char* text_of(int code) {
    switch (code) {
    case ATROUS_OK:
        return "no error";
    case ATROUS_NO_MEMORY:
        return "there is not enough memory";
    case ATROUS_BAD_ARGUMENT:
        return "an argument is a null pointer or negative, or the options are not of this library's size";
    case ATROUS_BAD_SHAPE:
        return "a tensor's rank or size is not what this network declares, or the inputs are too small for it";
    case ATROUS_BAD_TYPE:
        return "a tensor's element type is not what this network declares";
    case ATROUS_NO_TARGET:
        return "this CPU lacks the instruction sets that the library was compiled for, or the target asked for is not "
               "in it";
    case ATROUS_TOO_LARGE:
        return "for these input sizes a tensor would have more than 2^31 - 1 elements, or exceed the address space";
    case ATROUS_KERNEL_FAILED:
        return "a kernel reported an error";
    case ATROUS_NO_DEVICE:
        return "the device asked for is not in this library";
    case ATROUS_BAD_WORKSPACE:
        return "the workspace is not aligned to 64 bytes";
    case ATROUS_BAD_PLAN:
        return "the library contradicts itself, which is a mistake in the compiler that made it";
    default:
        return "unknown error";
    }
}

}  // namespace

int open(const Parts& parts, const atrous_options* options, atrous_net** net) {
    if (!net) return ATROUS_BAD_ARGUMENT;
    *net = nullptr;
    if (const int error = check_options(options)) return error;
    const PlanView plan(parts.plan);
    if (!plan.is_valid()) return ATROUS_BAD_PLAN;
    const Level* level = choose_level(parts, options ? options->target : nullptr);
    if (!level) return ATROUS_NO_TARGET;
    void* memory = std::malloc(sizeof(atrous_net));
    if (!memory) return ATROUS_NO_MEMORY;
    *net = new (memory) atrous_net{parts, *level, plan, tables_of(plan)};
    return ATROUS_OK;
}

int output_shape(const atrous_net* net, const atrous_tensor* inputs, atrous_tensor* outputs) {
    if (!net || !has_inputs(net, inputs) || !outputs) return ATROUS_BAD_ARGUMENT;
    Block tables;
    if (!tables.allocate(net->tables.end)) return ATROUS_NO_MEMORY;
    ResolvedPlan plan(net->plan, net->tables, tables.get());
    if (const int error = plan.evaluate(inputs)) return error;
    return plan.shape_outputs(outputs);
}

int workspace_size(const atrous_net* net, const atrous_tensor* inputs, size_t* bytes) {
    if (!net || !has_inputs(net, inputs) || !bytes) return ATROUS_BAD_ARGUMENT;
    Block tables;
    if (!tables.allocate(net->tables.end)) return ATROUS_NO_MEMORY;
    ResolvedPlan plan(net->plan, net->tables, tables.get());
    if (const int error = plan.evaluate(inputs)) return error;
    if (const int error = plan.pack()) return error;
    *bytes = net->tables.end + plan.arena_bytes() + plan.slot_bytes();
    return ATROUS_OK;
}

// A workspace holds the plan's tables, the arena, and the first slot, in this order; without one, the last two are
// allocated when the tables say how large they are.
int run(const atrous_net* net, const atrous_tensor* inputs, const atrous_tensor* outputs, void* workspace,
        int threads) {
    if (!net || !has_inputs(net, inputs) || !outputs || threads < 0) return ATROUS_BAD_ARGUMENT;
    if (reinterpret_cast<uintptr_t>(workspace) % 64 != 0) return ATROUS_BAD_WORKSPACE;
    for (uint64_t i = 0; i < net->plan.header().inputs.count; ++i) {
        if (!inputs[i].data) return ATROUS_BAD_ARGUMENT;
    }
    Block own_tables, own_arena;
    if (!workspace && !own_tables.allocate(net->tables.end)) return ATROUS_NO_MEMORY;
    uint8_t* tables = workspace ? static_cast<uint8_t*>(workspace) : own_tables.get();
    ResolvedPlan plan(net->plan, net->tables, tables);
    if (const int error = plan.evaluate(inputs)) return error;
    if (const int error = plan.check_outputs(outputs)) return error;
    if (const int error = plan.pack()) return error;
    if (!workspace && !own_arena.allocate(plan.arena_bytes() + plan.slot_bytes())) return ATROUS_NO_MEMORY;
    uint8_t* arena = workspace ? tables + net->tables.end : own_arena.get();
    const Memory memory{inputs, outputs, net->parts.weights, arena, arena + plan.arena_bytes()};
    if (const int error = plan.bind(memory)) return error;
    Threads pool(threads == 0 ? available_cpus() : threads);
    return plan.call(net->level.kernels, pool);
}

void close(atrous_net* net) {
    std::free(net);
}

const char* message(const Parts& parts, int code) {
    const PlanView plan(parts.plan);
    const int64_t constraint = int64_t(ATROUS_CONSTRAINT) - code;
    if (constraint < 0 || !plan.is_valid() || uint64_t(constraint) >= plan.header().constraints.count) {
        return text_of(code);
    }
    return plan.string(plan.constraints()[constraint].message);
}

}  // namespace atrous::network
