#include "runtime/network.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "runtime/network_cpu.h"
#include "runtime/network_numbers.h"

namespace atrous::network {

namespace {

int check_options(const atrous_options* options) {
    if (!options) return ATROUS_OK;
    const bool valid = options->bytes == sizeof(atrous_options) && options->threads >= 0 &&
                       options->device >= ATROUS_DEVICE_AUTO && options->device <= ATROUS_DEVICE_OPENCL;
    return valid ? ATROUS_OK : ATROUS_BAD_ARGUMENT;
}

int32_t device_of(const Level& level) {
    return level.device ? level.device->kind : int32_t{ATROUS_DEVICE_CPU};
}

int open_level(const Parts& parts, const Level& level, bool asked, int constraint_base, atrous_net** net) {
    const PlanView plan(level.plan);
    if (!plan.is_valid()) return ATROUS_BAD_PLAN;
    if ((level.features & ~cpu_features()) != 0) return ATROUS_NO_TARGET;
    DeviceNet* on_device = nullptr;
    if (level.device) {
        if (const int error = level.device->open(level, parts, asked, &on_device)) return error;
    }
    void* memory = std::malloc(sizeof(atrous_net));
    if (!memory) {
        if (on_device) level.device->close(on_device);
        return ATROUS_NO_MEMORY;
    }
    *net = new (memory) atrous_net{parts, level, constraint_base, plan, tables_of(plan), on_device};
    return ATROUS_OK;
}

// Calls body(level, base) for each until it returns true. Plans have constraints of their own, whose codes follow one
// another: `base` is what is added to those of the level's plan.
template <class Body>
void for_levels(const Parts& parts, Body body) {
    int base = 0;
    for (uint64_t i = 0; i < parts.level_count; ++i) {
        const Level& level = parts.levels[i];
        if (i > 0 && level.plan != parts.levels[i - 1].plan && PlanView(parts.levels[i - 1].plan).is_valid()) {
            base -= static_cast<int>(PlanView(parts.levels[i - 1].plan).header().constraints.count);
        }
        if (body(level, base)) return;
    }
}

int evaluate(const atrous_net* net, ResolvedPlan& plan, const atrous_tensor* inputs) {
    const int error = plan.evaluate(inputs);
    return error <= ATROUS_CONSTRAINT ? error + net->constraint_base : error;
}

int pack(const atrous_net* net, ResolvedPlan& plan) {
    return plan.pack(net->level.device ? net->level.device->tensor_grain : cache_line);
}

// What of a workspace is not for the plan's tables. A GPU's memory is its own.
uint64_t host_bytes(const atrous_net* net, const ResolvedPlan& plan) {
    return net->level.device ? 0 : plan.arena_bytes() + plan.slot_bytes();
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
    case ATROUS_DEVICE_ABSENT:
        return "the device cannot be used";
    case ATROUS_DEVICE_MEMORY:
        return "there is not enough memory on the device";
    case ATROUS_DEVICE_FAILED:
        return "the device reported an error";
    case ATROUS_BAD_WORKSPACE:
        return "the workspace is not aligned to 64 bytes";
    case ATROUS_BAD_PLAN:
        return "the library contradicts itself, which is a mistake in the compiler that made it";
    default:
        return "unknown error";
    }
}

}  // namespace

// The first level that is wanted and works. Where none does, the error is that of the last one: those for CPUs are at
// the end.
int open(const Parts& parts, const atrous_options* options, atrous_net** net) {
    if (!net) return ATROUS_BAD_ARGUMENT;
    *net = nullptr;
    if (const int error = check_options(options)) return error;
    const int32_t device = options ? options->device : int32_t{ATROUS_DEVICE_AUTO};
    const char* target = options ? options->target : nullptr;
    int error = device == ATROUS_DEVICE_AUTO || device == ATROUS_DEVICE_CPU ? ATROUS_NO_TARGET : ATROUS_NO_DEVICE;
    for_levels(parts, [&](const Level& level, int base) {
        if (device != ATROUS_DEVICE_AUTO && device_of(level) != device) return false;
        if (target && std::strcmp(target, level.target) != 0) return false;
        error = open_level(parts, level, target || device != ATROUS_DEVICE_AUTO, base, net);
        return error == ATROUS_OK || error == ATROUS_BAD_PLAN;
    });
    return error;
}

int output_shape(const atrous_net* net, const atrous_tensor* inputs, atrous_tensor* outputs) {
    if (!net || !has_inputs(net, inputs) || !outputs) return ATROUS_BAD_ARGUMENT;
    Block tables;
    if (!tables.allocate(net->tables.end)) return ATROUS_NO_MEMORY;
    ResolvedPlan plan(net->plan, net->tables, tables.get());
    if (const int error = evaluate(net, plan, inputs)) return error;
    return plan.shape_outputs(outputs);
}

