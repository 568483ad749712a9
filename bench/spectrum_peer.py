#!/usr/bin/python3
"""Azimuthal features as a NumPy and SciPy loop: what a Python user writes.

usage: spectrum_peer.py OUTPUT.npy FEATURES PICTURE...
FEATURES numbers of each whole grey picture. Needs Debian's python3-numpy, python3-scipy and python3-opencv.
"""
import sys
import time

import cv2
import numpy as np
from scipy.interpolate import griddata


def azimuthal_mean(values):
    y, x = np.indices(values.shape)
    centre = np.array([(x.max() - x.min()) / 2.0, (y.max() - y.min()) / 2.0])
    distance = np.hypot(x - centre[0], y - centre[1])
    order = np.argsort(distance.flat)
    sorted_distance = distance.flat[order]
    sorted_values = values.flat[order]
    rings = sorted_distance.astype(int)
    ends = np.where(rings[1:] - rings[:-1])[0]
    counts = ends[1:] - ends[:-1]
    sums = np.cumsum(sorted_values, dtype=float)
    return (sums[ends[1:]] - sums[ends[:-1]]) / counts


def features(picture, count):
    transform = np.fft.fftshift(np.fft.fft2(picture)) + 1e-8
    mean = azimuthal_mean(20 * np.log(np.abs(transform)))
    places = np.linspace(0, count, num=mean.size)
    result = griddata(places, mean, np.linspace(0, count, num=count), method="cubic")
    return result / result[0]


def main():
    output, count, paths = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    start = time.time()
    rows = np.array([features(cv2.imread(path, 0), count) for path in paths])
    np.save(output, rows)
    print(f"{len(paths)} pictures, {time.time() - start:.2f} seconds")


main()
