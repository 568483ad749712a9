# What is installed besides programs, and the packages that cpack makes of it. Three components: `seam`, for those who score;
# `train`, which needs LibTorch (the package seam-train); and `dev`, for programs that use libseam (libseam-dev).

set(manual ${CMAKE_BINARY_DIR}/manual)
get_property(programs GLOBAL PROPERTY SEAM_PROGRAMS)
set(stamp ${CMAKE_BINARY_DIR}/manual.stamp)
add_custom_command(
  OUTPUT ${stamp}
  COMMAND make_manual ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} ${manual}
  COMMAND sh -c "gzip -9nkf '${manual}'/man1/*.1"
  COMMAND gzip -9nc ${CMAKE_SOURCE_DIR}/packaging/changelog > ${manual}/changelog.gz
  COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
  DEPENDS make_manual ${programs} ${CMAKE_SOURCE_DIR}/packaging/changelog
  COMMENT "Asking the programs for their options: man pages and completions"
  VERBATIM)
add_custom_target(manual DEPENDS ${stamp})
# What `make package` needs: every program, and no test.
add_custom_target(installed DEPENDS manual ${programs})

set(components seam)
set(package_seam seam)
set(package_train seam-train)
set(package_dev libseam-dev)
if(SEAM_TORCH)
  list(APPEND components train)
endif()
if(TARGET seam_shared)
  list(APPEND components dev)
  add_dependencies(installed seam_shared)
endif()
foreach(component ${components})
  install(FILES ${CMAKE_SOURCE_DIR}/packaging/copyright ${manual}/changelog.gz
          DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package_${component}} COMPONENT ${component})
endforeach()

install(FILES ${CMAKE_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/seam COMPONENT seam)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/seam COMPONENT seam)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/share/ DESTINATION ${CMAKE_INSTALL_DATADIR}/seam COMPONENT seam
        FILES_MATCHING PATTERN "*.safetensors" PATTERN "*.onnx" PATTERN "demo*.mp4" PATTERN "README.md")
install(DIRECTORY ${manual}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT seam
        FILES_MATCHING PATTERN "*.gz"
        PATTERN "seam-train*" EXCLUDE PATTERN "seam-score*" EXCLUDE PATTERN "seam-models*" EXCLUDE)
install(FILES ${manual}/bash/seam DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT seam)
install(FILES ${manual}/zsh/_seam DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT seam)
if(TARGET seam-serve)
  install(FILES ${CMAKE_SOURCE_DIR}/packaging/seam-serve.desktop
          DESTINATION ${CMAKE_INSTALL_DATADIR}/applications COMPONENT seam)
  install(FILES ${CMAKE_SOURCE_DIR}/packaging/seam.svg
          DESTINATION ${CMAKE_INSTALL_DATADIR}/icons/hicolor/scalable/apps COMPONENT seam)
  install(FILES ${CMAKE_SOURCE_DIR}/packaging/seam.service DESTINATION lib/systemd/user COMPONENT seam)
endif()
if(SEAM_TORCH)
  install(DIRECTORY ${manual}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT train
          FILES_MATCHING PATTERN "seam-train*.gz" PATTERN "seam-score*.gz" PATTERN "seam-models*.gz")
endif()

# cpack must not build the tests first.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL ${components})
set(CPACK_PACKAGE_NAME seam)
set(CPACK_PACKAGE_CONTACT "Seam maintainers <seam@seam.invalid>")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
if(TARGET seam_shared)
  # Which package others need that were linked with libseam, and ldconfig after installing it.
  set(control ${CMAKE_BINARY_DIR}/control)
  file(CONFIGURE OUTPUT ${control}/shlibs @ONLY
       CONTENT "libseam @PROJECT_VERSION_MAJOR@.@PROJECT_VERSION_MINOR@ seam (>= @PROJECT_VERSION@)\n")
  file(CONFIGURE OUTPUT ${control}/triggers CONTENT "activate-noawait ldconfig\n")
  set(CPACK_DEBIAN_SEAM_PACKAGE_CONTROL_EXTRA ${control}/shlibs ${control}/triggers)
endif()
set(CPACK_DEBIAN_PACKAGE_SECTION video)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_SEAM_PACKAGE_NAME seam)
set(CPACK_COMPONENT_SEAM_DESCRIPTION "find deepfakes in videos
Seam tells how likely a video is a deepfake. It scores folders of videos, one verdict a file, serves a
page that does the same on this machine, and cuts datasets of videos into labelled face shards.
.
Training networks needs the package seam-train.")
set(CPACK_DEBIAN_TRAIN_PACKAGE_NAME seam-train)
set(CPACK_DEBIAN_TRAIN_PACKAGE_DEPENDS "seam (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_TRAIN_DESCRIPTION "train networks that find deepfakes in videos
The verbs of seam that need LibTorch: train, score and models, and the heat maps and GPUs of infer.")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libseam-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "seam (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_DEV_DESCRIPTION "find deepfakes in videos from other programs
The headers of libseam for C++ and C, its files for CMake, and examples in C++ and Python.")
include(CPack)
