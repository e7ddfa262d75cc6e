# A room is a folder of sources: a library gitfs_<room>, and a program <room>_test of what stands in test/<room>/
# (with _ for each /). A folder within a room is a room of its own.

# What a room may say under LIBS, and what it is linked with then. scripts/check-layers knows their headers.
set(gitfs_lib_CLI CLI11::CLI11)
set(gitfs_lib_asio Boost::headers)
set(gitfs_lib_caf CAF::core)
set(gitfs_lib_curl CURL::libcurl)
set(gitfs_lib_fuse PkgConfig::FUSE3)
set(gitfs_lib_git2 PkgConfig::LIBGIT2)
set(gitfs_lib_libdeflate PkgConfig::LIBDEFLATE)
set(gitfs_lib_openssl PkgConfig::LIBCRYPTO)
set(gitfs_lib_rapidjson PkgConfig::RAPIDJSON)
set(gitfs_lib_spdlog spdlog::spdlog)
set(gitfs_lib_zlib ZLIB::ZLIB)

# gitfs_room(ROOM [USES ROOM...] [LIBS KEY...] [CAF_HEADERS] [ONE_BY_ONE] [SOURCES FILE...])
#
# USES: rooms right below it; what those use may be included, too. Of config/ all is. LIBS: outside libraries whose
# headers it includes itself. scripts/check-layers holds the sources to both. SOURCES: generated ones, beside the
# folder's own. CAF_HEADERS: nearly each of its files includes CAF, so that a precompiled header pays; it costs the
# others more than it saves. ONE_BY_ONE: its files give their tables the same names, so a unity build leaves them apart.
function(gitfs_room room)
  cmake_parse_arguments(arg "CAF_HEADERS;ONE_BY_ONE" "" "USES;LIBS;SOURCES" ${ARGN})
  string(REPLACE / _ name ${room})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${room}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  set(kind PUBLIC)
  if(NOT sources)
    set(kind INTERFACE) # of headers alone, or of main.cpp
    add_library(gitfs_${name} INTERFACE)
  else()
    add_library(gitfs_${name} STATIC ${sources} ${arg_SOURCES})
  endif()
  target_include_directories(gitfs_${name} ${kind} ${CMAKE_SOURCE_DIR})
  set(used)
  if(NOT room STREQUAL config)
    list(APPEND used gitfs_config)
  endif()
  foreach(each ${arg_USES})
    string(REPLACE / _ each ${each})
    list(APPEND used gitfs_${each})
  endforeach()
  foreach(each ${arg_LIBS})
    if(NOT gitfs_lib_${each})
      message(FATAL_ERROR "${room} names ${each} under LIBS, which cmake/Rooms.cmake does not know")
    endif()
    list(APPEND used ${gitfs_lib_${each}})
  endforeach()
  target_link_libraries(gitfs_${name} ${kind} ${used})
  if(arg_CAF_HEADERS)
    gitfs_precompiled(gitfs_${name} caf)
  endif()
  if(arg_ONE_BY_ONE)
    set_target_properties(gitfs_${name} PROPERTIES UNITY_BUILD OFF)
  endif()
endfunction()

# Precompiled headers are made once, by a library without code, for all who take them.
function(gitfs_precompiled_headers key)
  cmake_parse_arguments(arg "" "" "HEADERS;LIBS;OPTIONS" ${ARGN})
  set(source ${CMAKE_BINARY_DIR}/generated/${key}_headers.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "")
  add_library(gitfs_${key}_headers OBJECT ${source})
  target_link_libraries(gitfs_${key}_headers PRIVATE ${arg_LIBS})
  target_compile_options(gitfs_${key}_headers PRIVATE ${arg_OPTIONS})
  target_precompile_headers(gitfs_${key}_headers PRIVATE ${arg_HEADERS})
endfunction()

function(gitfs_precompiled target key)
  target_precompile_headers(${target} REUSE_FROM gitfs_${key}_headers)
endfunction()

# gitfs_room_tests(ROOM [TIMEOUT SECONDS] [COST SECONDS] [WITH TARGET...] [PROGRAM] [ONE_THREAD])
#
# Of all test/ROOM/*.cpp one program; NAME_test.cpp holds the Boost.Test suite NAME, which ctest runs as ROOM.NAME (a
# suite that does not exist makes the run fail, so none can go missing). WITH: what it is linked with beside the room.
# PROGRAM: it runs gitfs-actor (with sanitizers the one that the caller of ctest names). COST: how long a suite takes; the
# longest begin first, so that none is left over at the end that keeps one processor busy. ONE_THREAD: no test of the room
# starts a thread, so tsan has nothing to see in it.
function(gitfs_room_tests room)
  cmake_parse_arguments(arg "PROGRAM;ONE_THREAD" "TIMEOUT;COST" "WITH" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  if(NOT arg_COST)
    set(arg_COST 5)
  endif()
  string(REPLACE / _ name ${room})
  set(program ${name}_test)
  file(GLOB sources CONFIGURE_DEPENDS ${room}/*.cpp)
  add_executable(${program} ${sources} $<TARGET_OBJECTS:gitfs_test_main>)
  if(TARGET gitfs_${name})
    list(APPEND arg_WITH gitfs_${name})
  endif()
  target_link_libraries(${program} PRIVATE gitfs_test_support ${arg_WITH})
  # Half the time of compiling them; what they test is optimized.
  target_compile_options(${program} PRIVATE -O0)
  gitfs_precompiled(${program} test)
  if(arg_PROGRAM AND NOT GITFS_SANITIZE)
    add_dependencies(${program} gitfs-actor)
  endif()
  # All of a layer: backend_tests.
  string(REGEX REPLACE "/.*" "" layer ${room})
  if(NOT TARGET ${layer}_tests)
    add_custom_target(${layer}_tests)
  endif()
  if(arg_ONE_THREAD)
    set_property(GLOBAL APPEND PROPERTY GITFS_ROOMS_OF_ONE_THREAD ${room})
  endif()
  if(NOT (arg_ONE_THREAD AND GITFS_SANITIZE STREQUAL thread))
    add_dependencies(${layer}_tests ${program})
  endif()
  # What scripts/test runs with sanitizers, and not as released, too.
  set(label)
  if(layer MATCHES "^(config|backend|actors|cli)$")
    set(label room)
  endif()
  set(tests)
  file(GLOB files CONFIGURE_DEPENDS ${room}/*_test.cpp)
  foreach(file ${files})
    get_filename_component(suite ${file} NAME_WE)
    string(REGEX REPLACE "_test$" "" suite ${suite})
    add_test(NAME ${room}.${suite} COMMAND ${program} --run_test=${suite} --log_level=test_suite)
    set_tests_properties(${room}.${suite} PROPERTIES TIMEOUT ${arg_TIMEOUT} COST ${arg_COST} LABELS "${label}"
      ENVIRONMENT "GITFS_SOURCE_DIR=${CMAKE_SOURCE_DIR};GITFS_BINARY=$<TARGET_FILE:gitfs-actor>")
    list(APPEND tests ${file})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY GITFS_TEST_FILES ${tests})
endfunction()

# Fails if some file below this folder holds tests that nothing builds.
function(gitfs_all_tests_are_built)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS *_test.cpp)
  list(FILTER files EXCLUDE REGEX "/scripts/") # by its own CMakeLists.txt
  get_property(built GLOBAL PROPERTY GITFS_TEST_FILES)
  list(REMOVE_ITEM files ${built})
  if(files)
    message(FATAL_ERROR "No line of test/CMakeLists.txt builds these: ${files}")
  endif()
endfunction()
