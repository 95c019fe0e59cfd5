# SPDX-License-Identifier: Apache-2.0
# The compiler of the house, its warnings, and what each preset (KX_FLAVOUR) adds.

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
  message(FATAL_ERROR "Kerolox is built with clang 19 (apt install clang-19): g++ 12 miscompiles "
    "coroutines in silence. Use a preset: cmake --preset dev")
endif()

# Somebody else's build wants the library as it is shipped.
if(PROJECT_IS_TOP_LEVEL)
  set(KX_FLAVOUR_DEFAULT dev)
else()
  set(KX_FLAVOUR_DEFAULT release)
endif()
set(KX_FLAVOUR ${KX_FLAVOUR_DEFAULT} CACHE STRING "dev, asan, tsan, release, lint or fuzz")
set_property(CACHE KX_FLAVOUR PROPERTY STRINGS dev asan tsan release lint fuzz)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# Tests share a precompiled header with libraries, and clang takes it only for equal flags.
set(CMAKE_CXX_COMPILE_OPTIONS_PIE -fPIC)

add_library(kx_flags INTERFACE)
target_compile_options(kx_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wthread-safety $<$<BOOL:${PROJECT_IS_TOP_LEVEL}>:-Werror>
  -fno-omit-frame-pointer)
target_compile_definitions(kx_flags INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_NO_TS_EXECUTORS)
target_include_directories(kx_flags INTERFACE ${kerolox_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/tests)

find_program(KX_MOLD mold)
if(KX_MOLD AND NOT KX_FLAVOUR STREQUAL "release")
  add_link_options(-fuse-ld=mold)
endif()

set(KX_SANITIZED OFF)
if(KX_FLAVOUR STREQUAL "dev")
  add_compile_options(-O0 -g1)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
elseif(KX_FLAVOUR STREQUAL "asan")
  set(KX_SANITIZED ON)
  add_compile_options(-O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=address,undefined)
elseif(KX_FLAVOUR STREQUAL "tsan")
  set(KX_SANITIZED ON)
  add_compile_options(-O1 -g1 -fsanitize=thread)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=thread)
elseif(KX_FLAVOUR STREQUAL "release")
  add_compile_options(-O2 -g1 -fstack-protector-strong -D_FORTIFY_SOURCE=2
    -ffunction-sections -fdata-sections)
  # What libkerolox shows to others is marked KEROLOX_API (packaging/CMakeLists.txt).
  set(CMAKE_CXX_VISIBILITY_PRESET hidden)
  set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
  add_link_options(-Wl,-z,relro -Wl,-z,now)
elseif(KX_FLAVOUR STREQUAL "lint")
  add_compile_options(-O0 -g1)
  set(CMAKE_CXX_CLANG_TIDY clang-tidy-19)
elseif(KX_FLAVOUR STREQUAL "fuzz")
  set(KX_SANITIZED ON)
  add_compile_options(-O1 -g1 -fsanitize=address,undefined,fuzzer-no-link
    -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
else()
  message(FATAL_ERROR "KX_FLAVOUR=${KX_FLAVOUR} is none of dev, asan, tsan, release, lint, fuzz")
endif()

# Whole builds go faster in unity; edits go faster file by file.
if(NOT KX_FLAVOUR STREQUAL "dev" AND NOT KX_FLAVOUR STREQUAL "lint")
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)
endif()

if(KX_FLAVOUR STREQUAL "release" OR KX_FLAVOUR STREQUAL "lint")
  set(KX_USE_PCH OFF)
else()
  set(KX_USE_PCH ON)
endif()