int workspace_size(const atrous_net* net, const atrous_tensor* inputs, size_t* bytes) {
    if (!net || !has_inputs(net, inputs) || !bytes) return ATROUS_BAD_ARGUMENT;
    Block tables;
    if (!tables.allocate(net->tables.end)) return ATROUS_NO_MEMORY;
    ResolvedPlan plan(net->plan, net->tables, tables.get());
    if (const int error = evaluate(net, plan, inputs)) return error;
    if (const int error = pack(net, plan)) return error;
    *bytes = net->tables.end + host_bytes(net, plan);
    return ATROUS_OK;
}

namespace {

// A workspace holds the plan's tables, the arena, and the first slot, in this order; without one, the last two are
// allocated when the tables say how large they are. `profile`: null for a run that is not timed.
int run_for(Profile* profile, const atrous_net* net, const atrous_tensor* inputs, const atrous_tensor* outputs,
            void* workspace, int threads) {
    if (!net || !has_inputs(net, inputs) || !outputs || threads < 0) return ATROUS_BAD_ARGUMENT;
    if (reinterpret_cast<uintptr_t>(workspace) % 64 != 0) return ATROUS_BAD_WORKSPACE;
    for (uint64_t i = 0; i < net->plan.header().inputs.count; ++i) {
        if (!inputs[i].data) return ATROUS_BAD_ARGUMENT;
    }
    Block own_tables, own_arena;
    if (!workspace && !own_tables.allocate(net->tables.end)) return ATROUS_NO_MEMORY;
    uint8_t* tables = workspace ? static_cast<uint8_t*>(workspace) : own_tables.get();
    ResolvedPlan plan(net->plan, net->tables, tables);
    if (const int error = evaluate(net, plan, inputs)) return error;
    if (const int error = plan.check_outputs(outputs)) return error;
    if (const int error = pack(net, plan)) return error;
    if (net->level.device) {
        return net->level.device->run(net->on_device, plan, inputs, outputs, net->level.kernels, profile);
    }
    if (!workspace && !own_arena.allocate(host_bytes(net, plan))) return ATROUS_NO_MEMORY;
    uint8_t* arena = workspace ? tables + net->tables.end : own_arena.get();
    plan.locate({inputs, outputs, net->parts.weights, arena, arena + plan.arena_bytes()});
    if (const int error = plan.bind()) return error;
    Threads pool(threads == 0 ? available_cpus() : threads);
    return plan.call(net->level.kernels, pool, profile);
}

}  // namespace

int run(const atrous_net* net, const atrous_tensor* inputs, const atrous_tensor* outputs, void* workspace,
        int threads) {
    return run_for(nullptr, net, inputs, outputs, workspace, threads);
}

int run_timed(const atrous_net* net, const atrous_tensor* inputs, const atrous_tensor* outputs, void* workspace,
              int threads, double* seconds, size_t operators) {
    if (!seconds && operators > 0) return ATROUS_BAD_ARGUMENT;
    Profile profile(seconds, std::min(operators, operator_count(net)));
    return run_for(&profile, net, inputs, outputs, workspace, threads);
}

size_t operator_count(const atrous_net* net) {
    return net ? net->plan.header().operators.count : 0;
}

const char* operator_name(const atrous_net* net, size_t index) {
    return index < operator_count(net) ? net->plan.string(net->plan.operators()[index].name) : nullptr;
}

const char* device_name(const atrous_net* net) {
    return net && net->level.device ? net->level.device->name() : nullptr;
}

void close(atrous_net* net) {
    if (net && net->on_device) net->level.device->close(net->on_device);
    std::free(net);
}

const char* message(const Parts& parts, int code) {
    const char* text = text_of(code);
    for_levels(parts, [&](const Level& level, int base) {
        const PlanView plan(level.plan);
        const int64_t constraint = int64_t{ATROUS_CONSTRAINT} + base - code;
        const bool is_constraint =
            plan.is_valid() && constraint >= 0 && static_cast<uint64_t>(constraint) < plan.header().constraints.count;
        const bool is_device = code <= ATROUS_DEVICE_ABSENT && code >= ATROUS_DEVICE_FAILED && level.device;
        if (is_constraint) text = plan.string(plan.constraints()[constraint].message);
        if (is_device) text = level.device->explain(text);
        return is_constraint || is_device;
    });
    return text;
}

}  // namespace atrous::network
