#pragma once

#include "extract/faces/dense_landmarks.h"
#include "extract/faces/detectors.h"
#include "extract/faces/extract_faces.h"

namespace seam {

// One video's way: decode, sample, detect, track, crop, with some frames in work at once on up to `jobs`
// threads of the caller's. The clips go to `sink`, whose Finish() is left to the caller. `landmarks` may be
// nullptr: none are wanted. A video that fails is a summary; what the sink throws, and std::bad_alloc, come
// out here. Where options.cancel ends it, the summary tells of the part before.
VideoSummary RunVideo(const VideoTask& task, const ExtractOptions& options, int jobs, Detectors* detectors,
                      const LandmarkPredictor* landmarks, ClipSink* sink);

}  // namespace seam
