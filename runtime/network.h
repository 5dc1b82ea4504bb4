// The functions of abi.h over any Parts: what a library's exported functions are, and what tests call with plans of
// their own.
#pragma once

#include "runtime/abi.h"
#include "runtime/network_device.h"
#include "runtime/network_parts.h"
#include "runtime/network_plan.h"

// Nothing in it changes after open, so threads may share it. (Memory on a GPU is behind a lock.)
struct atrous_net {
    atrous::network::Parts parts;
    atrous::network::Level level;
    int constraint_base;  // added to the codes of the plan's constraints, which other plans may have too
    atrous::network::PlanView plan;
    atrous::network::Tables tables;
    atrous::network::DeviceNet* on_device = nullptr;  // on a GPU only
};

namespace atrous::network {

int open(const Parts& parts, const atrous_options* options, atrous_net** net);
int output_shape(const atrous_net* net, const atrous_tensor* inputs, atrous_tensor* outputs);
int workspace_size(const atrous_net* net, const atrous_tensor* inputs, size_t* bytes);
int run(const atrous_net* net, const atrous_tensor* inputs, const atrous_tensor* outputs, void* workspace, int threads);
void close(atrous_net* net);
size_t operator_count(const atrous_net* net);
const char* operator_name(const atrous_net* net, size_t index);
int run_timed(const atrous_net* net, const atrous_tensor* inputs, const atrous_tensor* outputs, void* workspace,
              int threads, double* seconds, size_t operators);
const char* device_name(const atrous_net* net);
const char* message(const Parts& parts, int code);

}  // namespace atrous::network
