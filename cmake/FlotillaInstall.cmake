# What `cmake --install` and `cpack` take: the binary with its manual page and completion, and the library with headers.
# Two components: runtime and development.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# All that simulates and says what came of it, in one archive. Policies and catalogues register themselves from objects
# that nothing refers to: the package's target links the archive whole.
add_library(flotilla_library STATIC)
foreach(part flotilla_reader flotilla_models flotilla_topologies flotilla_workload flotilla_sim flotilla_table flotilla_report flotilla_analysis)
  target_sources(flotilla_library PRIVATE $<TARGET_OBJECTS:${part}>)
endforeach()
set_target_properties(flotilla_library PROPERTIES OUTPUT_NAME flotilla LINKER_LANGUAGE CXX)

# Both are printed from the definitions of the commands.
set(manual ${PROJECT_BINARY_DIR}/flotilla.1)
set(completion ${PROJECT_BINARY_DIR}/flotilla.bash)
add_custom_command(
  OUTPUT ${manual} ${completion}
  COMMAND $<TARGET_FILE:flotilla> man > ${manual}
  COMMAND $<TARGET_FILE:flotilla> completion bash > ${completion}
  DEPENDS flotilla
  VERBATIM)
add_custom_target(flotilla_printed ALL DEPENDS ${manual} ${completion})

install(TARGETS flotilla RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
install(FILES ${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT runtime)
install(FILES ${completion} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME flotilla COMPONENT runtime)
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright COMPONENT runtime)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime FILES_MATCHING PATTERN "*.md")

install(TARGETS flotilla_library ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} analysis/*.hpp models/*.hpp scenarios/reader/*.hpp sim/*.hpp topologies/*.hpp)
list(FILTER headers EXCLUDE REGEX "^analysis/(cli|calibrate|report/node_modules)/")
foreach(header IN LISTS headers)
  get_filename_component(folder ${header} DIRECTORY)
  install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/flotilla/${folder} COMPONENT development)
endforeach()
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/flotilla)
configure_package_config_file(cmake/flotillaConfig.cmake.in ${PROJECT_BINARY_DIR}/flotillaConfig.cmake
                              INSTALL_DESTINATION ${package} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/flotillaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/flotillaConfig.cmake ${PROJECT_BINARY_DIR}/flotillaConfigVersion.cmake
        DESTINATION ${package} COMPONENT development)

# Packages are made of what is built: tests need not be.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(CPACK_GENERATOR DEB)
# Debian wants an address of every package. There is none that answers for all; .invalid says so (RFC 2606).
set(FLOTILLA_CONTACT "whoever built this package, who left no address <nobody@flotilla.invalid>"
    CACHE STRING "Who is asked about packages that cpack makes: Name <address>")
set(CPACK_PACKAGE_CONTACT "${FLOTILLA_CONTACT}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL runtime development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME flotilla)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "${PROJECT_DESCRIPTION}")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libflotilla-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libboost-dev, libfmt-dev, libsimgrid-dev, libsqlite3-dev, libyaml-cpp-dev, nettle-dev, nlohmann-json3-dev, zlib1g-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "${PROJECT_DESCRIPTION}: library and headers")
include(CPack)
