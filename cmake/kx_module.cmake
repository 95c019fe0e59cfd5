# SPDX-License-Identifier: Apache-2.0
# kx_module(NAME DEPS rooms... LIBS packages... [ASIO])
#
# A room of src/: every .cc of its folders but those that end in _test, _fuzz or _bench. Those stand
# beside the code and become kx_NAME_test (one binary), one fuzzer a file, one kx_NAME_bench.
# tools/check_layers.py reads the DEPS lines and holds the #include lines against them.

set(KX_PCH_STD <algorithm> <array> <atomic> <charconv> <chrono> <cstdint> <cstring> <functional>
  <map> <memory> <mutex> <optional> <span> <string> <string_view> <thread> <unordered_map>
  <utility> <vector> <fmt/format.h> <tl/expected.hpp>)
set(KX_PCH_ASIO ${KX_PCH_STD} <boost/asio/awaitable.hpp> <boost/asio/co_spawn.hpp>
  <boost/asio/detached.hpp> <boost/asio/io_context.hpp> <boost/asio/ip/tcp.hpp>
  <boost/asio/post.hpp> <boost/asio/steady_timer.hpp> <boost/asio/use_awaitable.hpp>
  <boost/asio/write.hpp>)

# One object library holds each precompiled header; rooms and tests reuse it.
function(kx_pch_carrier NAME)
  if(NOT KX_USE_PCH)
    return()
  endif()
  file(WRITE ${kerolox_BINARY_DIR}/${NAME}.cc "// carries a precompiled header\n")
  add_library(${NAME} STATIC ${kerolox_BINARY_DIR}/${NAME}.cc)
  target_link_libraries(${NAME} PRIVATE kx_flags fmt::fmt)
  target_include_directories(${NAME} SYSTEM PRIVATE ${KX_EXPECTED_INCLUDE})
  target_compile_options(${NAME} PRIVATE -Xclang -fno-pch-timestamp)
  target_precompile_headers(${NAME} PRIVATE ${ARGN})
endfunction()
kx_pch_carrier(kx_pch_std ${KX_PCH_STD})
kx_pch_carrier(kx_pch_asio ${KX_PCH_ASIO})
# A header that knows Asio refers to its symbols: rooms that do not link Asio have their own.
if(KEROLOX_BUILD_TESTS)
  kx_pch_carrier(kx_pch_std_test ${KX_PCH_STD} <gtest/gtest.h> <gmock/gmock.h>)
  kx_pch_carrier(kx_pch_asio_test ${KX_PCH_ASIO} <gtest/gtest.h> <gmock/gmock.h>)
endif()
foreach(CARRIER kx_pch_std_test kx_pch_asio_test)
  if(TARGET ${CARRIER})
    # GTest's targets say so to whoever links them; the header must have been compiled alike.
    target_compile_definitions(${CARRIER} PRIVATE GTEST_HAS_PTHREAD=1)
  endif()
endforeach()

function(kx_use_pch TARGET CARRIER)
  if(KX_USE_PCH)
    target_compile_options(${TARGET} PRIVATE -Xclang -fno-pch-timestamp)
    target_precompile_headers(${TARGET} REUSE_FROM ${CARRIER})
  endif()
endfunction()

function(kx_module NAME)
  cmake_parse_arguments(ARG "ASIO" "" "DEPS;LIBS" ${ARGN})
  file(GLOB_RECURSE SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(TESTS ${SOURCES})
  set(FUZZERS ${SOURCES})
  set(BENCHES ${SOURCES})
  list(FILTER SOURCES EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$|/main\\.cc$")
  list(FILTER TESTS INCLUDE REGEX "_test\\.cc$")
  list(FILTER FUZZERS INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER BENCHES INCLUDE REGEX "_bench\\.cc$")

  list(TRANSFORM ARG_DEPS PREPEND kx_ OUTPUT_VARIABLE DEPS)
  if(NOT SOURCES)
    add_library(kx_${NAME} INTERFACE)
    target_link_libraries(kx_${NAME} INTERFACE kx_flags ${DEPS} ${ARG_LIBS})
    return()
  endif()
  add_library(kx_${NAME} STATIC ${SOURCES})
  target_link_libraries(kx_${NAME} PUBLIC kx_flags fmt::fmt Threads::Threads ${DEPS} ${ARG_LIBS})
  target_include_directories(kx_${NAME} SYSTEM PUBLIC ${KX_EXPECTED_INCLUDE})
  set(PCH kx_pch_std)
  if(ARG_ASIO)
    set(PCH kx_pch_asio)
    target_link_libraries(kx_${NAME} PUBLIC kx_asio)
  endif()
  kx_use_pch(kx_${NAME} ${PCH})

  if(TESTS AND KEROLOX_BUILD_TESTS)
    add_executable(kx_${NAME}_test ${TESTS})
    target_link_libraries(kx_${NAME}_test PRIVATE kx_${NAME} GTest::gmock_main)
    target_compile_definitions(kx_${NAME}_test PRIVATE
      KX_TEST_DATA="${kerolox_SOURCE_DIR}/tests/data")
    kx_use_pch(kx_${NAME}_test ${PCH}_test)
    add_test(NAME ${NAME} COMMAND kx_${NAME}_test)
    set_tests_properties(${NAME} PROPERTIES TIMEOUT 300)
  endif()
  if(BENCHES AND KX_FLAVOUR STREQUAL "release")
    find_package(benchmark REQUIRED)
    add_executable(kx_${NAME}_bench ${BENCHES})
    target_link_libraries(kx_${NAME}_bench PRIVATE kx_${NAME} benchmark::benchmark_main)
  endif()
  if(KX_FLAVOUR STREQUAL "fuzz")
    foreach(FUZZER ${FUZZERS})
      get_filename_component(FUZZER_NAME ${FUZZER} NAME_WE)
      add_executable(${FUZZER_NAME} ${FUZZER})
      target_link_libraries(${FUZZER_NAME} PRIVATE kx_${NAME})
      target_link_options(${FUZZER_NAME} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()
