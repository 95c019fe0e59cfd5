# SPDX-License-Identifier: Apache-2.0
#
# cmake --install BUILD [--component runtime|development|tools|doc], and `cpack` for .deb packages.
include(CMakePackageConfigHelpers)

set(KX_CONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/kerolox)
install(TARGETS kerolox_client EXPORT keroloxTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development)
install(TARGETS kerolox_client_asio EXPORT keroloxAsioTargets)
install(TARGETS kerolox_client_static EXPORT keroloxStaticTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(DIRECTORY ${kerolox_SOURCE_DIR}/include/kerolox DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT development)
foreach(SET keroloxTargets keroloxAsioTargets keroloxStaticTargets)
  install(EXPORT ${SET} NAMESPACE kerolox:: DESTINATION ${KX_CONFIG_DIR} COMPONENT development)
endforeach()

configure_package_config_file(keroloxConfig.cmake.in keroloxConfig.cmake
  INSTALL_DESTINATION ${KX_CONFIG_DIR})
# Before 1.0 a minor version may change anything.
write_basic_package_version_file(keroloxConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/keroloxConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/keroloxConfigVersion.cmake
  DESTINATION ${KX_CONFIG_DIR} COMPONENT development)

# No Requires.private: pkg-config wants such packages even of those who link the shared library.
list(TRANSFORM KX_CLIENT_NEEDS PREPEND -l OUTPUT_VARIABLE KX_PRIVATE_LIBS)
list(JOIN KX_PRIVATE_LIBS " " KX_PRIVATE_LIBS)
configure_file(kerolox.pc.in kerolox.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/kerolox.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT development)

install(DIRECTORY ${kerolox_SOURCE_DIR}/docs/client/ DESTINATION ${CMAKE_INSTALL_DOCDIR}
  COMPONENT doc)
install(DIRECTORY ${kerolox_SOURCE_DIR}/examples DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT doc
  FILES_MATCHING PATTERN *.cc PATTERN *.h)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME kerolox)
set(CPACK_PACKAGE_VENDOR Kerolox)
set(CPACK_PACKAGE_CONTACT "The Kerolox authors <kerolox@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "C++20 client and server for Apache RocketMQ's protocol")
set(CPACK_RESOURCE_FILE_LICENSE ${kerolox_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL runtime development doc)
if(KEROLOX_BUILD_SERVER)
  list(APPEND CPACK_COMPONENTS_ALL tools)
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libkerolox${PROJECT_VERSION_MAJOR})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "C++20 client library for Apache RocketMQ and Kerolox")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libkerolox-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
  "libkerolox${PROJECT_VERSION_MAJOR} (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS
  "libisal-dev, libsimdjson-dev, liblz4-dev, libzstd-dev, zlib1g-dev, libboost1.81-dev")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "Headers and static library of libkerolox")
set(CPACK_DEBIAN_DOC_PACKAGE_NAME libkerolox-doc)
set(CPACK_DEBIAN_DOC_PACKAGE_SECTION doc)
set(CPACK_DEBIAN_DOC_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_DOC_DESCRIPTION "Guides and examples of libkerolox")
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME kerolox)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION net)
set(CPACK_DEBIAN_TOOLS_DESCRIPTION "Kerolox: name server, broker and tools in one program")
set(CPACK_DEBIAN_PACKAGE_HOMEPAGE "")
include(CPack)
