# What `cmake --install` adds to the program for people who build software: find_package(Atrous).
include(CMakePackageConfigHelpers)

# The headers of runtime/, which includes them as "runtime/…"; others write <atrous/…>.
foreach(name abi config error image library)
  set(source ${PROJECT_SOURCE_DIR}/runtime/${name}.h)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(READ ${source} text)
  string(REPLACE "#include \"runtime/" "#include \"atrous/" text "${text}")
  file(CONFIGURE OUTPUT include/atrous/${name}.h CONTENT "@text@" @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/include/atrous/${name}.h DESTINATION include/atrous)
endforeach()

set(package lib/cmake/Atrous)
configure_package_config_file(cmake/package/AtrousConfig.cmake.in ${PROJECT_BINARY_DIR}/AtrousConfig.cmake
                              INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/AtrousConfigVersion.cmake COMPATIBILITY SameMinorVersion
                                 ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/AtrousConfig.cmake ${PROJECT_BINARY_DIR}/AtrousConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/package/AtrousNetwork.cmake DESTINATION ${package})

install(DIRECTORY ${PROJECT_SOURCE_DIR}/schedules/records/ DESTINATION share/atrous/records FILES_MATCHING PATTERN *.json)

# Halide's library comes from a Python package: the installed program has its own copy.
install(IMPORTED_RUNTIME_ARTIFACTS Halide::Halide LIBRARY DESTINATION lib/atrous)
# And its autoschedulers, which `atrous compile` looks for beside it.
foreach(name Adams2019 Mullapudi2016 Li2018)
  if(TARGET Halide::${name})
    install(IMPORTED_RUNTIME_ARTIFACTS Halide::${name} LIBRARY DESTINATION lib/atrous)
  endif()
endforeach()
set_target_properties(atrous PROPERTIES INSTALL_RPATH "$ORIGIN/../lib/atrous")
