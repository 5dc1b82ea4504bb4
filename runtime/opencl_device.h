// Which OpenCL device is used, and what it must have.
#pragma once

namespace atrous::network {

// Tells Halide's runtime, which would take the first platform and there the device of most units, to take a GPU where
// any platform has one; the environment's HL_OCL_PLATFORM_NAME and HL_OCL_DEVICE_TYPE come first. To be called before
// the first use.
void choose_opencl_device();

// Of the device that was taken, by a piece of its memory (a cl_mem).
bool is_cpu(void* memory);
// Null where it does not say; valid until this thread asks again.
const char* name_of(void* memory);
// What our kernels need and it lacks, in words; null: nothing.
const char* missing_of(void* memory);

}  // namespace atrous::network
