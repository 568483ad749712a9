#ifndef SEAM_DETECTOR_C_H_
#define SEAM_DETECTOR_C_H_

/* Seam as a C library: <seam/detector.h> without C++, for any language that calls C (docs/library.md). No
 * exception passes this border. Handles are opaque; each is freed by its own function, which takes NULL, too.
 * Texts are UTF-8 where paths are, end with a zero byte, and belong to the handle that gave them. */

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Grows when something is added. What a number promises stays as it is for as long as the library's soname
 * stays. */
#define SEAM_C_VERSION 1

/* SEAM_C_VERSION of the library that was loaded: at least that of the header that a program was compiled
 * with. */
int seam_c_version(void);
/* The release, such as "0.2.0". */
const char* seam_version(void);

typedef enum seam_verdict {
  SEAM_VERDICT_FAKE = 0,
  SEAM_VERDICT_UNCERTAIN = 1,
  SEAM_VERDICT_REAL = 2,
  SEAM_VERDICT_NO_FACE = 3,
  SEAM_VERDICT_ERROR = 4
} seam_verdict;

typedef struct seam_detector seam_detector;
typedef struct seam_detection seam_detection;

/* One person of a detection. */
typedef struct seam_person {
  int number;     /* as in the files that `seam infer` writes */
  int counts;     /* 1: seen in enough frames to decide the video's score */
  int decides;    /* 1: the video's score is this person's */
  double score;   /* P(fake), of all moments together */
  size_t moments; /* so many of them, at least one */
} seam_person;

/* One score of the network: of a frame, or of a window of frames. */
typedef struct seam_moment {
  double begin_seconds, end_seconds; /* in the video's own time; equal for a frame */
  double score;                      /* P(fake) */
  double x, y, width, height;        /* of the face in the first frame, in pixels of the upright frame */
} seam_moment;

/* Loads the network. `options` are `count` texts, those of `seam infer` that scores depend on
 * ("--frames=16"); NULL where count is 0. NULL is returned where it fails, and seam_last_error() says why. */
seam_detector* seam_detector_new(const char* const* options, size_t count);
void seam_detector_free(seam_detector* detector);

/* Scores one file; any number of threads may do so with one detector. A file that cannot be read is a
 * detection, with SEAM_VERDICT_ERROR. NULL is returned where the machine lacks something, and
 * seam_last_error() says what. */
seam_detection* seam_detector_score(const seam_detector* detector, const char* path);
void seam_detection_free(seam_detection* detection);

seam_verdict seam_detection_verdict(const seam_detection* detection);
/* P(fake), from 0 to 1; NaN where nothing could be scored. */
double seam_detection_score(const seam_detection* detection);
/* The calibrated probability of fake; NaN where there is none. */
double seam_detection_probability(const seam_detection* detection);
double seam_detection_threshold(const seam_detection* detection);
/* "ok", "no_face", "unreadable" and so on. */
const char* seam_detection_status(const seam_detection* detection);
/* Why the status is not "ok", and what to keep in mind; "" where there is nothing. */
const char* seam_detection_reason(const seam_detection* detection);
/* Why the verdict is what it is, in sentences for people, with a space between them. */
const char* seam_detection_explanation(const seam_detection* detection);
/* The line that `seam infer --jsonl` writes of the file: everything that is known, in JSON. */
const char* seam_detection_json(const seam_detection* detection);

size_t seam_detection_people(const seam_detection* detection);
/* Both fill *out and return 1, or return 0 where there is no such person or moment. */
int seam_detection_person(const seam_detection* detection, size_t person, seam_person* out);
int seam_detection_moment(const seam_detection* detection, size_t person, size_t moment, seam_moment* out);

/* What went wrong in this thread's last call that returned NULL: a line, and a second one with a hint where
 * there is one. "" where nothing did. It belongs to the library, and lasts until this thread's next such
 * call. */
const char* seam_last_error(void);

#ifdef __cplusplus
}
#endif

#endif /* SEAM_DETECTOR_C_H_ */
