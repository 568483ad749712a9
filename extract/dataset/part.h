#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "labels/video.h"

namespace seam {

// One of the equal parts that an extraction is divided into, for the jobs of an array.
struct Part {
  int index = 1, count = 1;  // the first is 1
};

// The numbers of the part's videos, ascending. They are dealt out in turn, so that no part gets all the long
// ones of a folder. A fake goes where its real goes, whose boxes it may need.
std::vector<std::size_t> GatherVideos(const Part& part, const std::vector<Video>& videos);

// Of "I/N", I from 1 to N; none of "". "auto" asks the scheduler: SLURM_ARRAY_TASK_ID, which counts from
// SLURM_ARRAY_TASK_MIN in steps of SLURM_ARRAY_TASK_STEP, and SLURM_ARRAY_TASK_COUNT; else Kubernetes'
// JOB_COMPLETION_INDEX, which counts from 0, and the N of "auto/N" or JOB_COMPLETION_COUNT. A UsageError for
// anything else.
std::optional<Part> ParsePart(const std::string& text);

}  // namespace seam
