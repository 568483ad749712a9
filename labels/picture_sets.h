#pragma once

#include "labels/layout.h"

namespace seam {

// Datasets of whole pictures, most of them made by GANs and diffusion models.

// DFFD: Dang et al., "On the Detection of Digital Face Manipulation", CVPR 2020. Reals in img_align_celeba/,
// whose list_eval_partition.txt says the split (0, 1, 2), and in ffhq/; fakes in pggan_v1/, pggan_v2/,
// stylegan_celeba/, stylegan_ffhq/, faceapp/, stargan/, the methods. Within these train/, validation/, test/.
DatasetLayout DffdLayout();

// COCOFake: Amoroso et al., "Parents and Children: Distinguishing Multimodal DeepFakes from Natural Images",
// 2023: train2014/NAME/*.jpg, the fakes of COCO's picture NAME, which `reals` holds as train2014/NAME.jpg;
// the same of val2014, which is the test. A picture and its fakes are one group.
DatasetLayout CocoFakeLayout();

// CIFAKE: Bird, Lotfi, "CIFAKE: Image Classification and Explainable Identification of AI-Generated Synthetic
// Images", 2023: train/REAL, train/FAKE, test/REAL, test/FAKE. Each picture is a group.
DatasetLayout CifakeLayout();

// The folders of a challenge: 0-NAME holds the reals of a source (0-CelebA), 1-NAME what a generator made
// (1-StarGAN). NAME is the method. Each picture is a group; Seam splits.
DatasetLayout ChallengeLayout();

// Pictures whose names say what they are: those that begin with `label_prefix` are fake, all others real.
DatasetLayout NamedLayout();

}  // namespace seam
