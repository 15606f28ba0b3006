#!/usr/bin/env python3
"""Writes augmentation.json: what Pillow makes of small pictures by each operation of augmentation, and of a JPEG at reduced scale.

Needs Pillow and numpy:  python3 make_augmentation_values.py

Every entry names the picture it starts from, the operation with its numbers, and all pixels of the result in base64.
"""
import base64
import io
import json
import os

import numpy
import PIL
from PIL import Image, ImageEnhance, ImageFilter, ImageOps


def pattern(width, height):
    """As in make_resize_numbers.py: every value is far from its neighbours."""
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    return Image.fromarray(((x * 37 + y * 91 + c * 53 + x * y * 7) % 256).astype(numpy.uint8))


def gentle(width, height):
    """Slow changes, muted colours, not the whole range."""
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    return Image.fromarray((60 + (x * (3 + c) + y * (5 - c)) % 117 + 9 * c).astype(numpy.uint8))


def smooth(width, height):
    """Waves without edges, as most of a photograph is."""
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    waves = numpy.sin(x / 9 + c) + numpy.sin(y / 7 - c) + numpy.sin((x + y) / 15)
    return Image.fromarray((128 + 40 * waves).round().astype(numpy.uint8))


def colours(width, height):
    """Each pixel another colour, from all parts of the cube."""
    index = numpy.arange(width * height, dtype=numpy.int64).reshape(height, width)
    return Image.fromarray(numpy.stack([index * 7919 >> shift & 255 for shift in (0, 5, 10)], 2).astype(numpy.uint8))


def checksum(image):
    total = 0
    for value in numpy.asarray(image).reshape(-1).tolist():
        total = (total * 31 + value) % (1 << 32)
    return total


def flat(width, height):
    """One colour, at which histograms have one value."""
    return Image.new("RGB", (width, height), (90, 17, 200))


PICTURES = {"pattern": pattern, "gentle": gentle, "flat": flat}
FILTERS = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
GREY = (128, 128, 128)
cases = []


def add(picture, size, operation, numbers, result, text=""):
    assert result.mode == "RGB"
    cases.append({
        "picture": picture, "width": size[0], "height": size[1], "operation": operation, "numbers": numbers, "text": text,
        "resultWidth": result.width, "resultHeight": result.height, "pixels": base64.b64encode(result.tobytes()).decode()})


def hue(image, turn):
    h, s, v = image.convert("HSV").split()
    shifted = (numpy.asarray(h).astype(numpy.int32) + int(turn * 255)) % 256
    return Image.merge("HSV", (Image.fromarray(shifted.astype(numpy.uint8)), s, v)).convert("RGB")


for name in PICTURES:
    for size in ((13, 9),) if name != "pattern" else ((13, 9), (8, 12)):
        image = PICTURES[name](*size)
        for factor in (0.0, 0.1, 0.37, 1.0, 1.6, 1.9):
            add(name, size, "brightness", [factor], ImageEnhance.Brightness(image).enhance(factor))
            add(name, size, "contrast", [factor], ImageEnhance.Contrast(image).enhance(factor))
            add(name, size, "saturation", [factor], ImageEnhance.Color(image).enhance(factor))
            add(name, size, "sharpness", [factor], ImageEnhance.Sharpness(image).enhance(factor))
        for turn in (-0.5, -0.21, 0.0, 0.07, 0.5):
            add(name, size, "hue", [turn], hue(image, turn))
        for threshold in (0.0, 85.333333, 128.0, 256.0):
            add(name, size, "solarize", [threshold], ImageOps.solarize(image, threshold))
        for bits in (1, 4, 7, 8):
            add(name, size, "posterize", [bits], ImageOps.posterize(image, bits))
        add(name, size, "invert", [], ImageOps.invert(image))
        add(name, size, "autoContrast", [], ImageOps.autocontrast(image))
        add(name, size, "equalize", [], ImageOps.equalize(image))
        add(name, size, "grey", [], image.convert("L").convert("RGB"))
        add(name, size, "mirror", [], ImageOps.mirror(image))
        add(name, size, "flip", [], ImageOps.flip(image))
        for deviation in (0.1, 0.73, 1.4, 2.0, 6.5):
            add(name, size, "blur", [deviation], image.filter(ImageFilter.GaussianBlur(deviation)))

