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
  # Pictures that FFmpeg does not read: HEIC and AVIF, animated WebP, all of TIFF.
  pkg_check_modules(PICTURES REQUIRED IMPORTED_TARGET GLOBAL libheif libwebpdemux libtiff-4)
  seam_find_opencv(dnn objdetect)
  find_package(dlib REQUIRED)
endif()
if(SEAM_EXTRACT OR SEAM_NETWORKS)
  find_package(TBB REQUIRED)
  find_package(ONNX REQUIRED)
  find_package(OpenMP COMPONENTS CXX)
endif()
if(SEAM_NETWORKS)
  # Weights and features of other programs.
  pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET GLOBAL libzip)
endif()
if(SEAM_TORCH)
  # What training, import and export need: weights of other libraries, ONNX, LibTorch.
  pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET GLOBAL hdf5-serial)
  find_package(Torch REQUIRED)
  add_library(seam_torch INTERFACE)
  target_link_libraries(seam_torch INTERFACE ${TORCH_LIBRARIES})
  # Not our code: no warnings from its headers.
  target_include_directories(seam_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
endif()
if(SEAM_TORCH AND SEAM_DISTRIBUTED)
  # c10d is in LibTorch; the headers that its Gloo part includes are a package of their own.
  find_path(GLOO_INCLUDE_DIR gloo/transport/device.h)
  find_path(C10D_INCLUDE_DIR torch/csrc/distributed/c10d/reducer.hpp HINTS ${TORCH_INCLUDE_DIRS})
  if(GLOO_INCLUDE_DIR AND C10D_INCLUDE_DIR)
    add_library(seam_c10d INTERFACE)
    target_include_directories(seam_c10d SYSTEM INTERFACE ${GLOO_INCLUDE_DIR})
    target_compile_definitions(seam_c10d INTERFACE SEAM_DISTRIBUTED $<$<BOOL:${SEAM_NCCL}>:USE_C10D_NCCL>)
    # reducer.hpp includes a header that Debian leaves out of libtorch-dev.
    if(NOT EXISTS ${C10D_INCLUDE_DIR}/torch/csrc/distributed/autograd/context/context.h)
      target_include_directories(seam_c10d SYSTEM INTERFACE ${CMAKE_SOURCE_DIR}/cmake/c10d_stand_in)
    endif()
  else()
    message(WARNING "c10d or Gloo's headers (libgloo-dev) are missing: networks will train with one process only")
  endif()
endif()
if((SEAM_EXTRACT OR SEAM_NETWORKS) AND SEAM_ONEDNN)
  find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl.hpp)
  find_library(DNNL_LIBRARY dnnl)
  if(OpenMP_CXX_FOUND AND DNNL_INCLUDE_DIR AND DNNL_LIBRARY)
    add_library(onednn UNKNOWN IMPORTED GLOBAL)
    set_target_properties(onednn PROPERTIES
      IMPORTED_LOCATION ${DNNL_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${DNNL_INCLUDE_DIR}
      INTERFACE_LINK_LIBRARIES OpenMP::OpenMP_CXX)
  else()
    message(WARNING "oneDNN (libdnnl-dev) is missing: networks run on LibTorch's slower kernels, face detectors on OpenCV's")
  endif()
endif()
if(SEAM_NETWORKS AND NOT SEAM_TORCH AND NOT TARGET onednn)
  message(WARNING "neither oneDNN (libdnnl-dev) nor LibTorch can run networks: seam-infer will not be built")
endif()
if(SEAM_TESTS)
  find_package(GTest REQUIRED)
endif()
if(SEAM_SERVE)
  pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET GLOBAL cpp-httplib)
  pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET GLOBAL sqlite3)
endif()
