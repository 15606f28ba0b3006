#!/usr/bin/env python3
"""Writes regions.json beside itself: what the parts of a detector have to give for drawn numbers.

Numpy only, float64, one function an idea, written from the papers' and torchvision's definitions. Boxes are left, top, right, bottom.
Run it without arguments; the same numbers come out every time.
"""
import json
import math
import os

import numpy as np

LIMIT = math.log(1000 / 16)
draw = np.random.default_rng(20)


def drawn_boxes(count, extent, least=4.0):
    corner = draw.uniform(-5, extent - least, (count, 2))
    side = draw.uniform(least, extent / 2, (count, 2))
    return np.round(np.concatenate([corner, corner + side], 1), 2)


def centre(boxes):
    size = boxes[:, 2:] - boxes[:, :2]
    return boxes[:, :2] + size / 2, size


def encoded(targets, anchors, weights):
    (place, size), (anchor, extent) = centre(targets), centre(anchors)
    return np.concatenate([(place - anchor) / extent, np.log(size / extent)], 1) * weights


def decoded(codes, anchors, weights):
    anchor, extent = centre(anchors)
    plain = codes / weights
    place = anchor + plain[:, :2] * extent
    half = np.exp(np.minimum(plain[:, 2:], LIMIT)) * extent / 2
    return np.concatenate([place - half, place + half], 1)


def overlap(a, b):
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    side = np.maximum(high - low, 0)
    common = side[0] * side[1]
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return common / (both - common) if both > common else float("nan")


def overlaps(a, b):
    return np.array([[overlap(p, q) for q in b] for p in a])


def clipped(boxes, width, height):
    limits = np.array([width, height, width, height])
    return np.minimum(np.maximum(boxes, 0), limits)


def cell(sizes, ratios):
    # torchvision rounds float32 numbers; halves go to the even neighbour in numpy as there.
    out = []
    for ratio in ratios:
        tall = np.sqrt(np.float32(ratio))
        wide = np.float32(1) / tall
        for size in sizes:
            w, h = np.round(wide * np.float32(size) / 2), np.round(tall * np.float32(size) / 2)
            out.append([-w, -h, w, h])
    return np.array(out, float)


def grid(cells, height, width, down, across):
    moves = [(column * across, row * down) for row in range(height) for column in range(width)]
    return np.array([c + np.array([x, y, x, y]) for x, y in moves for c in cells])


def matched(table, high, low, keeps_best):
    result = []
    for column in table.T:
        best = int(np.argmax(column))
        value = column[best]
        keep = keeps_best and any(column[t] == table[t].max() for t in range(len(column)))
        result.append(best if value >= high or keep else -1 if value < low else -2)
    return result


def sampled(labels, numbers, size, fraction):
    order = sorted(range(len(labels)), key=lambda i: (numbers[i], i))
    positive = [i for i in order if labels[i] >= 1]
    positive = sorted(positive[: int(size * fraction)])
    negative = sorted([i for i in order if labels[i] == 0][: size - len(positive)])
    return positive, negative


def suppressed(boxes, scores, threshold, groups=None):
    kept = []
    for i in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
        rivals = [k for k in kept if groups is None or groups[k] == groups[i]]
        if not any(overlap(boxes[k], boxes[i]) > threshold for k in rivals):
            kept.append(i)
    return kept


def proposals(logits, codes, anchors, width, height, per_level, count, threshold):
    boxes, scores, levels = [], [], []
    for level, (z, t, a) in enumerate(zip(logits, codes, anchors)):
        best = sorted(range(len(z)), key=lambda i: (-z[i], i))[:per_level]
        inside = clipped(decoded(t[best], a[best], 1), width, height)
        for box, i in zip(inside, best):
            if min(box[2] - box[0], box[3] - box[1]) >= 1e-3:
                boxes.append(box)
                scores.append(1 / (1 + math.exp(-z[i])))
                levels.append(level)
    kept = suppressed(boxes, scores, threshold, levels)[:count]
    return [list(boxes[i]) for i in kept], [scores[i] for i in kept], [levels[i] for i in kept]


def weights_along(low, high, scale, bins, extent, samples, aligned):
    """For each bin of an axis the weights over the cells: a mean of linear interpolations."""
    shift = 0.5 if aligned else 0
    start, size = low * scale - shift, (high - low) * scale
    size = size if aligned else max(size, 1)
    count = samples or math.ceil(size / bins)
    table = np.zeros((bins, count, extent))
    for b in range(bins):
        for s in range(count):
            place = start + size / bins * (b + (s + 0.5) / count)
            if place < -1 or place > extent:
                continue
            place = min(max(place, 0), extent - 1)
            lower = min(int(place), extent - 1)
            table[b, s, lower] += 1 - (place - lower)
            if place > lower:
                table[b, s, lower + 1] += place - lower
    return table.sum(1) / max(count, 1)


