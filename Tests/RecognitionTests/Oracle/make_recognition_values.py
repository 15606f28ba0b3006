#!/usr/bin/env python3
"""Writes recognition.json: scores of random logits, and counts of long-tailed subsets, by definitions written out in numpy.

Needs numpy:  python3 make_recognition_values.py
"""
import json
import os

import numpy

random = numpy.random.default_rng(5)


def ranks(logits, labels):
    """Classes with a greater logit, and equal ones with a lower number."""
    own = logits[numpy.arange(len(labels)), labels]
    lower = numpy.arange(logits.shape[1])[None] < labels[:, None]
    return (logits > own[:, None]).sum(1) + ((logits == own[:, None]) & lower).sum(1)


def calibration(logits, labels, bins=15):
    """Expected calibration error; bin edges belong to the lower bin."""
    shifted = numpy.exp(logits - logits.max(1, keepdims=True))
    confidence = shifted.max(1) / shifted.sum(1)
    right = logits.argmax(1) == labels
    edges = numpy.linspace(0, 1, bins + 1)
    error, rows = 0.0, []
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        rows.append(int(inside.sum()))
        if inside.any():
            error += abs(right[inside].mean() - confidence[inside].mean()) * inside.mean()
    return error, rows


cases = []
for classes, images, spread in ((3, 60, 1.0), (11, 200, 3.0), (23, 250, 6.0)):
    labels = random.integers(0, classes, images)
    logits = random.normal(0, spread, (images, classes)).astype(numpy.float32)
    logits[numpy.arange(images), labels] += spread
    # Whole numbers in some rows, so that there are ties.
    logits[::5] = numpy.round(logits[::5])
    logits = logits.round(3).astype(numpy.float32)
    counts = numpy.maximum(1, (400 * 0.02 ** (numpy.arange(classes) / (classes - 1))).astype(int))
    prediction = logits.argmax(1)
    confusion = numpy.zeros((classes, classes), int)
    numpy.add.at(confusion, (labels, prediction), 1)
    truth, predicted, right = confusion.sum(1), confusion.sum(0), confusion.diagonal()
    accuracy = right / truth
    groups = {
        "many": counts > 100, "medium": (counts >= 20) & (counts <= 100), "few": counts < 20,
        "upperThird": numpy.arange(classes) < classes // 3, "lowerThird": numpy.arange(classes) >= classes - classes // 3}
    rank = ranks(logits.astype(numpy.float64), labels)
    error, bins = calibration(logits.astype(numpy.float64), labels)
    cases.append({
        "classes": classes, "labels": labels.tolist(), "logits": [float(f"{v:.6g}") for v in logits.reshape(-1)], "counts": counts.tolist(),
        "accuracy": float((rank < 1).mean()), "topFive": float((rank < 5).mean()), "balancedAccuracy": float(accuracy.mean()),
        "macroF1": float((2 * right / (truth + predicted)).mean()), "perClass": accuracy.tolist(),
        "groups": {name: float(accuracy[inside].mean()) for name, inside in groups.items() if inside.any()},
        "calibrationError": error, "bins": bins, "confusion": confusion.tolist()})
    assert (rank < 1).sum() == right.sum()

tails = []
for largest, classes in ((5000, 10), (500, 100), (6000, 10)):
    for factor in (10, 50, 100, 200):
        counts = [int(largest * (1.0 / factor) ** (i / (classes - 1.0))) for i in range(classes)]
        tails.append({"largest": largest, "factor": factor, "counts": counts})

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "recognition.json"), "w") as file:
    json.dump({"cases": cases, "tails": tails}, file)
    file.write("\n")
