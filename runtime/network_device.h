// Networks whose kernels run on a GPU: weights go there when a network is opened, tensors stay there from the first
// layer to the last. The executor knows a device by this table, so that only libraries with code for a GPU contain
// network_device.cpp and what it needs.
#pragma once

#include <cstdint>

#include "runtime/abi.h"
#include "runtime/network_parts.h"
#include "runtime/plan_view.h"

struct halide_device_interface_t;

namespace atrous::network {

class DeviceNet;
class Profile;
class ResolvedPlan;

struct Device {
    int32_t kind;           // ATROUS_DEVICE_…
    uint64_t tensor_grain;  // bytes: tensors begin at its multiples
    uint64_t view_grain;    // bytes: a kernel's buffer may begin at its multiples, in memory that was allocated as one

    // Each returns ATROUS_OK or the error. Where nobody asked for this device, an OpenCL one that is only the CPU
    // counts as none.
    int (*open)(const Level& level, const Parts& parts, bool asked, DeviceNet** net);
    // The plan has been evaluated and packed with `tensor_grain`. With a profile, which may be null, it waits for the
    // device after every step.
    int (*run)(DeviceNet* net, ResolvedPlan& plan, const atrous_tensor* inputs, const atrous_tensor* outputs,
               const Kernel* kernels, Profile* profile);
    void (*close)(DeviceNet* net);
    // An error's text with what the driver said to this thread; valid until it asks again.
    const char* (*explain)(const char* text);
    // What the driver calls the device; null where it does not say. Valid until this thread asks again.
    const char* (*name)();

    // Of Halide's runtime.
    const halide_device_interface_t* (*interface)();
    // Whether there is such a device, and it is new enough (Level::device_version).
    int (*check)(uint64_t version, bool asked);
};

extern "C" __attribute__((visibility("hidden"))) const Device atrous_device_cuda, atrous_device_opencl;

}  // namespace atrous::network
