# atrous_add_network(TARGET MODEL FILE.onnx
#                    [TARGETS T…]        Halide target strings; default: the usual levels of the platform that is built for
#                    [CONFIG FILE.json]  how a picture becomes a tensor and a tensor a picture
#                    [TUNING FILE.json]  what `atrous tune` has found, for the best of the CPU's targets or the GPU's
#                    [NAME IDENTIFIER]   of the functions and of the header IDENTIFIER.h; default: TARGET
#                    [OPTIONS …]         more options of `atrous compile`: --dynamic, --size 480x640
#                    [DEPENDS FILE…])    files that the model refers to, such as its external data
#
# TARGET is a static library with its header. It is made when the project is built, and again when the model, the config, the
# record or Atrous itself changes. It needs no C++.
function(atrous_add_network target)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "MODEL;CONFIG;TUNING;NAME" "TARGETS;OPTIONS;DEPENDS")
  if(ARG_UNPARSED_ARGUMENTS OR ARG_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "atrous_add_network(${target}): cannot take ${ARG_UNPARSED_ARGUMENTS} ${ARG_KEYWORDS_MISSING_VALUES}")
  endif()
  if(NOT ARG_MODEL)
    message(FATAL_ERROR "atrous_add_network(${target}): MODEL must name an ONNX file")
  endif()
  if(NOT ARG_NAME)
    set(ARG_NAME ${target})
  endif()
  if(NOT ARG_TARGETS AND Atrous_PLATFORM STREQUAL "x86-64-linux")
    set(ARG_TARGETS x86-64-linux x86-64-linux-avx2-fma x86-64-linux-avx512_skylake)
  elseif(NOT ARG_TARGETS)
    set(ARG_TARGETS ${Atrous_PLATFORM})
  endif()
  get_filename_component(model "${ARG_MODEL}" ABSOLUTE)
  set(inputs "${model}" ${ARG_DEPENDS})
  if(ARG_CONFIG)
    get_filename_component(config "${ARG_CONFIG}" ABSOLUTE)
    list(APPEND inputs "${config}")
    list(APPEND ARG_OPTIONS --config "${config}")
  endif()
  if(ARG_TUNING)
    get_filename_component(tuning "${ARG_TUNING}" ABSOLUTE)
    list(APPEND inputs "${tuning}")
    list(APPEND ARG_OPTIONS --tuning "${tuning}")
  endif()
  list(JOIN ARG_TARGETS "," targets)

  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${target}.network")
  set(library "${folder}/${ARG_NAME}.a")
  set(header "${folder}/${ARG_NAME}.h")
  file(MAKE_DIRECTORY "${folder}")  # imported targets want their include directories at once
  add_custom_command(
    OUTPUT "${library}" "${header}"
    COMMAND Atrous::atrous compile "${model}" --quiet --name ${ARG_NAME} -o "${folder}" --emit lib,header --target "${targets}"
            ${ARG_OPTIONS}
    DEPENDS ${inputs} Atrous::atrous
    COMMENT "Compiling ${ARG_MODEL} for ${targets}"
    VERBATIM)
  add_custom_target(${target}_files DEPENDS "${library}" "${header}")

  add_library(${target} STATIC IMPORTED GLOBAL)
  add_dependencies(${target} ${target}_files)
  set_target_properties(
    ${target}
    PROPERTIES IMPORTED_LOCATION "${library}"
               INTERFACE_INCLUDE_DIRECTORIES "${folder}"
               INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS};m")
endfunction()
