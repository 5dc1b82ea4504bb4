// What an emitted library exports, still under neutral names: emission renames atrous_… to NAME_….
#include "runtime/network.h"

#define ATROUS_EXPORT extern "C" __attribute__((visibility("default")))

using namespace atrous;

ATROUS_EXPORT int atrous_open(const atrous_options* options, atrous_net** net) {
    return network::open(network::atrous_parts, options, net);
}

ATROUS_EXPORT int atrous_output_shape(const atrous_net* net, const atrous_tensor* inputs, atrous_tensor* outputs) {
    return network::output_shape(net, inputs, outputs);
}

ATROUS_EXPORT int atrous_workspace_size(const atrous_net* net, const atrous_tensor* inputs, size_t* bytes) {
    return network::workspace_size(net, inputs, bytes);
}

ATROUS_EXPORT int atrous_run(const atrous_net* net, const atrous_tensor* inputs, const atrous_tensor* outputs,
                             void* workspace, int threads) {
    return network::run(net, inputs, outputs, workspace, threads);
}

ATROUS_EXPORT void atrous_close(atrous_net* net) {
    network::close(net);
}

ATROUS_EXPORT const char* atrous_message(int code) {
    return network::message(network::atrous_parts, code);
}

ATROUS_EXPORT const char* atrous_info(void) {
    return network::atrous_parts.info;
}

ATROUS_EXPORT const char* atrous_target(const atrous_net* net) {
    return net ? net->level.target : nullptr;
}

// The last four functions are in the table only.
ATROUS_EXPORT const atrous_network atrous_network_v1 = {
    ATROUS_ABI_VERSION,  sizeof(atrous_network),  atrous_open,
    atrous_output_shape, atrous_workspace_size,   atrous_run,
    atrous_close,        atrous_message,          atrous_info,
    atrous_target,       network::operator_count, network::operator_name,
    network::run_timed,  network::device_name};
