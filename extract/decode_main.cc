// seam-decode: decodes videos and pictures for other programs of Seam, in a sandbox (docs/hostile-input.md).

#include "extract/media/decoder_server.h"

#include "base/error.h"

int main(int argc, char** argv) {
  try {
    return seam::ServeDecoding({argv + 1, argv + argc});
  } catch (const seam::Error& error) {
    return error.exit_code();
  }
}
