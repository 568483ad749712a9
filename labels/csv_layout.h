#pragma once

#include "labels/layout.h"

namespace seam {

// A table path,label[,split][,group][,method]: the root is the table, and paths are relative to its folder;
// or the root is a folder, the option `csv` the table, and paths are relative to the folder. Without a group,
// names are keys as in plain folders.
DatasetLayout CsvLayout();

}  // namespace seam
