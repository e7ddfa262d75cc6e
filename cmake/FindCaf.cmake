# CAF::core of version 0.17. Debian's libcaf-dev ships neither a CMake config nor a .pc file, so it is found by hand.
# Versions before and after have another interface: 0.18 dropped what actors/ and fuse_bridge/ build on, so a build with
# it would end in pages of compiler errors. The version's macro is in another header since it is generated.
find_path(CAF_INCLUDE_DIR caf/all.hpp REQUIRED)
find_library(CAF_CORE_LIBRARY caf_core REQUIRED)
set(caf_version "of an unknown version")
foreach(header caf/config.hpp caf/detail/build_config.hpp)
  if(EXISTS ${CAF_INCLUDE_DIR}/${header})
    # {MAJOR}{MINOR}{PATCH}, the last two with two digits each: 1706 is 0.17.6.
    file(STRINGS ${CAF_INCLUDE_DIR}/${header} caf_define REGEX "^#define CAF_VERSION [0-9]+")
    if(caf_define MATCHES "([0-9]+)")
      math(EXPR caf_major "${CMAKE_MATCH_1} / 10000")
      math(EXPR caf_minor "${CMAKE_MATCH_1} / 100 % 100")
      math(EXPR caf_patch "${CMAKE_MATCH_1} % 100")
      set(caf_version ${caf_major}.${caf_minor}.${caf_patch})
      break()
    endif()
  endif()
endforeach()
if(NOT caf_version MATCHES "^0\\.17\\.")
  message(FATAL_ERROR "CAF 0.17 is needed, and ${CAF_INCLUDE_DIR} has CAF ${caf_version}: install Debian's libcaf-dev, or "
    "name a CAF 0.17 with -DCAF_INCLUDE_DIR=FOLDER -DCAF_CORE_LIBRARY=FILE.")
endif()
if(NOT TARGET CAF::core)
  add_library(CAF::core UNKNOWN IMPORTED)
  set_target_properties(CAF::core PROPERTIES
    IMPORTED_LOCATION ${CAF_CORE_LIBRARY}
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${CAF_INCLUDE_DIR})
  target_link_libraries(CAF::core INTERFACE Threads::Threads)
endif()
