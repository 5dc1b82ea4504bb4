# The parts of libraries and programs for platforms other than this machine's, so that `atrous compile` only has to link:
# this project once more, cross-compiled, of which the CMakeLists.txt then take only those parts. Their own build knows
# what they depend on, so it is asked every time.
if(NOT IS_DIRECTORY "${ATROUS_ARM64_PACKAGES}" OR ATROUS_PLATFORM STREQUAL arm-64-linux)
  return()
endif()
include(ExternalProject)
ExternalProject_Add(
  atrous_arm64
  SOURCE_DIR ${PROJECT_SOURCE_DIR}
  PREFIX ${PROJECT_BINARY_DIR}/arm-64-linux
  BINARY_DIR ${PROJECT_BINARY_DIR}/arm-64-linux
  CMAKE_ARGS
    --fresh  # libraries found in other packages would stay found
    -DCMAKE_TOOLCHAIN_FILE=${PROJECT_SOURCE_DIR}/cmake/arm-64-linux.cmake
    -DCMAKE_FIND_ROOT_PATH=${ATROUS_ARM64_PACKAGES}
    -DCMAKE_BUILD_TYPE=${CMAKE_BUILD_TYPE}
    -DCMAKE_MAKE_PROGRAM=${CMAKE_MAKE_PROGRAM}
    -DCMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER}
    -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}
    -DHalideHelpers_DIR=${HalideHelpers_DIR}
    -DATROUS_SUPPORT=${ATROUS_SUPPORT}
  BUILD_ALWAYS ON
  INSTALL_COMMAND "")
add_dependencies(atrous atrous_arm64)
install(DIRECTORY ${ATROUS_SUPPORT}/arm-64-linux DESTINATION lib/atrous/support)
