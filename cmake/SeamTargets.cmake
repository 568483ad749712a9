# seam_library(NAME SOURCES... [LINK ...] [PRIVATE_LINK ...]) and seam_program(NAME SOURCES... LINK ...): one library a folder, the
# programs beside it, all with the same warnings.

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without these, ccache keeps no file that uses a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE_PROGRAM})
endif()
if(SEAM_TIDY)
  find_program(CLANG_TIDY_PROGRAM NAMES clang-tidy REQUIRED)
  set(CMAKE_CXX_CLANG_TIDY ${CLANG_TIDY_PROGRAM} --quiet)
endif()

add_library(seam_flags INTERFACE)
target_include_directories(seam_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_compile_options(seam_flags INTERFACE -Wall -Wextra -Wshadow -Wpedantic $<$<BOOL:${SEAM_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(seam_flags INTERFACE -Wno-restrict)  # false alarms on std::string, GCC bug 105329
endif()
if(SEAM_MARCH)
  target_compile_options(seam_flags INTERFACE -march=${SEAM_MARCH})
endif()
if(SEAM_SANITIZE)
  target_compile_options(seam_flags INTERFACE -fsanitize=${SEAM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  target_link_options(seam_flags INTERFACE -fsanitize=${SEAM_SANITIZE})
endif()
if(SEAM_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "SEAM_FUZZ needs clang: -DCMAKE_CXX_COMPILER=clang++")
  endif()
  target_compile_options(seam_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(seam_library name)
  cmake_parse_arguments(ARG "" "" "LINK;PRIVATE_LINK" ${ARGN})
  add_library(seam_${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(seam_${name} PUBLIC seam_flags ${ARG_LINK} PRIVATE ${ARG_PRIVATE_LINK})
endfunction()

# Those that need LibTorch are installed by the package seam-train.
set(SEAM_TRAIN_PROGRAMS seam-train seam-score seam-models seam-infer-torch seam-spectrum-torch seam-read-h5 seam-read-torch)
function(seam_program name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  set_property(GLOBAL APPEND PROPERTY SEAM_PROGRAMS ${name})
  set(component seam)
  if(name IN_LIST SEAM_TRAIN_PROGRAMS)
    set(component train)
  endif()
  install(TARGETS ${name} DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${component})
endfunction()
