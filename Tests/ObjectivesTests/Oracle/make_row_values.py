#!/usr/bin/env python3
"""Writes rows.json: losses and gradients of rows with weights, second labels and background, in float64 by NumPy.

  python make_row_values.py > rows.json

Gradients are complex-step derivatives, exact to rounding. Losses are written from their formulas: Dice with soft targets, the Jaccard loss
with each pixel repeated as many times as its weight says, in units of 1/32. Inputs are made again by `RowOracleTests.swift`: two images of
eleven pixels, five classes, weights in quarters, shares in eighths.
"""
import json
import numpy as np

IMAGES, ROWS, C, N = 2, 11, 5, 22
COUNTS = np.array([4000., 900., 90., 20., 5.])
SHOWN = np.array([10., 6., 3., 2., 0.])  # of 10 images
BACKGROUND = 2 ** 31 - 1

Z = np.array([[((i * 7919 + k * 104729 + i * k * 31) % 97 - 48) / 16 for k in range(C)] for i in range(N)])
Y = np.array([-1 if i in (3, 17) else 0 if i % 3 == 0 else i * 5 % 4 for i in range(N)])
SECOND = np.array([-1 if i % 7 == 4 else (i * 3 + 1) % 5 for i in range(N)])
SHARE = np.array([(i * 5 % 9) / 8 for i in range(N)])
WEIGHT = np.array([(i * 3 % 8) / 4 for i in range(N)])


def parts(y, second):
    """Pairs of labels and weights: one for the first, one for the second label."""
    s = np.where((second < 0) | (second == y) | (y < 0), 0, SHARE)
    w = np.where(y < 0, 0, WEIGHT)
    return [(y, w * (1 - s)), (second, w * s)]


def log_softmax(z):
    shifted = z - z.real.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def mean(pixels, v=np.ones(C), rows=False):
    """A weighted mean of pixel losses, class weights included."""
    def loss(z):
        total, weights = 0, 0
        for y, w in parts(Y, SECOND):
            live = w > 0
            total = total + (w[live] * v[y[live]] * pixels(z[live], y[live])).sum()
            weights += (w[live] * v[y[live]]).sum()
        return total / ((Y >= 0).sum() if rows else weights)
    return loss


def picked(values, y):
    return values[np.arange(len(y)), y]


def ce(z, y):
    return -picked(log_softmax(z), y)


def focal(z, y):
    return (1 - np.exp(-ce(z, y))) ** 2 * ce(z, y)


def pcla(z, y):
    return 0.5 * np.exp(1 - np.exp(-ce(z, y))) * ce(z, y)


def ldam(z, y):
    margins = COUNTS ** -0.25 / (COUNTS ** -0.25).max() * 0.5
    return ce(3 * (z - margins[y][:, None] * np.eye(C)[y]), y)


def sigmoid(y_all, offsets):
    def loss(z):
        total, weights = 0, 0
        for y, w in parts(y_all, SECOND):
            live = w > 0
            label = y[live]
            known = label != BACKGROUND
            target = np.where(known[:, None], np.eye(C)[np.where(known, label, 0)], 0)
            own = z[live] + known[:, None] * offsets
            total = total + (w[live][:, None] * (np.log(1 + np.exp(own)) - target * own)).sum()
            weights += w[live].sum()
        return total / weights
    return loss


def odds():
    shown = np.clip(SHOWN, 0.5, 9.5)
    return np.log(shown / (10 - shown))


def targets():
    soft = np.zeros((N, C))
    for y, w in parts(Y, SECOND):
        for i in range(N):
            if w[i] > 0:
                soft[i, y[i]] += w[i]
    return soft


def dice(by_image):
    def loss(z):
        p, soft = np.exp(log_softmax(z)), targets()
        groups = [slice(0, ROWS), slice(ROWS, N)] if by_image else [slice(0, N)]
        values = []
        for g in groups:
            w = soft[g].sum(1)[:, None]
            overlap = 2 * (p[g] * soft[g]).sum(0) + 1
            values.append((1 - overlap / ((w * p[g] ** 2).sum(0) + soft[g].sum(0) + 1)).mean())
        return sum(values) / len(values)
    return loss


def lovasz(z):
    p = np.exp(log_softmax(z))
    images = []
    for image in range(IMAGES):
        pixels, labels = [], []
        for i in range(image * ROWS, (image + 1) * ROWS):
            for y, w in parts(Y, SECOND):
                copies = round(32 * w[i])
                assert copies == 32 * w[i]
                pixels += [i] * copies
                labels += [y[i]] * copies
        labels = np.array(labels)
        losses = []
        for k in sorted(set(labels)):
            is_k = labels == k
            errors = np.where(is_k, 1 - p[pixels, k], p[pixels, k])
            order = np.argsort(-errors.real, kind='stable')
            hits = is_k[order].cumsum()
            others = (~is_k[order]).cumsum()
            jaccard = 1 - (is_k.sum() - hits) / (is_k.sum() + others)
            losses.append((errors[order] * np.diff(jaccard, prepend=0)).sum())
        images.append(sum(losses) / len(losses))
    return sum(images) / len(images)


def gradient(loss):
    result = np.zeros((N, C))
    for i in range(N):
        for k in range(C):
            z = Z.astype(complex)
            z[i, k] += 1e-30j
            result[i, k] = loss(z).imag / 1e-30
    return result


cases = []


def case(name, loss, settings={}, denominator='sum', background=False):
    cases.append({
        'name': name, 'settings': settings, 'denominator': denominator, 'background': background,
        'loss': float(f'{loss(Z.astype(complex)).real:.13g}'), 'gradient': [float(f'{g:.10g}') for g in gradient(loss).ravel()]})


balanced = (1 - 0.9999) / -np.expm1(COUNTS * np.log(0.9999))
case('crossEntropy', mean(ce))
case('crossEntropy', mean(ce, rows=True), denominator='rows')
case('focal', mean(focal))
case('pcla', mean(pcla))
case('balancedSoftmax', mean(lambda z, y: ce(z + np.log(COUNTS), y)))
case('classBalanced', mean(ce, balanced / balanced.sum() * C))
case('ldam', mean(ldam), {'scale': 3})
case('balancedSigmoid', sigmoid(Y, odds()))
behind = np.where((np.arange(N) % 4 == 2) & (Y >= 0), BACKGROUND, Y)
case('balancedSigmoid', sigmoid(behind, odds()), background=True)
case('eqlv2', sigmoid(behind, np.zeros(C)), background=True)
case('dice', dice(True))
case('dice', dice(False), {'extent': 'batch'})
case('lovaszSoftmax', lovasz)
case('weightedSum', lambda z: mean(ce)(z) + 0.5 * dice(True)(z), {'terms': 'crossEntropy:1, dice:0.5'})
print('[\n' + ',\n'.join(json.dumps(c) for c in cases) + '\n]')
