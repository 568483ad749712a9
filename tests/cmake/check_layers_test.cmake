# cmake -D CHECK=<CheckLayers.cmake> -D TREE=<scratch folder> -P check_layers_test.cmake
# Runs the layer check on small trees made here: each break must be found, at its line, and nothing else.
cmake_policy(VERSION 3.25)

# check(): runs the check on the tree, into `status` and `output`.
macro(check)
  execute_process(COMMAND ${CMAKE_COMMAND} -D SOURCE=${TREE} -P ${CHECK}
                  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
endmacro()

function(expect_clean)
  check()
  if(NOT status EQUAL 0)
    message(SEND_ERROR "a clean tree was refused:\n${output}")
  endif()
endfunction()

# expect_found(FILE TEXT EXPECTED): with FILE holding TEXT, the check must fail with a line that begins EXPECTED,
# and with no other.
function(expect_found file text expected)
  file(WRITE ${TREE}/${file} "${text}")
  check()
  file(REMOVE ${TREE}/${file})
  if(status EQUAL 0)
    message(SEND_ERROR "not found: ${expected}")
  endif()
  string(FIND "\n${output}" "\n${expected}" position)
  string(REGEX MATCHALL "[^\n]+:[0-9]+: " found "${output}")
  list(LENGTH found count)
  if(position EQUAL -1 OR NOT count EQUAL 1)
    message(SEND_ERROR "expected one line that begins with\n${expected}\ngot\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${TREE})
check()
if(status EQUAL 0)
  message(SEND_ERROR "a tree without sources was accepted")
endif()

file(WRITE ${TREE}/base/error.h "#include <string>\n")
file(WRITE ${TREE}/train/main.cc "#include <torch/types.h>\n#include \"base/error.h\"\n#include \"proto/clip.pb.h\"\n")
file(WRITE ${TREE}/extract/video.cc "extern \"C\" {\n#include <libavformat/avformat.h>\n}\n#include <opencv2/dnn.hpp>\n")
file(WRITE ${TREE}/tests/any_test.cc "#include \"train/main.h\"\n#include <dlib/geometry.h>\n")
file(WRITE ${TREE}/infer/CMakeLists.txt "")
expect_clean()

expect_found(base/a.h "#pragma once\n\n#include \"proto/shard.h\"\n" "base/a.h:3: proto/shard.h: base may")
expect_found(proto/deep/a.cc "  #  include <labels/split.h>\n" "proto/deep/a.cc:1: labels/split.h: proto may")
expect_found(train/a.cc "\n#include \"extract/video.h\"  // why\n" "train/a.cc:2: extract/video.h: train may")
expect_found(train/a.cc "#include <dlib/geometry.h>\n" "train/a.cc:1: dlib/geometry.h: detectors headers")
expect_found(train/a.cc "#include <libswscale/swscale.h>\n" "train/a.cc:1: libswscale/swscale.h: ffmpeg headers")
expect_found(infer/a.cc "#include <opencv2/objdetect/face.hpp>\n" "infer/a.cc:1: opencv2/objdetect/face.hpp: det")
expect_found(extract/a.cc "#include <ATen/ATen.h>\n" "extract/a.cc:1: ATen/ATen.h: torch headers")
expect_found(evaluate/a.cc "#include <c10/util/Half.h>\n" "evaluate/a.cc:1: c10/util/Half.h: torch headers")
expect_found(models/a.cc "#include \"evaluate/metrics.h\"\n" "models/a.cc:1: evaluate/metrics.h: models may")
expect_found(cli/a.cc "#include \"tests/support/support.h\"\n" "cli/a.cc:1: tests/support/support.h: only tests")
expect_found(labels/a.cc "#include \"../train/main.h\"\n" "labels/a.cc:1: ../train/main.h: name headers")
expect_found(spectrum/CMakeLists.txt "" "spectrum/CMakeLists.txt:1: the folder spectrum has no row")
expect_clean()
file(REMOVE_RECURSE ${TREE})
