# cmake --install: headers, the static library and find_package(nacre).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(config_folder ${CMAKE_INSTALL_LIBDIR}/cmake/nacre)
install(DIRECTORY cpp/include/nacre DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(TARGETS nacre EXPORT nacreTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT nacreTargets NAMESPACE nacre:: DESTINATION ${config_folder})
configure_package_config_file(cmake/nacreConfig.cmake.in nacreConfig.cmake
  INSTALL_DESTINATION ${config_folder})
write_basic_package_version_file(nacreConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/nacreConfig.cmake ${PROJECT_BINARY_DIR}/nacreConfigVersion.cmake
  DESTINATION ${config_folder})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/nacre)
