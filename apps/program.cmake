# What `atrous compile --emit app` links with a network: main() and all that it needs, with the static archives of the
# picture libraries inside, in one archive in support/PLATFORM. Left is the C++ library, which comes with the compiler.
if(ATROUS_SANITIZE OR ATROUS_TSAN)
  return()  # sanitizers cannot be linked statically
endif()
foreach(package png jpeg webpdemux webp z)
  find_library(static_${package} lib${package}.a REQUIRED)
  list(APPEND static_packages ${static_${package}})
endforeach()

set(program ${ATROUS_SUPPORT}/${ATROUS_PLATFORM}/libatrous_app.a)
set(parts atrous_app atrous_segment atrous_runtime atrous_images)
list(TRANSFORM parts REPLACE "(.+)" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE part_files)
add_custom_command(
  OUTPUT ${program}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${ATROUS_SUPPORT}/${ATROUS_PLATFORM}
  COMMAND ${CMAKE_LINKER} -r -o program.o --whole-archive ${part_files} --no-whole-archive --start-group
          ${static_packages} --end-group
  COMMAND ${CMAKE_COMMAND} -E rm -f ${program}
  COMMAND ${CMAKE_AR} rcsD ${program} program.o
  DEPENDS ${parts}
  WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}
  VERBATIM)
add_custom_target(atrous_program ALL DEPENDS ${program})
install(FILES ${program} DESTINATION lib/atrous/support/${ATROUS_PLATFORM})
