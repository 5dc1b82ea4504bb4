# Kernels, plan and weights → libraries.
atrous_library(
  atrous_emission
  cpu_level.cpp
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
add_dependencies(atrous_emission atrous_executor)

# The front door: import → lower → emission.
target_sources(atrous_compiler PRIVATE compile.cpp)
target_link_libraries(atrous_compiler PUBLIC atrous_emission)
