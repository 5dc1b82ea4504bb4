// The GPUs of this machine, as their drivers name them. Drivers are looked for when asked, and not linked with.
#pragma once

#include <string>
#include <vector>

namespace atrous {

struct GpuDevice {
    std::string name;
    int capability = 0;  // CUDA's compute capability, 75 for 7.5
};

// Empty where there is no driver, no device, or no permission to use it.
std::vector<GpuDevice> cuda_devices();
std::vector<GpuDevice> opencl_devices();

}  // namespace atrous
