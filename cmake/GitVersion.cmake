# cmake -DSOURCE=DIR -DOUTPUT=FILE.cc -DVERSION=0.1.0 -P GitVersion.cmake: writes the definition of seam::GitVersion(), what
# `git describe` says of the checkout in SOURCE, or VERSION where it is none (a tarball) or git does not answer. The file is left
# alone while the answer stays the same, so that nothing is compiled again. Run by every build, since only git knows when its
# answer changes.
set(described "")
if(EXISTS ${SOURCE}/.git)
  find_program(git git)
  if(git)
    execute_process(
      COMMAND ${git} --no-optional-locks describe --always --dirty --tags
      WORKING_DIRECTORY ${SOURCE} OUTPUT_VARIABLE described ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  endif()
endif()
if(NOT described MATCHES "^[A-Za-z0-9._+/-]+$")
  set(described ${VERSION})
endif()
set(text "#include \"train/git_version.h\"\n\nstd::string seam::GitVersion() { return \"${described}\"; }\n")
set(held "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} held)
endif()
if(NOT held STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
