#pragma once

#include "labels/layout.h"

namespace seam {

// FaceForensics++ and, in the same tree, DeepFakeDetection (DFD):
//
//   original_sequences/{youtube,actors}/{raw,c23,c40}/videos/*.mp4
//   manipulated_sequences/<method>/{raw,c23,c40}/videos/*.mp4
//   splits/{train,val,test}.json    pairs of ids
//
// Copies that are handed on lie flat: a folder for each method beside the originals',
//
//   FaceForensics++_C23/{original,Deepfakes,Face2Face,FaceShifter,FaceSwap,NeuralTextures,...}/*.mp4
//
// perhaps in train/, val/ and test/; the compression is told by the root's name or by a folder, or not at
// all. Also c0 for raw, hq for c23, lq for c40. An original is `033.mp4`; a fake `<target>_<source>.mp4`
// joins both ids. In DFD an original is `<actor>__<scene>.mp4`, a fake `<target>_<source>__<scene>__<8
// letters>.mp4`, and no list says a split. See Note [Actors of DFD].
DatasetLayout FaceForensicsLayout();

}  // namespace seam