def aligned_regions(x, rois, scale, pooled, samples, aligned):
    out = []
    for image, x1, y1, x2, y2 in rois:
        down = weights_along(y1, y2, scale, pooled[0], x.shape[2], samples, aligned)
        across = weights_along(x1, x2, scale, pooled[1], x.shape[3], samples, aligned)
        out.append(np.einsum("ay,bx,cyx->cab", down, across, x[int(image)]))
    return np.array(out)


def aligned_regions_transposed(g, shape, rois, scale, pooled, samples):
    out = np.zeros(shape)
    for k, (image, x1, y1, x2, y2) in enumerate(rois):
        down = weights_along(y1, y2, scale, pooled[0], shape[2], samples, False)
        across = weights_along(x1, x2, scale, pooled[1], shape[3], samples, False)
        out[int(image)] += np.einsum("ay,bx,cab->cyx", down, across, g[k])
    return out


def level(box):
    side = math.sqrt((box[2] - box[0]) * (box[3] - box[1]))
    return int(min(max(math.floor(4 + math.log2(side / 224) + 1e-6), 2), 5)) - 2


def giou(p, t, epsilon=1e-7):
    side = lambda b: np.maximum(b[2:] - b[:2], 0)
    common = np.prod(side(np.concatenate([np.maximum(p[:2], t[:2]), np.minimum(p[2:], t[2:])])))
    around = np.prod(side(np.concatenate([np.minimum(p[:2], t[:2]), np.maximum(p[2:], t[2:])])))
    union = np.prod(side(p)) + np.prod(side(t)) - common
    return 1 - common / (union + epsilon) + (around - union) / (around + epsilon)


def slope(f, x, step=1e-6):
    g = np.zeros_like(x)
    for i in range(len(x)):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        g[i] = (f(up) - f(down)) / (2 * step)
    return g


def smooth(d, beta):
    if beta and abs(d) < beta:
        return d * d / (2 * beta), d / beta
    return abs(d) - beta / 2, float(np.sign(d))


def lists(x):
    return np.asarray(x, float).tolist()


def boxes():
    anchors, targets = drawn_boxes(7, 90), drawn_boxes(7, 90)
    codes = np.round(draw.normal(size=(7, 4)) * [1, 1, 3, 3], 2)
    out = {"anchors": lists(anchors), "targets": lists(targets), "deltas": lists(codes), "iou": lists(overlaps(targets, anchors))}
    for name, weights in (("rpn", np.ones(4)), ("roi", np.array([10, 10, 5, 5.0]))):
        out["encoded_" + name] = lists(encoded(targets, anchors, weights))
        out["decoded_" + name] = lists(decoded(codes, anchors, weights))
    out["clipped_to_height_50_width_80"] = lists(clipped(decoded(codes, anchors, np.ones(4)), 80, 50))
    p, t = drawn_boxes(6, 40), drawn_boxes(6, 40)
    out["giou"] = {"predicted": lists(p), "target": lists(t), "loss": [giou(a, b) for a, b in zip(p, t)],
                   "gradient": lists([slope(lambda q, b=b: giou(q, b), a.copy()) for a, b in zip(p, t)])}
    predicted, target = np.round(draw.normal(size=9) * 0.4, 3), np.zeros(9)
    out["smooth_l1"] = {"predicted": lists(predicted), "target": lists(target)}
    for beta in (1 / 9, 1.0, 0.0):
        parts = [smooth(a - b, beta) for a, b in zip(predicted, target)]
        out["smooth_l1"]["beta_%.6f" % beta] = {"loss": [v for v, _ in parts], "gradient": [g for _, g in parts]}
    return out


