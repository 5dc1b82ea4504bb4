# The executor inside emitted libraries: one relocatable object, in C programs later, so without the C++ library, without
# sanitizers, and with nothing visible but what network_entry.cpp exports. It lies in support/PLATFORM in the build tree.
set(ATROUS_EXECUTOR_SOURCES
    network.cpp network_cpu.cpp network_entry.cpp network_loop.cpp network_memory.cpp network_place.cpp
    network_plan.cpp network_threads.cpp plan_view.cpp)
list(TRANSFORM ATROUS_EXECUTOR_SOURCES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)

# atrous_executor_object(NAME OBJECTS SOURCES …): support/PLATFORM/NAME.o, of sources and other objects.
function(atrous_executor_object name)
  cmake_parse_arguments(ARG "" "" "OBJECTS;SOURCES" ${ARGN})
  set(target atrous_${name}_objects)
  add_library(${target} OBJECT ${ARG_SOURCES})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE Halide::Runtime)
  target_compile_options(
    ${target} PRIVATE -Wall -Wextra -Wpedantic -Werror -O2 -g0 -fPIC -fno-exceptions -fno-rtti -fno-threadsafe-statics
                      -fvisibility=hidden -ffp-contract=off)
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL aarch64)
    target_compile_options(${target} PRIVATE -mno-outline-atomics)  # which are calls of GCC's library
  endif()
  set(object ${ATROUS_SUPPORT}/${ATROUS_PLATFORM}/${name}.o)
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${ATROUS_SUPPORT}/${ATROUS_PLATFORM}
    COMMAND ${CMAKE_LINKER} -r -o ${object} $<TARGET_OBJECTS:${target}> ${ARG_OBJECTS}
    DEPENDS ${target} $<TARGET_OBJECTS:${target}> ${ARG_OBJECTS}
    COMMAND_EXPAND_LISTS VERBATIM)
  add_custom_target(atrous_${name} ALL DEPENDS ${object})
  install(FILES ${object} DESTINATION lib/atrous/support/${ATROUS_PLATFORM})
endfunction()

atrous_executor_object(executor SOURCES ${ATROUS_EXECUTOR_SOURCES})
atrous_executor_object(kernel_heap SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/kernel_heap.cpp)
