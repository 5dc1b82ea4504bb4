# The executor inside emitted libraries: one relocatable object, in C programs later, so without the C++ library, without
# sanitizers, and with nothing visible but what network_entry.cpp exports. It lies in support/PLATFORM in the build tree.
set(ATROUS_EXECUTOR_SOURCES
    network.cpp network_cpu.cpp network_entry.cpp network_loop.cpp network_memory.cpp network_place.cpp
    network_plan.cpp network_threads.cpp plan_view.cpp)
list(TRANSFORM ATROUS_EXECUTOR_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)

add_library(atrous_executor_objects OBJECT ${ATROUS_EXECUTOR_SOURCES})
target_include_directories(atrous_executor_objects PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(atrous_executor_objects PRIVATE Halide::Runtime)
target_compile_options(
  atrous_executor_objects
  PRIVATE -Wall -Wextra -Wpedantic -Werror -O2 -g0 -fPIC -fno-exceptions -fno-rtti -fno-threadsafe-statics
          -fvisibility=hidden -ffp-contract=off)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL aarch64)
  target_compile_options(atrous_executor_objects PRIVATE -mno-outline-atomics)  # which are calls of GCC's library
endif()

set(executor ${ATROUS_SUPPORT}/${ATROUS_PLATFORM}/executor.o)
add_custom_command(
  OUTPUT ${executor}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${ATROUS_SUPPORT}/${ATROUS_PLATFORM}
  COMMAND ${CMAKE_LINKER} -r -o ${executor} $<TARGET_OBJECTS:atrous_executor_objects>
  DEPENDS atrous_executor_objects $<TARGET_OBJECTS:atrous_executor_objects>
  COMMAND_EXPAND_LISTS VERBATIM)
add_custom_target(atrous_executor ALL DEPENDS ${executor})
install(FILES ${executor} DESTINATION lib/atrous/support/${ATROUS_PLATFORM})
