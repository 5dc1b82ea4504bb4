# The Halide generators for projects of Halide users, who need nothing else of Atrous:
#   find_package(Halide REQUIRED)
#   include(atrous/cmake/AtrousGenerators.cmake)
#   add_halide_generator(atrous.generators SOURCES ${ATROUS_GENERATORS})
#   target_include_directories(atrous.generators PRIVATE ${ATROUS_ROOT})
#   target_compile_features(atrous.generators PRIVATE cxx_std_20)
#   add_halide_library(hdc_block FROM atrous.generators GENERATOR hdc_block_scheduled PARAMS rates=1,2,5)
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH ATROUS_ROOT)

# The algorithms and schedules as functions; generators NAME; generators NAME_scheduled; and all of them.
file(GLOB ATROUS_ALGORITHMS CONFIGURE_DEPENDS ${ATROUS_ROOT}/generators/*.cpp)
file(GLOB ATROUS_SCHEDULES CONFIGURE_DEPENDS ${ATROUS_ROOT}/schedules/*.cpp ${ATROUS_ROOT}/schedules/*/*.cpp)
set(ATROUS_PLAIN_GENERATORS ${ATROUS_ALGORITHMS})
set(ATROUS_SCHEDULED_GENERATORS ${ATROUS_SCHEDULES})
foreach(kind PLAIN SCHEDULED)
  list(FILTER ATROUS_${kind}_GENERATORS INCLUDE REGEX "_generator.cpp$")
endforeach()
list(FILTER ATROUS_ALGORITHMS EXCLUDE REGEX "_generator.cpp$")
# Kernels, their registry, target names and the choice of an algorithm are the compiler's way to the schedules.
list(FILTER ATROUS_SCHEDULES EXCLUDE REGEX "(_generator|/algorithm|/autoschedule|/conv_columns|/kernels|/registry|/target).cpp$")
set(ATROUS_GENERATORS ${ATROUS_ALGORITHMS} ${ATROUS_SCHEDULES} ${ATROUS_PLAIN_GENERATORS} ${ATROUS_SCHEDULED_GENERATORS})
