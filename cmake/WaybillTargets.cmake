# What every target of the project shares: warnings, sanitizers, a fast linker, and the shape of libraries and tests.

add_library(waybill_options INTERFACE)
target_include_directories(waybill_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(waybill_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Werror
  $<$<COMPILE_LANGUAGE:CXX>:-Wconversion -Wnon-virtual-dtor -Woverloaded-virtual>)
if(WAYBILL_SANITIZE)
  add_compile_options(-fsanitize=${WAYBILL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC sees uninitialized reads in std::regex and std::optional once it is told to instrument them.
    target_compile_options(waybill_options INTERFACE -Wno-maybe-uninitialized)
  endif()
  if(WAYBILL_SANITIZE MATCHES "thread")
    # ThreadSanitizer does not know standalone fences. asio needs none where every handler runs on one thread per io_context.
    target_compile_definitions(waybill_options INTERFACE ASIO_DISABLE_FENCED_BLOCK)
  endif()
  if(WAYBILL_SANITIZE MATCHES "undefined")
    # CAF takes references through null in two places that are harmless; suppressions need the check to be recoverable, and
    # halt_on_error makes every other report of it an end all the same.
    add_compile_options(-fsanitize-recover=null)
    # Looks at an object's memory through a pipe, and calls it invalid when the test has just used up all file descriptors.
    add_compile_options(-fno-sanitize=vptr)
  endif()
  add_link_options(-fsanitize=${WAYBILL_SANITIZE})
endif()
if(WAYBILL_FUZZ)  # libFuzzer steers by the coverage of the code under test, not only of its own main
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()

find_program(WAYBILL_MOLD mold)
find_program(WAYBILL_LLD ld.lld)
if(WAYBILL_MOLD)
  add_link_options(-fuse-ld=mold)
elseif(WAYBILL_LLD)
  add_link_options(-fuse-ld=lld)
endif()
find_program(WAYBILL_CCACHE ccache)
if(WAYBILL_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${WAYBILL_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${WAYBILL_CCACHE})
endif()

# A static library of one folder of the house, that links exactly what its folder may include.
#   waybill_library(NAME SOURCES … LINKS …)
function(waybill_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC ${arg_LINKS} PRIVATE waybill_options)
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
endfunction()

# A plugin: one shared library in ${CMAKE_BINARY_DIR}/plugins that exports the entry symbol and nothing else.
#   waybill_plugin(NAME SOURCES … LINKS …)
function(waybill_plugin name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} MODULE ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINKS} waybill_options)
  target_link_options(${name} PRIVATE "LINKER:--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../sdk/plugin.map")
  set_target_properties(${name} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
endfunction()

# A Catch2 program whose cases are single tests.
#   waybill_test(NAME SOURCES … LINKS … [PROPERTIES …])
function(waybill_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PROPERTIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINKS} waybill_options Catch2::Catch2WithMain)
  catch_discover_tests(${name} TEST_PREFIX "${name}: " PROPERTIES TIMEOUT 120 ${arg_PROPERTIES})
endfunction()
