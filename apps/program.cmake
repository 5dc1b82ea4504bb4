# Three archives in support/PLATFORM: libatrous.a is runtime/ for programs of others, in which no other names than its own
# are seen, with the static archives of the picture libraries inside; libatrous_app.a is main() and what else `atrous
# compile --emit app` links with a network, and libatrous_probe.a the same of probes. Left is the C++ library, which
# comes with the compiler.
if(ATROUS_SANITIZE OR ATROUS_TSAN)
  return()  # sanitizers cannot be linked statically
endif()
foreach(package png jpeg webpdemux webp z)
  find_library(static_${package} lib${package}.a REQUIRED)
  list(APPEND static_packages ${static_${package}})
endforeach()
set(support ${ATROUS_SUPPORT}/${ATROUS_PLATFORM})

# atrous_archive(NAME TARGETS … PACKAGES …)
function(atrous_archive name)
  cmake_parse_arguments(ARG "" "" "TARGETS;PACKAGES" ${ARGN})
  foreach(target ${ARG_TARGETS})  # whose names objcopy could not hide
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  endforeach()
  list(TRANSFORM ARG_TARGETS REPLACE "(.+)" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE files)
  set(archive ${support}/lib${name}.a)
  add_custom_command(
    OUTPUT ${archive}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${support}
    COMMAND ${CMAKE_LINKER} -r --force-group-allocation -o ${name}.o --whole-archive ${files} --no-whole-archive
            --start-group ${ARG_PACKAGES} --end-group
    COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=*6atrous* --keep-global-symbol=main ${name}.o
    COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
    COMMAND ${CMAKE_AR} rcsD ${archive} ${name}.o
    DEPENDS ${ARG_TARGETS}
    WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}
    VERBATIM)
  add_custom_target(${name}_archive ALL DEPENDS ${archive})
  install(FILES ${archive} DESTINATION lib/atrous/support/${ATROUS_PLATFORM})
endfunction()

atrous_archive(atrous TARGETS atrous_runtime atrous_images PACKAGES ${static_packages})
atrous_archive(atrous_app TARGETS atrous_app atrous_segment)
atrous_archive(atrous_probe TARGETS atrous_probe)
