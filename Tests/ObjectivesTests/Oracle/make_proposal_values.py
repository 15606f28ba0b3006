#!/usr/bin/env python3
"""Writes proposals.json beside itself: losses over the rows of a detector's second stage, in float64.

Numpy only. Rows are proposals; the label C means background. Gradients are central differences of the losses written here, with weights
and factors held that count as constants.
"""
import json
import os

import numpy as np

draw = np.random.default_rng(31)
ROWS, C = 9, 5


def entropy(z, y):
    """Binary cross-entropy of logits."""
    return np.logaddexp(0, z) - z * y


def log_softmax(z):
    return z - np.logaddexp.reduce(z, axis=1, keepdims=True)


def slope(f, x, step=1e-6):
    g = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        g[i] = (f(up) - f(down)) / (2 * step)
    return g


def with_slope(f, x):
    return {"loss": float(f(x)), "gradient": slope(f, x).tolist()}


def focal(z, y, alpha, gamma):
    right = 1 / (1 + np.exp(-(2 * y - 1) * z))
    weight = np.where(y == 1, alpha, 1 - alpha) if alpha >= 0 else 1
    return weight * (1 - right) ** gamma * -np.log(right)


def main():
    z = np.round(draw.normal(size=(ROWS, C)) * 2, 2)
    label = np.array([0, 5, 2, 5, 4, 0, 1, 5, 3])
    target = (label[:, None] == np.arange(C)).astype(float)
    wide = (label[:, None] == np.arange(C + 1)).astype(float)
    front = (label < C)[:, None]
    frequency = np.array([0.6, 0.2, 0.05, 0.01, 0.001])
    shift = np.log(frequency / (1 - frequency))
    prior = shift + np.log(C - 1)
    out = {"logits": z.tolist(), "labels_background_is_%d" % C: label.tolist(), "frequency_of_images": frequency.tolist()}
    out["sigmoid"] = with_slope(lambda v: entropy(v, target).sum() / ROWS, z)
    out["balanced_sigmoid"] = with_slope(lambda v: entropy(v + shift * front, target).sum() / ROWS, z)
    out["balanced_sigmoid_with_prior_1_over_C_minus_1"] = with_slope(lambda v: entropy(v + prior * front, target).sum() / ROWS, z)
    out["balanced_sigmoid_on_all_rows"] = with_slope(lambda v: entropy(v + shift, target).sum() / ROWS, z)

    # Equalization loss: on rows of objects, other classes below the share of 0.1 have no loss.
    keep = np.where(front & (frequency < 0.1) & (target == 0), 0.0, 1.0)
    out["equalization"] = dict(with_slope(lambda v: (entropy(v, target) * keep).sum() / ROWS, z), **{"lambda": 0.1})
    mask = np.array([1, 0, 1, 1, 0.0])
    out["federated"] = dict(with_slope(lambda v: (entropy(v, target) * mask).sum() / ROWS, z), class_mask=mask.tolist())

    z6 = np.concatenate([z, np.round(draw.normal(size=(ROWS, 1)), 2)], 1)
    counts = np.array([200, 40, 9, 3, 1.0])
    lift = np.concatenate([np.log(counts / counts.sum()), [0]])
    chosen = lambda v: -log_softmax(v)[np.arange(ROWS), label].mean()
    out["balanced_softmax_background_shift_0"] = dict(with_slope(lambda v: chosen(v + lift), z6), logits_with_background_last=z6.tolist(),
                                                      counts=counts.tolist())
    out["softmax"] = with_slope(chosen, z6)

    # EQLv2, three steps on the same rows; the last column is background.
    positive, negative, steps = np.zeros(C), np.zeros(C), []
    for number in range(3):
        ratio = positive / (negative + 1e-10) if number else np.full(C, 100.0)
        low = np.append(1 / (1 + np.exp(-12 * (ratio - 0.8))), 1)
        weight = np.where(wide == 1, 1 + 4 * (1 - low), low)
        step = with_slope(lambda v: (entropy(v, wide) * weight).sum() / ROWS, z6)
        size = np.abs(1 / (1 + np.exp(-z6)) - wide) * weight
        positive = positive + (size * wide).sum(0)[:C]
        negative = negative + (size * (1 - wide)).sum(0)[:C]
        steps.append(dict(step, state_after={"pos": positive.tolist(), "neg": negative.tolist()}))
    out["eqlv2"] = {"steps": steps}

    # Seesaw with objectness: this step's rows are among the counts.
    pair = np.round(draw.normal(size=(ROWS, 2)), 2)
    before = np.array([300, 40, 7, 0, 2.0])
    counted = np.maximum(before + target.sum(0), 1)
    share = np.exp(log_softmax(z))
    extra = np.zeros_like(z)
    for row in np.flatnonzero(label < C):
        own = label[row]
        mitigation = np.minimum(1, counted / counted[own]) ** 0.8
        compensation = np.maximum(1, share[row] / max(share[row, own], 0.01)) ** 2
        extra[row] = np.log(mitigation * compensation)
        extra[row, own] = 0
    classes = lambda v: -sum(log_softmax(v + extra)[r, label[r]] for r in np.flatnonzero(label < C)) / ROWS
    objects = lambda v: -log_softmax(v)[np.arange(ROWS), (label == C).astype(int)].sum() / ROWS
    a, b = with_slope(classes, z), with_slope(objects, pair)
    out["seesaw"] = {"objectness_logits_object_background": pair.tolist(), "cumulative_counts_this_step_included": (before + target.sum(0)).tolist(),
                     "class_loss": a["loss"], "class_gradient_on_foreground_rows": [g for g, l in zip(a["gradient"], label) if l < C],
                     "objectness_loss": b["loss"], "objectness_gradient": b["gradient"]}

    def table(v, alpha, gamma):
        return {"loss": focal(v, target, alpha, gamma).tolist(), "gradient": slope(lambda w: focal(w, target, alpha, gamma).sum(), v).tolist()}

    out["focal"] = dict(table(z, 0.25, 2), alpha=0.25, gamma=2)
    out["focal_alpha_off"] = table(z, -1, 2)
    out["focal_on_balanced_logits_foreground_rows_shifted"] = table(z + shift * front, 0.25, 2)
    return out


def tidy(value):
    if isinstance(value, dict):
        return {key: tidy(part) for key, part in value.items()}
    if isinstance(value, list):
        return [tidy(part) for part in value]
    return float("%.10g" % value) if isinstance(value, float) else value


if __name__ == "__main__":
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "proposals.json")
    with open(path, "w") as file:
        json.dump(tidy(main()), file, separators=(",", ":"))
    print(os.path.getsize(path), "bytes")
