#!/usr/bin/env python3
"""Writes warps.json: what Pillow makes of pictures and labels by meshes, shears about the middle and gammas, and numpy by noise.

Needs Pillow, numpy and scipy:  python3 make_warp_values.py

Pixels are in base64. The noise draws its words from Philox 4x32 with ten rounds, written out below.
"""
import base64
import json
import os
from statistics import NormalDist

import numpy
import PIL
import scipy.ndimage
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
FILL = (124, 116, 104)


def gentle(width, height):
    """As in make_augmentation_values.py."""
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    return Image.fromarray((60 + (x * (3 + c) + y * (5 - c)) % 117 + 9 * c).astype(numpy.uint8))


def pattern(width, height):
    """As in make_augmentation_values.py."""
    y, x, c = numpy.mgrid[0:height, 0:width, 0:3]
    return Image.fromarray(((x * 37 + y * 91 + c * 53 + x * y * 7) % 256).astype(numpy.uint8))


def classes(width, height):
    """Blocks and stripes of seven classes, some of them ignored."""
    y, x = numpy.mgrid[0:height, 0:width]
    labels = ((x // 3 + y // 2 * 5) % 7).astype(numpy.uint8)
    labels[(x * y) % 11 == 7] = 255
    return Image.fromarray(labels)


def text(image):
    return base64.b64encode(image.tobytes()).decode()


def mesh(size, cells, strength, seed):
    """A grid whose inner corners move: boxes with the quadrilaterals that they show, and the corners row by row."""
    random = numpy.random.default_rng(seed)
    width, height = size
    columns = [width * k // cells for k in range(cells + 1)]
    rows = [height * k // cells for k in range(cells + 1)]
    corners = []
    for j, y in enumerate(rows):
        for i, x in enumerate(columns):
            dx = dy = 0.0
            if 0 < i < cells:
                dx = float(random.uniform(-strength, strength)) * width / cells
            if 0 < j < cells:
                dy = float(random.uniform(-strength, strength)) * height / cells
            corners.append((x + dx, y + dy))
    parts = []
    for j in range(cells):
        for i in range(cells):
            nw, ne = corners[j * (cells + 1) + i], corners[j * (cells + 1) + i + 1]
            sw, se = corners[(j + 1) * (cells + 1) + i], corners[(j + 1) * (cells + 1) + i + 1]
            parts.append(((columns[i], rows[j], columns[i + 1], rows[j + 1]), (*nw, *sw, *se, *ne)))
    return columns, rows, corners, parts


meshes = []
for size, cells, strength in (((41, 29), 4, 0.4), ((24, 24), 3, 0.3), ((17, 30), 5, 0.49), ((20, 12), 1, 0.0)):
    columns, rows, corners, parts = mesh(size, cells, strength, cells)
    # One with corners outside the picture, as behind a turn.
    for shift in (0.0, 3.75):
        moved = [((box), tuple(v + shift for v in quad)) for box, quad in parts]
        image, labels = gentle(*size), classes(*size)
        meshes.append({
            "width": size[0], "height": size[1], "columns": columns, "rows": rows,
            "corners": [v + shift for corner in corners for v in corner],
            "bilinear": text(image.transform(size, Image.MESH, moved, Image.BILINEAR, fillcolor=FILL)),
            "nearest": text(image.transform(size, Image.MESH, moved, Image.NEAREST, fillcolor=FILL)),
            "labels": text(labels.transform(size, Image.MESH, moved, Image.NEAREST, fillcolor=255))})

planes = []
for numbers in ([1, 0.25, 0, 0, 1, 0], [0.9, 0.3, -1.5, -0.2, 1.1, 2.5], [1.7, 0, -1.3, 0, 0.6, 0.2]):
    size = (31, 22)
    planes.append({
        "numbers": numbers, "labels": text(classes(*size).transform(size, Image.AFFINE, numbers, Image.NEAREST, fillcolor=255))})
for numbers in ([0.9, 0.05, 1, 0.1, 1.05, -1, 0.01, -0.006], [1, 0, 0, 0, 1, 0, 0.03, 0.02]):
    size = (31, 22)
    planes.append({
        "numbers": numbers, "labels": text(classes(*size).transform(size, Image.PERSPECTIVE, numbers, Image.NEAREST, fillcolor=255))})


def gamma(image, power):
    """torchvision.transforms.functional.adjust_gamma for Pillow's pictures."""
    table = [int((255 + 1 - 1e-3) * pow(value / 255.0, power)) for value in range(256)] * 3
    return image.point(table)


gammas = [{"power": power, "pixels": text(gamma(pattern(19, 14), power))} for power in (0.2, 0.5, 0.8, 1.0, 1.25, 2.0, 5.0)]


def philox(counter, sample, epoch, key):
    """Four words of 32 bits."""
    mask = 0xFFFFFFFF
    c = [counter & mask, counter >> 32 & mask, sample & mask, epoch & mask]
    k0, k1 = key & mask, key >> 32 & mask
    for _ in range(10):
        a, b = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(b >> 32) ^ c[1] ^ k0, b & mask, (a >> 32) ^ c[3] ^ k1, a & mask]
        k0, k1 = (k0 + 0x9E3779B9) & mask, (k1 + 0xBB67AE85) & mask
    return c


def noise(image, deviation, seed, purpose, epoch, sample, start):
    values = numpy.asarray(image).reshape(-1)
    key = (seed + 0x9E3779B97F4A7C15 * purpose) & (1 << 64) - 1
    steps = []
    block = 0
    while len(steps) < len(values):
        for word in philox(start + block, sample, epoch, key):
            steps += [(word & 0xFFFF) >> 4, word >> 20]
        block += 1
    table = numpy.array([NormalDist().inv_cdf((k + 0.5) / 4096) for k in range(4096)], dtype=numpy.float32)
    sums = values.astype(numpy.float32) + numpy.float32(deviation) * table[steps[: len(values)]]
    return numpy.clip(numpy.rint(sums), 0, 255).astype(numpy.uint8)


noises = []
for deviation, epoch, sample, step in ((3.0, 0, 0, 1), (12.5, 2, 9, 5), (90.0, 1, 3, 2)):
    result = noise(pattern(21, 13), deviation, 7, 3, epoch, sample, step << 20)
    noises.append({
        "deviation": deviation, "epoch": epoch, "sample": sample, "step": step, "pixels": base64.b64encode(result.tobytes()).decode()})

regions = []
for width, height, density in ((12, 9, 0.45), (30, 21, 0.4), (30, 21, 0.6), (1, 7, 0.7), (9, 1, 0.7)):
    random = numpy.random.default_rng(width)
    labels = (random.random((height, width)) < density).astype(numpy.uint8) * 3
    numbered, count = scipy.ndimage.label(labels == 3, structure=numpy.ones((3, 3)))
    found = []
    for number, (y, x) in enumerate(scipy.ndimage.find_objects(numbered), 1):
        mask = numbered[y, x] == number
        found.append({
            "x": [x.start, x.stop], "y": [y.start, y.stop], "area": int(mask.sum()),
            "mask": base64.b64encode(mask.astype(numpy.uint8).tobytes()).decode()})
    regions.append({"width": width, "height": height, "labels": base64.b64encode(labels.tobytes()).decode(), "regions": found})

with open(os.path.join(HERE, "warps.json"), "w") as file:
    json.dump({
        "pillow": PIL.__version__, "meshes": meshes, "planes": planes, "gammas": gammas, "noises": noises, "regions": regions}, file, indent=0)
    file.write("\n")
print(len(meshes), "meshes", len(regions), "maps")
