# cmake -D PROGRAM=<test> -D FOLDER=<name> -D OUTPUT=<file> -D SLOW=<suites> -D SHARED=<suites> -P DiscoverSuites.cmake
# Asks a GoogleTest program for its suites and writes one ctest entry FOLDER/SUITE for each, labelled `fast` or `slow`,
# and `shared` where it reads the shared data. A suite in SLOW that the program has not is an error.
cmake_policy(VERSION 3.25)

execute_process(COMMAND ${PROGRAM} --gtest_list_tests OUTPUT_VARIABLE listed RESULT_VARIABLE status)
if(status)
  message(FATAL_ERROR "${PROGRAM} --gtest_list_tests: ${status}")
endif()
string(REGEX MATCHALL "(^|\n)[^ \n]+\\.( |\n)" lines "${listed}")
set(script "")
set(found "")
foreach(line ${lines})
  string(REGEX REPLACE "[\n ]|\\.[ \n]$" "" suite "${line}")
  string(REGEX REPLACE "\\.$" "" suite "${suite}")
  # All/ResumeOf/0 is the suite ResumeOf.
  string(REGEX REPLACE "/[0-9]+$" "" name "${suite}")
  string(REGEX REPLACE "^.*/" "" name "${name}")
  list(APPEND found ${name})
  set(labels fast)
  set(cost 0)
  if(name IN_LIST SLOW)
    set(labels slow)
    set(cost 100)  # ctest begins with the dear ones, so that none of them is left alone at the end
  endif()
  if(name IN_LIST SHARED)
    list(APPEND labels shared)
  endif()
  string(APPEND script "add_test([=[${FOLDER}/${suite}]=] [=[${PROGRAM}]=] [=[--gtest_filter=${suite}.*]=])\n"
                       "set_tests_properties([=[${FOLDER}/${suite}]=] PROPERTIES LABELS [=[${labels}]=] TIMEOUT 1800 COST ${cost})\n")
endforeach()
foreach(name ${SLOW})
  if(NOT name IN_LIST found)
    message(FATAL_ERROR "tests/${FOLDER}/CMakeLists.txt: SLOW names ${name}, but ${PROGRAM} has no such suite")
  endif()
endforeach()
file(WRITE ${OUTPUT} "${script}")
