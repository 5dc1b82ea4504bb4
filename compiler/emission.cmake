# Kernels, plan and weights → libraries.
atrous_library(
  atrous_emission
  level.cpp
  emit.cpp
  emit_header.cpp
  emit_info.cpp
  emit_tables.cpp
  files.cpp
  kernel_cache.cpp
  kernel_jobs.cpp
  pipe.cpp
  sha256.cpp
  support.cpp
  tool.cpp)
target_compile_definitions(atrous_emission PRIVATE ATROUS_VERSION="${PROJECT_VERSION}"
                                                   ATROUS_PLATFORM="${ATROUS_PLATFORM}")
target_link_libraries(
  atrous_emission
  PUBLIC atrous_schedules OpenSSL::Crypto
  PRIVATE nlohmann_json::nlohmann_json)
add_dependencies(atrous_emission atrous_executor atrous_kernel_heap)

# What a library with code for a GPU has besides: networks on a device, and Halide's runtime, which loads the drivers.
if(ATROUS_PLATFORM STREQUAL x86-64-linux)
  add_executable(atrous_gpu_runtime gpu_runtime.cpp)
  target_link_libraries(atrous_gpu_runtime PRIVATE atrous_schedules)
  set(gpu_runtime ${CMAKE_CURRENT_BINARY_DIR}/gpu_runtime.o)
  # What runtime/device_runtime.cpp stands before.
  foreach(function cuda_initialize_kernels cuda_run opencl_initialize_kernels opencl_run)
    list(APPEND renamed --redefine-sym=halide_${function}=halide_runtime_${function})
  endforeach()
  add_custom_command(
    OUTPUT ${gpu_runtime}
    COMMAND atrous_gpu_runtime ${gpu_runtime}
    COMMAND ${CMAKE_OBJCOPY} --redefine-sym=getenv=halide_runtime_getenv ${renamed} ${gpu_runtime}
    DEPENDS atrous_gpu_runtime
    VERBATIM)
  set(runtime ${PROJECT_SOURCE_DIR}/runtime)
  atrous_executor_object(gpu OBJECTS ${gpu_runtime} SOURCES ${runtime}/device_memory.cpp ${runtime}/device_runtime.cpp
                                                            ${runtime}/network_device.cpp ${runtime}/opencl_device.cpp)
  add_dependencies(atrous_emission atrous_gpu)
endif()

# The front door: import → lower → emission.
target_sources(atrous_compiler PRIVATE compile.cpp)
target_link_libraries(atrous_compiler PUBLIC atrous_emission)
