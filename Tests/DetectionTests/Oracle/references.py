"""Scores of the references, and sets and detections that are drawn to be hard for judges. Needs numpy, pycocotools and, for LVIS, lvis."""

import contextlib
import copy
import io
import json

import numpy as np

# lvis 0.5.3 uses a name that numpy has dropped.
if not hasattr(np, "float"):
    np.float = float

from pycocotools import mask as mask_api
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

COCO_NAMES = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR@1", "AR@10", "AR@100", "ARs", "ARm", "ARl"]


def shifted(truth):
    """The same set with ids from 1 on: both references take a match with id 0 for none."""
    truth = copy.deepcopy(truth)
    for annotation in truth["annotations"]:
        annotation["id"] += 1
        annotation.setdefault("iscrowd", 0)
    return truth


def coco_scores(truth, detections, shape):
    with contextlib.redirect_stdout(io.StringIO()):
        truth = shifted(truth)
        api = COCO()
        api.dataset = truth
        api.createIndex()
        found = api.loadRes(copy.deepcopy(detections)) if detections else None
        if found is None:
            found = COCO()
            found.dataset = {"images": truth["images"], "categories": truth["categories"], "annotations": []}
            found.createIndex()
        judge = COCOeval(api, found, "segm" if shape == "mask" else "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return {name: (None if value == -1 else float(value)) for name, value in zip(COCO_NAMES, judge.stats)}


def lvis_scores(truth, detections, shape, limit=300):
    import logging

    from lvis import LVIS, LVISEval, LVISResults

    logging.disable(logging.CRITICAL)
    api = LVIS.__new__(LVIS)
    api.logger = logging.getLogger("lvis")
    api.dataset = shifted(truth)
    api._create_index()
    results = LVISResults(api, copy.deepcopy(detections), max_dets=limit)
    judge = LVISEval(api, results, "segm" if shape == "mask" else "bbox")
    judge.run()
    return {name: (None if value == -1 else float(value)) for name, value in judge.get_results().items()}


def best_of_each_class(detections, limit=10_000):
    """What APfixed looks at: no limit an image, the best of each class over all images."""
    kept, counts = [], {}
    for detection in sorted(detections, key=lambda d: -d["score"]):
        counts[detection["category_id"]] = counts.get(detection["category_id"], 0) + 1
        if counts[detection["category_id"]] <= limit:
            kept.append(detection)
    return kept


def polygon_in(rng, box):
    """A polygon that touches all four sides of a box."""
    x, y, w, h = box
    at = rng.uniform(0.1, 0.9, 8)
    points = [x + at[0] * w, y, x + w, y + at[1] * h, x + at[2] * w, y + h, x, y + at[3] * h]
    return [round(float(v), 2) for v in points]


def hardened(truth, rng, crowds):
    """A set with masks, crowds, an id 0, images and classes without objects, and ids with gaps."""
    truth = copy.deepcopy(truth)
    sizes = {image["id"]: (image["height"], image["width"]) for image in truth["images"]}
    for place, annotation in enumerate(truth["annotations"]):
        annotation["id"] = place * 3
        height, width = sizes[annotation["image_id"]]
        draw = rng.random()
        if crowds and draw < 0.06:
            mask = np.zeros((height, width), np.uint8, order="F")
            x, y, w, h = (int(v) for v in annotation["bbox"])
            mask[y:y + h + 1, x:x + w + 1] = rng.random((min(height - y, h + 1), min(width - x, w + 1))) < 0.8
            code = mask_api.encode(mask)
            counts = [0] if mask[0, 0] else []
            flat = mask.flatten(order="F")
            changes = np.flatnonzero(np.diff(flat)) + 1
            counts += np.diff(np.concatenate([[0], changes, [flat.size]])).tolist()
            annotation["iscrowd"] = 1
            annotation["segmentation"] = {"size": [height, width], "counts": counts}
            annotation["bbox"] = [float(v) for v in mask_api.toBbox(code)]
            annotation["area"] = float(mask_api.area(code))
            if annotation["area"] == 0:
                annotation["segmentation"]["counts"] = [height * width]
                annotation["bbox"] = [float(x), float(y), max(1.0, float(w)), max(1.0, float(h))]
        else:
            annotation["segmentation"] = [polygon_in(rng, annotation["bbox"])]
            if draw > 0.8:
                x, y, w, h = annotation["bbox"]
                annotation["segmentation"].append([x, y, x + w / 2, y, x + w / 2, y + h / 2])
            if draw > 0.7:
                code = mask_api.merge(mask_api.frPyObjects(annotation["segmentation"], height, width))
                annotation["segmentation"] = {"size": [height, width], "counts": code["counts"].decode()}
            annotation["iscrowd"] = 0
    last = max(image["id"] for image in truth["images"])
    for place in range(3):
        image = dict(truth["images"][place], id=last + 10 * (place + 1), file_name=f"empty{place}.png", coco_url="")
        if "neg_category_ids" in image:
            image["neg_category_ids"] = [truth["categories"][0]["id"]]
            image["not_exhaustive_category_ids"] = [truth["categories"][-1]["id"]]
        truth["images"].append(image)
    extra = dict(truth["categories"][0], id=max(c["id"] for c in truth["categories"]) + 7, name="never there")
    truth["categories"].append(extra)
    if "neg_category_ids" in truth["images"][0]:
        for image in truth["images"]:
            present = {a["category_id"] for a in truth["annotations"] if a["image_id"] == image["id"]}
            free = [c["id"] for c in truth["categories"] if c["id"] not in present]
            image["neg_category_ids"] = [int(c) for c in rng.choice(free, min(len(free), 4), replace=False)]
            if rng.random() < 0.5 and present:
                image["not_exhaustive_category_ids"] = [int(rng.choice(sorted(present)))]
    rng.shuffle(truth["annotations"])
    rng.shuffle(truth["images"])
    return truth


def drawn_detections(truth, rng, shape, spread=2, digits=2):
    """Detections near objects and elsewhere, of right and wrong classes, with many equal scores."""
    sizes = {image["id"]: (image["height"], image["width"]) for image in truth["images"]}
    classes = [category["id"] for category in truth["categories"]]
    found = []

    def add(image, category, box, score):
        height, width = sizes[image]
        x0, y0 = max(0.0, box[0]), max(0.0, box[1])
        x1, y1 = min(float(width), box[0] + max(0.5, box[2])), min(float(height), box[1] + max(0.5, box[3]))
        if x1 <= x0 or y1 <= y0:
            return
        detection = {"image_id": image, "category_id": category, "score": round(float(score), digits)}
        box = [round(float(v), 2) for v in (x0, y0, x1 - x0, y1 - y0)]
        if shape == "mask":
            code = mask_api.merge(mask_api.frPyObjects([polygon_in(rng, box)], height, width))
            detection["segmentation"] = {"size": [height, width], "counts": code["counts"].decode()}
        else:
            detection["bbox"] = box
        found.append(detection)

    for annotation in truth["annotations"]:
        for _ in range(rng.integers(0, spread + 2)):
            noise = rng.normal(0, rng.choice([0, 0.03, 0.1, 0.3]), 4)
            x, y, w, h = annotation["bbox"]
            box = [x + noise[0] * w, y + noise[1] * h, w * np.exp(noise[2]), h * np.exp(noise[3])]
            category = annotation["category_id"] if rng.random() < 0.85 else int(rng.choice(classes))
            add(annotation["image_id"], category, box, rng.random() * 0.7 + 0.3 * (np.abs(noise).max() < 0.1))
    for image in sizes:
        height, width = sizes[image]
        for _ in range(rng.integers(0, 3 * spread)):
            box = [rng.random() * width, rng.random() * height, rng.random() * width, rng.random() * height]
            add(image, int(rng.choice(classes)), box, rng.random() * 0.6)
    rng.shuffle(found)
    return found


def write(value, path):
    with open(path, "w") as file:
        json.dump(value, file)
