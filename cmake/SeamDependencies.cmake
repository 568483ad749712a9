# The outside libraries, each as one imported target. Debian ships OpenCV's CMake files only in a package that
# pulls in every module, so its libraries are found one by one.

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(Boost 1.74 REQUIRED COMPONENTS program_options)
find_package(Protobuf REQUIRED)
find_package(PkgConfig REQUIRED)
# The plots.
pkg_check_modules(CAIRO REQUIRED IMPORTED_TARGET GLOBAL cairo)

function(seam_find_opencv)
  find_path(OPENCV_INCLUDE_DIR opencv2/core.hpp PATH_SUFFIXES opencv4 REQUIRED)
  foreach(module ${ARGN})
    find_library(OPENCV_${module}_LIBRARY opencv_${module} REQUIRED)
    add_library(opencv::${module} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(opencv::${module} PROPERTIES
      IMPORTED_LOCATION ${OPENCV_${module}_LIBRARY}
      INTERFACE_INCLUDE_DIRECTORIES ${OPENCV_INCLUDE_DIR})
  endforeach()
endfunction()

# The pictures in shards.
seam_find_opencv(core imgproc imgcodecs)
find_path(TURBOJPEG_INCLUDE_DIR turbojpeg.h REQUIRED)
find_library(TURBOJPEG_LIBRARY turbojpeg REQUIRED)
add_library(turbojpeg UNKNOWN IMPORTED GLOBAL)
set_target_properties(turbojpeg PROPERTIES
  IMPORTED_LOCATION ${TURBOJPEG_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${TURBOJPEG_INCLUDE_DIR})
if(SEAM_EXTRACT)
  pkg_check_modules(FFMPEG REQUIRED IMPORTED_TARGET GLOBAL libavformat libavcodec libavutil libswscale)
  seam_find_opencv(dnn objdetect)
  find_package(dlib REQUIRED)
endif()
if(SEAM_EXTRACT OR SEAM_NETWORKS)
  find_package(TBB REQUIRED)
endif()
if(SEAM_NETWORKS)
  # Weights of other libraries.
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET GLOBAL hdf5-serial)
  pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET GLOBAL libzip)
  find_package(ONNX REQUIRED)
  find_package(Torch REQUIRED)
  add_library(seam_torch INTERFACE)
  target_link_libraries(seam_torch INTERFACE ${TORCH_LIBRARIES})
  # Not our code: no warnings from its headers.
  target_include_directories(seam_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
endif()
if(SEAM_NETWORKS AND SEAM_ONEDNN)
  find_package(OpenMP COMPONENTS CXX)
  find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.hpp)
  find_library(DNNL_LIBRARY dnnl)
  if(OpenMP_CXX_FOUND AND DNNL_INCLUDE_DIR AND DNNL_LIBRARY)
    add_library(onednn UNKNOWN IMPORTED GLOBAL)
    set_target_properties(onednn PROPERTIES
      IMPORTED_LOCATION ${DNNL_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${DNNL_INCLUDE_DIR}
      INTERFACE_LINK_LIBRARIES OpenMP::OpenMP_CXX)
  else()
    message(WARNING "oneDNN (libdnnl-dev) is missing: networks will score with LibTorch's slower kernels")
  endif()
endif()
if(SEAM_TESTS)
  find_package(GTest REQUIRED)
endif()
