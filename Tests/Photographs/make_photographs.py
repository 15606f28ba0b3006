"""Makes files in the shape of ImageNet-LT: JPEGs of about 500x375 pixels with a long tail of classes, and lists of them.

    python3 make_photographs.py DIRECTORY [--images 4000] [--classes 1000] [--workers 2]

DIRECTORY gets images/CCCC/NNNN.jpg, train.txt with `path label` a line, and test.txt with one image a class of the
first 50. Counts fall by an equal ratio from class to class; the rarest class has one image. What is drawn are sums of
noise at all scales, with a spectrum that falls as that of photographs does, so that a file has some 100 kB and a
decoder as much to do as with a photograph. The same arguments make the same files. Needs numpy and Pillow.
"""
import argparse
import os
from multiprocessing import Pool

import numpy as np
from PIL import Image


def class_counts(images, classes):
    """Whole numbers from many to 1 with an equal ratio between neighbours, which add up to `images`."""
    low, high = 1.0, float(images)
    for _ in range(200):
        most = (low + high) / 2
        total = sum(max(1, int(most ** (1 - c / (classes - 1)))) for c in range(classes))
        low, high = (most, high) if total < images else (low, most)
    counts = [max(1, int(low ** (1 - c / (classes - 1)))) for c in range(classes)]
    for c in range(images - sum(counts)):
        counts[c % classes] += 1
    return counts


def size(rng):
    """Most photographs of ImageNet are 500x375, some upright, some of another shape."""
    kind = rng.random()
    if kind < 0.55:
        return 500, 375
    if kind < 0.70:
        return 375, 500
    return int(rng.integers(300, 641)), int(rng.integers(250, 501))


def picture(number):
    """Noise of 3, 6, 12, ... pixels, each finer layer weaker, around a colour of its own."""
    rng = np.random.default_rng([20, number])
    width, height = size(rng)
    total = np.zeros((height, width, 3), np.float32)
    cells, strength = 3, 45.0
    while cells < 2 * max(width, height):
        shape = (min(height, max(2, cells * height // width)), min(width, cells))
        layer = rng.standard_normal((*shape, 3)).astype(np.float32)
        layer = 1.4 * layer.mean(2, keepdims=True) + 0.3 * layer  # mostly grey, as photographs are
        planes = [Image.fromarray(layer[:, :, c]).resize((width, height), Image.BILINEAR) for c in range(3)]
        total += strength * np.stack([np.asarray(plane) for plane in planes], 2)
        cells, strength = cells * 2, strength * 0.84
    total += rng.uniform(60, 190, 3).astype(np.float32)
    return Image.fromarray(np.clip(total, 0, 255).astype(np.uint8))


def write(job):
    path, number = job
    picture(number).save(path, quality=90)
    return os.path.getsize(path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("--images", type=int, default=4000)
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    jobs, lists, number = [], {"train": [], "test": []}, 0
    counts = class_counts(options.images, options.classes)
    for split, wanted in (("train", counts), ("test", [1] * min(50, options.classes))):
        for label, count in enumerate(wanted):
            folder = f"images/{split}/{label:04d}"
            os.makedirs(f"{options.directory}/{folder}", exist_ok=True)
            for place in range(count):
                path = f"{folder}/{place:04d}.jpg"
                lists[split].append(f"{path} {label}\n")
                jobs.append((f"{options.directory}/{path}", number))
                number += 1
    with Pool(options.workers) as pool:
        sizes = pool.map(write, jobs, chunksize=16)
    for split, lines in lists.items():
        with open(f"{options.directory}/{split}.txt", "w") as file:
            file.writelines(lines)
    print(f"{counts[0]} to {counts[-1]} images a class, {len(lists['train'])} in all, {np.mean(sizes) / 1000:.0f} kB each")


if __name__ == "__main__":
    main()
