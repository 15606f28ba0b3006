"""Compares `longtail score` with pycocotools and lvis on drawn detections.

    compare_scores.py LONGTAIL SET.json...

For each set, its boxes and masks, three seeds: the set as it is and a hardened one (crowds, ids from 0, empty images, classes without objects),
detections with many equal scores. All figures have to agree within 1e-12. One thread and two, and the file shuffled with --ties content,
have to give the same bytes. Prints a line for each comparison; the exit code is 1 where one fails.
"""

import json
import os
import random
import subprocess
import sys
import tempfile

import numpy as np

import references


def run(longtail, *arguments):
    result = subprocess.run([longtail, "score", *arguments, "--json"], capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"longtail score {' '.join(arguments)}: {result.returncode}\n{result.stderr}")
    return json.loads(result.stdout)["scores"]


def difference(ours, theirs):
    worst = 0.0
    for name, value in theirs.items():
        if (ours[name] is None) != (value is None):
            return float("inf")
        if value is not None:
            worst = max(worst, abs(ours[name] - value))
    return worst


def main():
    longtail, paths = sys.argv[1], sys.argv[2:]
    failures = count = 0
    limit = int(os.environ.get("LONGTAIL_COMPARE_IMAGES", "150"))
    for path in paths:
        with open(path) as file:
            original = json.load(file)
        # Python's loops are slow: the first images of large sets.
        kept = {image["id"] for image in original["images"][:limit]}
        original["images"] = [image for image in original["images"] if image["id"] in kept]
        original["annotations"] = [a for a in original["annotations"] if a["image_id"] in kept]
        if os.path.basename(path).startswith("lvis"):
            # The classes that occur, and some others: the references look at every image for every class.
            present = {a["category_id"] for a in original["annotations"]}
            original["categories"] = [c for c in original["categories"] if c["id"] in present or c["id"] % 40 == 0]
            known = {c["id"] for c in original["categories"]}
            for image in original["images"]:
                for key in ["neg_category_ids", "not_exhaustive_category_ids"]:
                    image[key] = [c for c in image[key] if c in known]
        is_lvis = "neg_category_ids" in original["images"][0]
        for seed in range(int(os.environ.get("LONGTAIL_COMPARE_SEEDS", "2"))):
            rng = np.random.default_rng(seed)
            for shape in ["box", "mask"]:
                for rules in ["coco", "lvis"] if is_lvis else ["coco"]:
                    truth = references.hardened(original, rng, crowds=rules == "coco") if seed or shape == "mask" else original
                    detections = references.drawn_detections(truth, rng, shape, spread=2 + 8 * (seed % 2 == 1 and rules == "lvis"))
                    with tempfile.TemporaryDirectory() as folder:
                        truth_path, found_path = f"{folder}/truth.json", f"{folder}/found.json"
                        references.write(truth, truth_path)
                        references.write(detections, found_path)
                        arguments = [truth_path, found_path, "--format", rules, "--iou", shape]
                        ours = run(longtail, *arguments)
                        if rules == "coco":
                            theirs = references.coco_scores(truth, detections, shape)
                        else:
                            theirs = references.lvis_scores(truth, detections, shape)
                            fixed = references.lvis_scores(truth, references.best_of_each_class(detections), shape, limit=-1)
                            theirs["APfixed"] = fixed["AP"]
                        worst = difference(ours, theirs)
                        same = ours == run(longtail, *arguments, "--threads", "1")
                        steady = run(longtail, *arguments, "--ties", "content")
                        random.Random(seed).shuffle(detections)
                        random.Random(seed).shuffle(truth["annotations"])
                        random.Random(seed).shuffle(truth["images"])
                        references.write(detections, found_path)
                        references.write(truth, truth_path)
                        same = same and steady == run(longtail, *arguments, "--ties", "content", "--threads", "3")
                    ok = worst <= 1e-12 and same
                    failures += not ok
                    count += 1
                    name = os.path.basename(os.path.dirname(os.path.dirname(path))) + "/" + os.path.basename(path)
                    print(
                        f"{'equal' if ok else 'DIFFERENT'} {name} {rules} {shape} seed {seed}: {len(truth['annotations'])} objects, "
                        f"{len(detections)} detections, largest difference {worst:.1e}, AP {theirs['AP']}"
                        + ("" if same else ", order or threads matter"), flush=True)
                    if worst > 1e-12:
                        for key, value in theirs.items():
                            print(f"    {key}: {ours[key]} here, {value} there")
    print(f"{count} comparisons, {failures} failed")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
