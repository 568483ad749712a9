#!/usr/bin/env python3
"""score.py VIDEO...: prints the verdict of each video with its reasons, and the score and times of each person.

It calls the C interface of Seam's library through ctypes, and needs nothing else. $SEAM_LIBRARY names the library
where the loader does not find it.
"""

import ctypes
import os
import sys

OLDEST_VERSION = 1  # of the C interface that this file needs
VERDICTS = ("fake", "uncertain", "real", "no_face", "error")


class Person(ctypes.Structure):
    _fields_ = [("number", ctypes.c_int), ("counts", ctypes.c_int), ("decides", ctypes.c_int),
                ("score", ctypes.c_double), ("moments", ctypes.c_size_t)]


class Moment(ctypes.Structure):
    _fields_ = [(name, ctypes.c_double)
                for name in ("begin_seconds", "end_seconds", "score", "x", "y", "width", "height")]


def load_library():
    library = ctypes.CDLL(os.environ.get("SEAM_LIBRARY", "libseam.so.0.2"))
    handle, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
    # Without these, ctypes takes every argument and result for an int.
    signatures = {
        "seam_c_version": (ctypes.c_int, []),
        "seam_last_error": (text, []),
        "seam_detector_new": (handle, [ctypes.POINTER(text), size]),
        "seam_detector_free": (None, [handle]),
        "seam_detector_score": (handle, [handle, text]),
        "seam_detection_free": (None, [handle]),
        "seam_detection_verdict": (ctypes.c_int, [handle]),
        "seam_detection_score": (ctypes.c_double, [handle]),
        "seam_detection_reason": (text, [handle]),
        "seam_detection_explanation": (text, [handle]),
        "seam_detection_people": (size, [handle]),
        "seam_detection_person": (ctypes.c_int, [handle, size, ctypes.POINTER(Person)]),
        "seam_detection_moment": (ctypes.c_int, [handle, size, size, ctypes.POINTER(Moment)]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    if library.seam_c_version() < OLDEST_VERSION:
        sys.exit("error: this libseam is too old")
    return library


def print_detection(library, video, detection):
    score = library.seam_detection_score(detection)
    told = "" if score != score else f", score {score!r}"  # NaN: nothing could be scored
    print(f"{video}: {VERDICTS[library.seam_detection_verdict(detection)]}{told}")
    for line in (library.seam_detection_reason(detection), library.seam_detection_explanation(detection)):
        if line:
            print(" ", line.decode())
    for i in range(library.seam_detection_people(detection)):
        person, first, last = Person(), Moment(), Moment()
        library.seam_detection_person(detection, i, person)
        library.seam_detection_moment(detection, i, 0, first)
        library.seam_detection_moment(detection, i, person.moments - 1, last)
        print(f"  person {person.number}: {person.score:.4f},"
              f" from {first.begin_seconds:.2f} s to {last.end_seconds:.2f} s")


def main(videos):
    if not videos:
        sys.exit("usage: score.py VIDEO...")
    library = load_library()
    options = [b"--frames=16"]
    detector = library.seam_detector_new((ctypes.c_char_p * len(options))(*options), len(options))
    if not detector:
        sys.exit("error: " + library.seam_last_error().decode())
    try:
        for video in videos:
            detection = library.seam_detector_score(detector, os.fsencode(video))
            if not detection:
                sys.exit("error: " + library.seam_last_error().decode())
            print_detection(library, video, detection)
            library.seam_detection_free(detection)
    finally:
        library.seam_detector_free(detector)


if __name__ == "__main__":
    main(sys.argv[1:])
