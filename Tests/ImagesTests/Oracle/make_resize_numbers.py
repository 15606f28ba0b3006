#!/usr/bin/env python3
"""Writes ../ResizeNumbers.swift: what Pillow makes of a small pattern at several sizes.

Needs Pillow and numpy:  python3 make_resize_numbers.py
"""
import os

import numpy
import PIL
from PIL import Image


def pattern(width, height):
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    return ((x * 37 + y * 91 + c * 53 + x * y * 7) % 256).astype(numpy.uint8)


def checksum(array):
    total = 0
    for value in array.reshape(-1).tolist():
        total = (total * 31 + value) % (1 << 32)
    return total


lines = [
    f"// Written by Oracle/make_resize_numbers.py with Pillow {PIL.__version__}.",
    "",
    "/// A resize, and a checksum of what Pillow gives.",
    "struct ResizeCase {",
    "  var source: (Int, Int)",
    "  var target: (Int, Int)",
    "  var bilinear: UInt32",
    "  var nearest: UInt32",
    "}",
    "",
    "let resizeCases: [ResizeCase] = [",
]
for source, target in [
    ((7, 5), (3, 2)), ((7, 5), (14, 10)), ((7, 5), (5, 5)), ((7, 5), (7, 3)), ((7, 5), (1, 1)), ((1, 1), (4, 3)),
    ((100, 60), (30, 18)), ((48, 36), (25, 19)), ((60, 45), (64, 48)), ((33, 90), (30, 110)), ((90, 70), (81, 63)),
]:
    array = pattern(*source)
    bilinear = numpy.asarray(Image.fromarray(array).resize(target, Image.BILINEAR))
    nearest = numpy.asarray(Image.fromarray(array[:, :, 0]).resize(target, Image.NEAREST))
    lines.append(
        f"  ResizeCase(source: {source}, target: {target}, bilinear: {checksum(bilinear)}, nearest: {checksum(nearest)}),"
    )
lines += ["]", "", "/// The pattern of 7 x 5, shrunk to 3 x 2 by the triangle filter."]
small = numpy.asarray(Image.fromarray(pattern(7, 5)).resize((3, 2), Image.BILINEAR)).reshape(-1).tolist()
lines.append(f"let shrunkPattern: [UInt8] = {small}")
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ResizeNumbers.swift"), "w") as file:
    file.write("\n".join(lines) + "\n")