size = (41, 37)
add("gentle", size, "equalize", [], ImageOps.equalize(gentle(*size)))

for name, size in (("pattern", (13, 9)), ("gentle", (16, 16))):
    image = PICTURES[name](*size)
    for text, resample in FILTERS.items():
        for degrees in (0.0, 3.3333333333, 30.0, -17.25, 90.0, 180.0, 271.0, 400.5):
            add(name, size, "rotate", [degrees], image.rotate(degrees, resample, fillcolor=GREY), text)
        for numbers in ([1, 0.3, 0, 0, 1, 0], [1, -0.1333333333, 0, 0, 1, 0], [1, 0, 0, 0.2666666667, 1, 0], [1, 0, 4.1, 0, 1, -2.6],
                        [1.7, 0, -1.3, 0, 0.6, 0.2], [0.9, 0.3, -1.5, -0.2, 1.1, 2.5]):
            add(name, size, "affine", numbers, image.transform(size, Image.AFFINE, numbers, resample, fillcolor=GREY), text)
        for numbers in ([0.9, 0.05, 1, 0.1, 1.05, -1, 0.01, -0.006], [1, 0, 0, 0, 1, 0, 0.03, 0.02]):
            add(name, size, "perspective", numbers, image.transform((11, 14), Image.PERSPECTIVE, numbers, resample, fillcolor=GREY), text)

for name, size, box, target in (("pattern", (40, 30), (3, 2, 33, 27), (12, 10)), ("pattern", (40, 30), (2.25, 1.5, 36.5, 29.75), (14, 11)),
                                ("gentle", (40, 30), (10.5, 3.125, 18.5, 20.0), (16, 20)), ("pattern", (9, 9), (0, 0, 9, 9), (9, 9)),
                                ("gentle", (30, 20), (5, 5, 15, 15), (10, 10)), ("gentle", (30, 20), (5.5, 5, 15.5, 15), (10, 10))):
    add(name, size, "box", [*box, *target], PICTURES[name](*size).resize(target, Image.BILINEAR, box=box))
    if all(float(v).is_integer() for v in box):
        add(name, size, "cropThenResize", [*box, *target], PICTURES[name](*size).crop(box).resize(target, Image.BILINEAR))

checksums = []
image = colours(256, 128)
for turn in (-0.45, -0.02, 0.0, 0.1, 0.33):
    checksums.append({"operation": "hue", "number": turn, "sum": checksum(hue(image, turn))})
for factor in (0.13, 0.71, 1.27, 1.9):
    checksums.append({"operation": "saturation", "number": factor, "sum": checksum(ImageEnhance.Color(image).enhance(factor))})
    checksums.append({"operation": "sharpness", "number": factor, "sum": checksum(ImageEnhance.Sharpness(image).enhance(factor))})
    checksums.append({"operation": "contrast", "number": factor, "sum": checksum(ImageEnhance.Contrast(image).enhance(factor))})
checksums.append({"operation": "equalize", "number": 0, "sum": checksum(ImageOps.equalize(image))})
for deviation in (0.9, 3.3, 11.0):
    checksums.append({"operation": "blur", "number": deviation, "sum": checksum(image.filter(ImageFilter.GaussianBlur(deviation)))})
for degrees in (7.0, 133.3):
    checksums.append({"operation": "rotate", "number": degrees, "sum": checksum(image.rotate(degrees, Image.BICUBIC, fillcolor=GREY))})

jpegs = []
for subsampling in (0, 2):
    stream = io.BytesIO()
    smooth(98, 71).save(stream, "JPEG", quality=88, subsampling=subsampling)
    entry = {"file": base64.b64encode(stream.getvalue()).decode(), "width": 98, "height": 71, "reduced": []}
    for divisor in (1, 2, 4, 8):
        with Image.open(io.BytesIO(stream.getvalue())) as image:
            size = (-(-98 // divisor), -(-71 // divisor))
            image.draft("RGB", (98 // divisor, 71 // divisor))
            image.load()
            assert image.size == size, (image.size, size)
            entry["reduced"].append({"divisor": divisor, "pixels": base64.b64encode(image.tobytes()).decode()})
    jpegs.append(entry)

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "augmentation.json"), "w") as file:
    json.dump({"pillow": PIL.__version__, "cases": cases, "checksums": checksums, "jpegs": jpegs}, file, indent=0)
    file.write("\n")
print(len(cases), "cases")
