# flotilla_add_tests(<target> SOURCES <file>... LIBRARIES <target>... [LABELS <label>...])
# Each doctest case runs in a process of its own: SimGrid allows one engine per process.
find_package(doctest REQUIRED)
include(doctest)
function(flotilla_add_tests target)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${target} ${ARG_SOURCES} ${PROJECT_SOURCE_DIR}/tests/main.cpp)
  target_link_libraries(${target} PRIVATE doctest::doctest flotilla_options ${ARG_LIBRARIES})
  # What is tested is optimised; the tests themselves need not be, and build in half the time.
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release,RelWithDebInfo>:-O0>)
  target_compile_definitions(${target} PRIVATE FLOTILLA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  doctest_discover_tests(${target} TEST_PREFIX "${target}: " PROPERTIES LABELS "fast;${ARG_LABELS}" TIMEOUT 300)
endfunction()
