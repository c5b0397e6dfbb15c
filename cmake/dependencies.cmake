# Every third-party library, with the reason it was chosen (docs/adr/0001-dependencies.md).
# All come from distribution packages; tools/install_dependencies holds their names, in step with this file.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)                 # TLS, AES-256-GCM, HMAC
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)   # Argon2id
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl>=7.87) # HTTP/2 client of the push providers
pkg_check_modules(mongoc REQUIRED IMPORTED_TARGET libmongoc-1.0)   # the store that several nodes share
find_path(BOOST_INCLUDE boost/asio.hpp REQUIRED)
add_library(boost_headers INTERFACE)           # Asio, Beast (HTTP only), JSON (header-only mode), unordered_flat_map
target_include_directories(boost_headers SYSTEM INTERFACE "${BOOST_INCLUDE}")
target_compile_definitions(boost_headers INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ERROR_CODE_HEADER_ONLY)
target_link_libraries(boost_headers INTERFACE Threads::Threads)

# The static RocksDB does a third more operations a second than the shared one (reference measurement);
# a distribution that ships only the shared one still builds.
# ThreadSanitizer gets the shared one: it knows uninstrumented code by the library it lies in.
if(RESTANTE_SANITIZE STREQUAL "thread")
  find_library(ROCKSDB_LIBRARY NAMES rocksdb REQUIRED)
else()
  find_library(ROCKSDB_LIBRARY NAMES librocksdb.a rocksdb REQUIRED)
endif()
add_library(rocksdb INTERFACE)
target_link_libraries(rocksdb INTERFACE "${ROCKSDB_LIBRARY}" snappy z bz2 lz4 zstd Threads::Threads ${CMAKE_DL_LIBS})

# Unit tests. AUTO: built where GTest is installed, so that `./run` asks for fewer packages than `./test`.
set(RESTANTE_TESTS "AUTO" CACHE STRING "Build the *_test.cpp targets: ON, OFF or AUTO (where GTest and GMock are installed)")
if(RESTANTE_TESTS STREQUAL "AUTO")
  find_package(GTest QUIET)
elseif(RESTANTE_TESTS)
  find_package(GTest REQUIRED)
endif()
# Debian packages the two halves apart, and a machine may well have only the first.
set(RESTANTE_HAS_GTEST OFF)
if(TARGET GTest::gtest AND TARGET GTest::gmock)
  set(RESTANTE_HAS_GTEST ON)
elseif(RESTANTE_TESTS AND NOT RESTANTE_TESTS STREQUAL "AUTO")
  message(FATAL_ERROR "GMock is missing (Debian: libgmock-dev)")
endif()
