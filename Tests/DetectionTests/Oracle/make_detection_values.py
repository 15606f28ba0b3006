"""Makes masks.json and scores.json: what pycocotools 2.0.11 and lvis 0.5.3 say of drawn polygons and of small drawn sets.

    make_detection_values.py        beside this file
"""

import json
import os

import numpy as np
from pycocotools import mask as mask_api

import references

HERE = os.path.dirname(os.path.abspath(__file__))


def hole():
    """A square with a square hole, led to by a line and back."""
    return [2, 2, 12, 2, 12, 12, 2, 12, 2, 2, 5, 5, 5, 9, 9, 9, 9, 5, 5, 5]


def polygons(rng, kind, width, height):
    if kind == "convex":
        angle = np.sort(rng.random(rng.integers(3, 9)) * 2 * np.pi)
        points = np.stack([width / 2 + np.cos(angle) * width * 0.45, height / 2 + np.sin(angle) * height * 0.45], 1)
        return [points.round(2).flatten().tolist()]
    if kind == "tangled":
        return [(rng.random(2 * rng.integers(3, 12)) * np.tile([width, height], 1).repeat(1)[0]).round(3).tolist()]
    if kind == "several":
        return [(rng.random(8) * min(width, height)).round(2).tolist() for _ in range(3)]
    if kind == "border":
        return [[-3.5, -2.25, width + 4, -1, width + 0.5, height + 3, -0.5, height + 0.25]]
    if kind == "across":
        return [(rng.random(10) * 3 * width - width).round(1).tolist()]
    if kind == "pixel":
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        return [[x, y, x + 1, y, x + 1, y + 1, x, y + 1]]
    if kind == "thin":
        x = float(rng.random() * width)
        return [[round(x, 2), 0, round(x + 0.3, 2), 0, round(x + 0.3, 2), height, round(x, 2), height]]
    if kind == "whole":
        x = rng.integers(0, width - 1, 2)
        y = rng.integers(0, height - 1, 2)
        return [[float(v) for v in [min(x), min(y), max(x) + 1, min(y), max(x) + 1, max(y) + 1, min(x), max(y) + 1]]]
    if kind == "repeated":
        p = (rng.random(6) * width).round(1).tolist()
        return [p[:2] + p[:2] + p[2:] + p[:2]]
    if kind == "outside":
        return [[width + 2, 1, width + 9, 1, width + 9, 5]]
    return [hole()]


def masks():
    rng = np.random.default_rng(11)
    cases = []
    kinds = ["convex", "tangled", "several", "border", "across", "pixel", "thin", "whole", "repeated", "outside", "hole"]
    for place in range(88):
        kind = kinds[place % len(kinds)]
        width, height = int(rng.integers(14, 60)), int(rng.integers(14, 50))
        shape = polygons(rng, kind, width, height)
        parts = mask_api.frPyObjects(shape, height, width)
        code = mask_api.merge(parts)
        other_kind = kinds[int(rng.integers(0, 4))]
        other_shape = polygons(rng, other_kind, width, height)
        other = mask_api.merge(mask_api.frPyObjects(other_shape, height, width))
        cases.append({
            "kind": kind, "width": width, "height": height, "polygons": shape, "text": code["counts"].decode(),
            "area": int(mask_api.area(code)), "box": mask_api.toBbox(code).tolist(), "other": other_shape,
            "otherText": other["counts"].decode(),
            "iou": float(mask_api.iou([code], [other], [0])[0, 0]), "crowdIou": float(mask_api.iou([code], [other], [1])[0, 0]),
            "intersection": mask_api.merge([code, other], True)["counts"].decode(),
            "union": mask_api.merge([code, other], False)["counts"].decode(),
        })
    return cases


def small_set(rng, lvis):
    classes = [2, 3, 7, 11, 20]
    truth = {"images": [], "annotations": [], "categories": [{"id": c, "name": f"class {c}"} for c in classes]}
    if lvis:
        for place, category in enumerate(truth["categories"]):
            category["frequency"] = "rcfrc"[place]
    for place in range(6):
        width, height = int(rng.integers(120, 300)), int(rng.integers(110, 280))
        image = {"id": int(100 - 7 * place), "file_name": f"{place}.png", "width": width, "height": height}
        if lvis:
            image.update(neg_category_ids=[], not_exhaustive_category_ids=[])
        truth["images"].append(image)
        for _ in range(int(rng.integers(0, 6))):
            w, h = (float(v) for v in (rng.random(2) * 90 + 8).round(1))
            x, y = round(float(rng.random() * (width - w)), 1), round(float(rng.random() * (height - h)), 1)
            truth["annotations"].append({
                "id": 0, "image_id": image["id"], "category_id": int(rng.choice(classes)), "bbox": [x, y, w, h], "area": round(w * h * 0.6, 2),
            })
    return references.hardened(truth, rng, crowds=not lvis)


def scores():
    cases = []
    for seed in range(4):
        for rules in ["coco", "lvis"]:
            for shape in ["box", "mask"]:
                rng = np.random.default_rng(seed * 10 + (rules == "lvis"))
                truth = small_set(rng, rules == "lvis")
                found = references.drawn_detections(truth, rng, shape, digits=1)[:90]
                if seed == 3:
                    found = found[:4]
                judge = references.coco_scores if rules == "coco" else references.lvis_scores
                cases.append({"rules": rules, "shape": shape, "truth": truth, "found": found, "scores": judge(truth, found, shape)})
    return cases


for name, value in [("masks", masks()), ("scores", scores())]:
    with open(os.path.join(HERE, name + ".json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in value) + "\n]\n")
    print(name, len(value))
