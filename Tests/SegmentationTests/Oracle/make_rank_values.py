#!/usr/bin/env python3
"""Writes rank.json: decisions by rank on small images, by the definition and against all outcomes.

  python make_rank_values.py > rank.json

Each case is an image of nine pixels with probabilities in 64ths. `labels` is what RankSEG's reciprocal moment approximation chooses, by
sorting and trying every number of pixels. `exact` is the expected overlap of each class's own choice, the mean over all 512 outcomes of
nine independent pixels, and `best` the largest that any number of most probable pixels reaches.
"""
import itertools
import json
import random

PIXELS = 9
cases = []


def overlap(metric, total, count, expected):
    if metric == 'dice':
        return 2 * total / (count + expected + 1)
    return total / (count + expected - total) if count + expected - total > 0 else 0.


def exact(metric, p, chosen):
    """The expected overlap of the chosen pixels with a truth that is drawn pixel by pixel; 0 where both are empty."""
    value = 0.
    for truth in itertools.product((0, 1), repeat=PIXELS):
        weight = 1.
        for q, t in zip(p, truth):
            weight *= q if t else 1 - q
        both = sum(1 for i in chosen if truth[i])
        size = len(chosen) + sum(truth)
        if size:
            value += weight * (2 * both / size if metric == 'dice' else both / (size - both))
    return value


def choices(p):
    """Every set of the most probable pixels that splits no equal ones."""
    return [[i for i in range(PIXELS) if p[i] >= limit] for limit in sorted(set(p), reverse=True)]


def choose(metric, p):
    return max(choices(p), key=lambda c: overlap(metric, sum(p[i] for i in c), len(c), sum(p)))


def decide(metric, p):
    classes = len(p)
    first = [max(range(classes), key=lambda k: (p[k][i], -k)) for i in range(PIXELS)]
    active = sorted(set(first))
    if len(active) == 1:
        return first
    chosen = {k: choose(metric, p[k]) for k in active}
    taking = [[k for k in active if i in chosen[k]] for i in range(PIXELS)]
    own = {k: [i for i in range(PIXELS) if taking[i] == [k]] for k in active}
    labels = []
    for i in range(PIXELS):
        if len(taking[i]) == 1:
            labels.append(taking[i][0])
            continue
        rises = {}
        for k in taking[i] or active:
            total, count = sum(p[k][j] for j in own[k]), len(own[k])
            rises[k] = overlap(metric, total + p[k][i], count + 1, sum(p[k])) - overlap(metric, total, count, sum(p[k]))
        labels.append(max(rises, key=lambda k: (rises[k], -k)))
    return labels


random.seed(7)
for number in range(24):
    classes = 2 + number % 3
    pixels = []
    for _ in range(PIXELS):
        # A large class, and small ones that are rarely sure of themselves.
        weights = [random.random() * (3 if k == 0 else 1) for k in range(classes)]
        parts = [int(60 * w / sum(weights)) for w in weights]
        parts[0] += 64 - sum(parts)
        pixels.append([x / 64 for x in parts])
    p = [[pixel[k] for pixel in pixels] for k in range(classes)]
    for metric in ('iou', 'dice'):
        cases.append(dict(
            metric=metric, classes=classes, probabilities=[x for row in p for x in row], labels=decide(metric, p),
            exact=[exact(metric, row, choose(metric, row)) for row in p],
            best=[max(exact(metric, row, c) for c in choices(row)) for row in p]))
print('[\n' + ',\n'.join(json.dumps(c) for c in cases) + '\n]')
