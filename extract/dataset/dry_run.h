#pragma once

#include "extract/dataset/dataset_plan.h"
#include "extract/dataset/dataset_writer.h"
#include "extract/faces/extract_faces.h"

namespace seam {

// Prints on stdout what an extraction would give, as a table or as one JSON object, and writes nothing. It
// tells videos by split, label and method, the groups, and the expected size and time. These are measured: a
// few videos, spread evenly over the sizes of the files, are extracted into nothing. An Error when
// `extract.cancel` ends it.
void PrintDryRun(const DatasetPlan& plan, const ExtractOptions& extract, const DatasetWriterOptions& writer,
                 bool json);

}  // namespace seam
