# Warnings, sanitizers and include paths that every target of ours gets.
add_library(atrous_options INTERFACE)
target_include_directories(atrous_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_options(atrous_options INTERFACE -Wall -Wextra -Wpedantic -Werror -Wno-missing-field-initializers)
# So that an emitted program takes no function that it does not call.
target_compile_options(atrous_options INTERFACE -ffunction-sections -fdata-sections)
# GCC 12 sees impossible lengths in std::string's operator+ when it is inlined (GCC bug 105651).
target_compile_options(atrous_options INTERFACE $<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-stringop-overflow;-Wno-restrict;-Wno-array-bounds>)
if(ATROUS_SANITIZE)
  target_compile_options(atrous_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g1)
  target_link_options(atrous_options INTERFACE -fsanitize=address,undefined)
elseif(ATROUS_TSAN)
  target_compile_options(atrous_options INTERFACE -fsanitize=thread -g1)
  target_link_options(atrous_options INTERFACE -fsanitize=thread)
endif()
if(ATROUS_FUZZ)
  target_compile_options(atrous_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Headers of packages, outside our warnings.
function(atrous_library name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PUBLIC atrous_options)
endfunction()

# What this build makes libraries and programs for, as Halide spells it; their parts lie in support/PLATFORM.
set(ATROUS_PLATFORM ${CMAKE_SYSTEM_PROCESSOR}-linux)
string(REPLACE "x86_64" "x86-64" ATROUS_PLATFORM ${ATROUS_PLATFORM})
string(REPLACE "aarch64" "arm-64" ATROUS_PLATFORM ${ATROUS_PLATFORM})
