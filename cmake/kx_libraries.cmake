# SPDX-License-Identifier: Apache-2.0
# Debian 12's packages as targets. A room names the ones it sees in its kx_module() LIBS line.

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(absl REQUIRED)
find_package(simdjson REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL 3 REQUIRED)
if(KEROLOX_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
if(KEROLOX_BUILD_SERVER)
  find_package(prometheus-cpp CONFIG REQUIRED)
  find_path(KX_CLI11_INCLUDE CLI/CLI.hpp REQUIRED)
endif()
find_package(Boost 1.81 EXACT REQUIRED)

find_library(KX_ISAL isal REQUIRED)
find_library(KX_LZ4 lz4 REQUIRED)
find_library(KX_ZSTD zstd REQUIRED)
find_path(KX_EXPECTED_INCLUDE tl/expected.hpp REQUIRED)

# Sanitizers and valgrind see nothing through a foreign allocator: release only.
if(KX_FLAVOUR STREQUAL "release" AND KEROLOX_BUILD_SERVER)
  find_package(mimalloc REQUIRED)
endif()

# Asio's non-template code, compiled once (BOOST_ASIO_SEPARATE_COMPILATION).
add_library(kx_asio STATIC ${CMAKE_CURRENT_LIST_DIR}/asio_impl.cc)
target_link_libraries(kx_asio PUBLIC kx_flags Boost::headers Threads::Threads)
