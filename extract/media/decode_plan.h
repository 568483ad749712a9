#pragma once

#include <cstdint>
#include <vector>

namespace seam {

// A packet of a video stream, whose packets stand in order of decoding.
struct ScannedPacket {
  double pts_seconds = 0;
  // Whether its frame needs no other, and none behind it in this order needs one before it.
  bool is_start = false;
};

enum class PacketUse : std::uint8_t {
  kPassOver,  // no frame wanted needs it
  kDecode,    // frames wanted may need it; its own frame may be dropped if none does
  kShow,      // its frame is wanted
};

// What to do with each of `packets` to get the frames shown at the times `wanted` (ascending). Their pixels
// are those that decoding everything gives. Ends behind the last packet that is used.
std::vector<PacketUse> PlanDecoding(const std::vector<ScannedPacket>& packets,
                                    const std::vector<double>& wanted);

}  // namespace seam
