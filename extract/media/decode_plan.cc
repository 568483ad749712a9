#include "extract/media/decode_plan.h"

#include <algorithm>
#include <limits>

namespace seam {
namespace {

// The starts whose frame is shown after all frames before them and before all behind them, so that nothing is
// shown or needed across them. The first packet is one.
std::vector<bool> CleanStarts(const std::vector<ScannedPacket>& packets) {
  std::vector<bool> clean(packets.size(), false);
  double earliest_behind = std::numeric_limits<double>::infinity();
  for (std::size_t i = packets.size(); i-- > 0;) {
    clean[i] = packets[i].is_start && packets[i].pts_seconds <= earliest_behind;
    earliest_behind = std::min(earliest_behind, packets[i].pts_seconds);
  }
  double latest_before = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (packets[i].pts_seconds <= latest_before) clean[i] = false;
    latest_before = std::max(latest_before, packets[i].pts_seconds);
  }
  if (!clean.empty()) clean[0] = true;
  return clean;
}

}  // namespace

std::vector<PacketUse> PlanDecoding(const std::vector<ScannedPacket>& packets,
                                    const std::vector<double>& wanted) {
  const std::vector<bool> clean = CleanStarts(packets);
  std::vector<PacketUse> plan(packets.size(), PacketUse::kPassOver);
  std::size_t used = 0;
  bool needed = false;  // by a packet behind, up to the next start
  for (std::size_t i = packets.size(); i-- > 0;) {
    const bool shown = std::binary_search(wanted.begin(), wanted.end(), packets[i].pts_seconds);
    if (shown || needed) plan[i] = shown ? PacketUse::kShow : PacketUse::kDecode;
    needed = (shown || needed) && !clean[i];
    if (plan[i] != PacketUse::kPassOver) used = std::max(used, i + 1);
  }
  plan.resize(used);
  return plan;
}

}  // namespace seam
