"""Times `longtail score` against pycocotools on a large drawn set, one after the other.

    time_scores.py LONGTAIL FOLDER [IMAGES DETECTIONS CLASSES]      by default 5000, 500000, 1203

Writes truth.json and found.json into the folder, where they are not there yet, and prints seconds of the wall, of the processor, and peak
memory of both whole processes, files read included, best of three for longtail and one run of pycocotools; then their figures.
"""

import json
import os
import subprocess
import sys

import numpy as np

PYCOCOTOOLS = """
import contextlib, io, json, sys
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
with contextlib.redirect_stdout(io.StringIO()):
    truth = COCO(sys.argv[1])
    judge = COCOeval(truth, truth.loadRes(sys.argv[2]), "bbox")
    judge.evaluate(); judge.accumulate(); judge.summarize()
print(json.dumps([float(value) for value in judge.stats]))
"""
NAMES = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR@1", "AR@10", "AR@100", "ARs", "ARm", "ARl"]


def draw(folder, images, detections, classes):
    rng = np.random.default_rng(3)
    share = 1 / np.arange(1, classes + 1) ** 1.1
    share /= share.sum()
    objects = images * 8
    image = rng.integers(1, images + 1, objects)
    category = rng.choice(classes, objects, p=share) + 1
    size = np.exp(rng.normal(3.7, 0.9, (objects, 2))).clip(4, 400).round(2)
    corner = (rng.random((objects, 2)) * (np.array([640, 480]) - size).clip(1)).round(2)
    truth = {
        "images": [{"id": k + 1, "file_name": f"{k + 1}.jpg", "width": 640, "height": 480} for k in range(images)],
        "categories": [{"id": k + 1, "name": f"class {k + 1}"} for k in range(classes)],
        "annotations": [
            {"id": k + 1, "image_id": int(image[k]), "category_id": int(category[k]), "iscrowd": 0,
             "bbox": [*map(float, corner[k]), *map(float, size[k])], "area": float(size[k].prod())} for k in range(objects)
        ],
    }
    of = rng.integers(0, objects, detections)
    noise = rng.normal(0, 1, (detections, 4)) * rng.choice([0.02, 0.1, 0.4], detections)[:, None]
    near = np.concatenate([corner[of] + noise[:, :2] * size[of], size[of] * np.exp(noise[:, 2:])], 1).clip(0.5).round(2)
    other = rng.random(detections) < 0.4
    found_category = np.where(other, rng.choice(classes, detections, p=share) + 1, category[of])
    score = (rng.random(detections) * np.where(other, 0.6, 1)).round(4)
    found = [
        {"image_id": int(image[of[k]]), "category_id": int(found_category[k]), "bbox": near[k].tolist(), "score": float(score[k])}
        for k in range(detections)
    ]
    for name, value in [("truth", truth), ("found", found)]:
        with open(f"{folder}/{name}.json", "w") as file:
            json.dump(value, file)


def timed(command):
    """Seconds of the wall and of the processor, peak memory in MiB, and the output."""
    # GNU time is not everywhere: a small Python in between waits for the one process and asks what it used.
    script = (
        "import resource, subprocess, sys, time\n"
        "start = time.monotonic()\n"
        "code = subprocess.run(sys.argv[1:]).returncode\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    result = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(result.stderr)
    wall, processor, memory = map(float, result.stderr.strip().splitlines()[-1].split())
    return wall, processor, memory, result.stdout


def main():
    longtail, folder = sys.argv[1:3]
    images, detections, classes = map(int, sys.argv[3:6]) if len(sys.argv) > 3 else (5000, 500_000, 1203)
    if not os.path.exists(f"{folder}/found.json"):
        draw(folder, images, detections, classes)
    files = [f"{folder}/truth.json", f"{folder}/found.json"]
    runs = [timed([longtail, "score", *files, "--format", "coco", "--json"]) for _ in range(3)]
    ours = min(runs)
    theirs = timed([sys.executable, "-c", PYCOCOTOOLS, *files])
    print(f"longtail score   {ours[0]:8.2f} s, processor {ours[1]:8.2f} s, peak {ours[2]:6.0f} MiB (runs {[round(r[0], 2) for r in runs]})")
    print(f"pycocotools      {theirs[0]:8.2f} s, processor {theirs[1]:8.2f} s, peak {theirs[2]:6.0f} MiB")
    print(f"{theirs[0] / ours[0]:.1f} times as fast")
    scores = json.loads(ours[3])["scores"]
    worst = max(abs((-1 if scores[name] is None else scores[name]) - value) for name, value in zip(NAMES, json.loads(theirs[3])))
    print(f"AP {scores['AP']}, largest difference of the twelve figures {worst:.1e}")


if __name__ == "__main__":
    main()