def anchors():
    height, width, ratios = 80, 112, (0.5, 1, 2)
    out = {"image": [height, width]}
    for name, sizes in (("rpn", [[13], [27], [64]]), ("retinanet", [[8, 10, 12], [16, 20, 25], [32, 40, 50]])):
        out[name] = []
        for own, (h, w) in zip(sizes, [(10, 14), (5, 7), (3, 4)]):
            cells = cell(own, ratios)
            every = grid(cells, h, w, height // h, width // w)
            out[name].append({"sizes": own, "feature": [h, w], "stride": [height // h, width // w], "cell": lists(cells), "count": len(every),
                              "first": lists(every[:3]), "last": lists(every[-1]), "sum": lists(every.sum(0))})
    return out


def matching():
    cases = []
    for title, high, low, keep in (("anchors", 0.7, 0.3, True), ("proposals", 0.5, 0.5, False), ("dense anchors", 0.5, 0.4, True)):
        table = np.round(draw.uniform(size=(4, 30)) ** 2, 1)  # few values, so that many are equal
        cases.append({"case": title, "iou": lists(table), "high": high, "low": low, "keep_best": keep, "result": matched(table, high, low, keep)})
    labels = draw.integers(-1, 3, 40)
    numbers = np.round(draw.uniform(size=40), 1)
    positive, negative = sampled(labels, numbers, 12, 0.5)
    fewer = sampled(labels, numbers, 16, 0.25)
    return {"matcher": cases, "sampler": {"labels": [int(v) for v in labels], "u": lists(numbers), "size": 12, "fraction": 0.5, "positive": positive,
                                          "negative": negative, "size_16_fraction_0.25": {"positive": fewer[0], "negative": fewer[1]}}}


def suppression():
    places = drawn_boxes(60, 60)
    scores, classes = np.round(draw.uniform(size=60), 1), draw.integers(0, 4, 60)
    out = {"boxes": lists(places), "scores": lists(scores), "classes": [int(c) for c in classes],
           "keep": {str(t): suppressed(places, scores, t) for t in (0.2, 0.5, 0.7)},
           "by_class": {str(t): suppressed(places, scores, t, classes) for t in (0.2, 0.5)}}
    levels = [{"size": 24, "feature": [5, 7]}, {"size": 48, "feature": [2, 4]}]
    every = [grid(cell([v["size"]], (0.5, 1, 2)), *v["feature"], 80 // v["feature"][0], 112 // v["feature"][1]) for v in levels]
    logits = [np.round(draw.normal(size=len(a)) * 2, 1) for a in every]
    codes = [np.round(draw.normal(size=(len(a), 4)) * 0.3, 2) for a in every]
    found = proposals(logits, codes, every, 108, 70, 20, 15, 0.7)
    out["proposals"] = {"image": [70, 108], "padded": [80, 112], "levels": levels, "objectness": [lists(v) for v in logits],
                        "deltas": [lists(v) for v in codes], "before_nms_per_level": 20, "after_nms": 15, "nms": 0.7,
                        "boxes": found[0], "scores": found[1], "level": found[2]}
    return out


def region_alignment():
    x = np.round(draw.normal(size=(2, 3, 9, 11)), 2)
    inside = drawn_boxes(6, 40)
    rois = np.concatenate([[[0], [1], [0], [1], [0], [1]], inside], 1)
    rois = np.concatenate([rois, [[0, -40, -40, -20, -20], [1, 30, 30, 90, 80], [0, 5, 5, 5.2, 5.1]]])
    pooled = (4, 3)
    seed = np.round(draw.normal(size=(len(rois), 3) + pooled), 2)
    return {"input": lists(x), "rois_index_x1_y1_x2_y2": lists(rois), "scale": 0.25, "pooled": list(pooled), "sampling_ratio": 2, "aligned": False,
            "output": lists(aligned_regions(x, rois, 0.25, pooled, 2, False)), "seed": lists(seed),
            "gradient": lists(aligned_regions_transposed(seed, x.shape, rois, 0.25, pooled, 2)),
            "output_aligned": lists(aligned_regions(x, rois, 0.25, pooled, 2, True)),
            "output_adaptive": lists(aligned_regions(x, rois, 0.25, pooled, 0, False)),
            "level": {"boxes": lists(drawn_boxes(9, 1500)), "level_from_0": None}}


def tidy(value):
    if isinstance(value, dict):
        return {key: tidy(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [tidy(part) for part in value]
    return float("%.12g" % value) if isinstance(value, float) else value


if __name__ == "__main__":
    values = {"boxes": boxes(), "anchors": anchors(), "matching": matching(), "nms": suppression(), "roi_align": region_alignment()}
    part = values["roi_align"]["level"]
    part["level_from_0"] = [level(box) for box in part["boxes"]]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "regions.json")
    with open(path, "w") as file:
        json.dump(tidy(values), file, separators=(",", ":"))
    print(os.path.getsize(path), "bytes")
