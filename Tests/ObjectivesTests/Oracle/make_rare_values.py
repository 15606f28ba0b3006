#!/usr/bin/env python3
"""Writes rare.json: losses and gradients of what is meant for rare classes, in float64 by NumPy, from the definitions alone.

  python make_rare_values.py > rare.json

Class weights, smoothed labels, recall loss, the area under the curve summed pair by pair over all pixels, regions averaged image by image,
and each class's mean over its own pixels. Gradients are complex-step derivatives, exact to rounding; what counts as a constant (recall, the
scales of classes) is taken from the real parts. Inputs are made again by `RareClassTests.swift`: two images of eleven pixels, five classes,
plain, or with weights in quarters and second labels with shares in eighths.
"""
import json
import numpy as np

IMAGES, ROWS, C, N = 2, 11, 5, 22
COUNTS = np.array([4000., 900., 90., 20., 5.])
SHOWN = np.array([10., 6., 3., 2., 0.])

Z = np.array([[((i * 7919 + k * 104729 + i * k * 31) % 97 - 48) / 16 for k in range(C)] for i in range(N)])
Y = np.array([-1 if i in (3, 17) else 0 if i % 3 == 0 else i * 5 % 4 for i in range(N)])
SECOND = np.array([-1 if i % 7 == 4 else (i * 3 + 1) % 5 for i in range(N)])
SHARE = np.array([(i * 5 % 9) / 8 for i in range(N)])
WEIGHT = np.array([(i * 3 % 8) / 4 for i in range(N)])


def entries(mixed):
    """All (row, label, weight): one for a plain row, up to two for a mixed one."""
    found = []
    for i in range(N):
        if Y[i] < 0:
            continue
        share = SHARE[i] if mixed and SECOND[i] >= 0 and SECOND[i] != Y[i] else 0.
        weight = WEIGHT[i] if mixed else 1.
        for label, w in ((Y[i], weight * (1 - share)), (SECOND[i], weight * share)):
            if w > 0:
                found.append((i, int(label), w))
    return found


def log_softmax(z):
    shifted = z - z.real.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def class_means(pixel, v=None, denominator=None, homogenized=False):
    """Weighted sums of pixel losses over a denominator; with `homogenized` the mean over classes of each class's own mean."""
    def loss(z, mixed):
        found = entries(mixed)
        weights = np.ones(C) if v is None else v(z, found) if callable(v) else v
        total = np.zeros(C, complex)
        count = np.zeros(C)
        for i, y, w in found:
            total[y] += w * weights[y] * pixel(z[i], y)
            count[y] += w
        d = (weights * count).sum() if denominator is None else count.sum()
        plain = total.sum() / d
        if not homogenized:
            return plain, plain
        present = count > 0
        # Without class weights d is the count, and this is the mean of the classes' means.
        return plain, (total[present] / count[present]).mean() * count.sum() / d
    return loss


def ce(z, y):
    return -log_softmax(z)[y]


def smoothed(e):
    return lambda z, y: -((1 - e) * log_softmax(z)[y] + e / C * log_softmax(z).sum())


def pcla(z, y):
    return .5 * np.exp(1 - np.exp(-ce(z, y))) * ce(z, y)


def recall(z, found):
    """(missed, at least 1) / all of each class; one of several equal largest logits is enough to be found."""
    missed, count = np.zeros(C), np.zeros(C)
    for i, y, w in found:
        count[y] += w
        missed[y] += w * (z[i, y].real < z[i].real.max())
    return np.where(count > 0, np.minimum(1, np.maximum(missed, 1) / np.maximum(count, 1e-300)), 0)


def auc(margin=1.):
    def loss(z, mixed):
        s = 1 / (1 + np.exp(-z))
        groups = {}
        for i, y, w in entries(mixed):
            groups.setdefault(y, []).append((i, w))
        total, pairs = 0, 0
        for a in groups:
            for b in groups:
                if a == b:
                    continue
                pairs += 1
                value, weight = 0, 0
                for i, w in groups[a]:
                    for j, x in groups[b]:
                        value = value + w * x * .5 * (margin - (s[i, a] - s[j, a])) ** 2
                        weight += w * x
                total = total + value / weight
        return total / pairs, total / pairs
    return loss


def regions(t=1.):
    def loss(z, mixed):
        found, total, count = entries(mixed), 0, 0
        for image in range(IMAGES):
            for k in range(C):
                own = [(i, w) for i, y, w in found if y == k and i // ROWS == image]
                if not own:
                    continue
                mean = sum(w * z[i] for i, w in own) / sum(w for _, w in own)
                total = total + ce(mean + t * np.log(np.maximum(SHOWN, 1)), k)
                count += 1
        return total / count, total / count
    return loss


def both(*parts):
    def loss(z, mixed):
        values = [(w * f(z, mixed)[0], w * f(z, mixed)[1]) for w, f in parts]
        return sum(v[0] for v in values), sum(v[1] for v in values)
    return loss


cases = []


def case(name, settings, loss):
    for mixed in (False, True):
        value, scaled = (x.real for x in loss(Z + 0j, mixed))
        gradient = np.zeros((N, C))
        for i in range(N):
            for k in range(C):
                z = Z + 0j
                z[i, k] += 1e-30j
                gradient[i, k] = loss(z, mixed)[1].imag / 1e-30
        cases.append(dict(
            name=name, settings=settings, mixed=mixed, loss=float(f'{value:.12g}'), scaledLoss=float(f'{scaled:.12g}'),
            gradient=[float(f'{x:.9g}') for x in gradient.ravel()]))


inverse = COUNTS.sum() / (C * COUNTS)
enet = 1 / np.log(1.02 + COUNTS / COUNTS.sum())
frequency = COUNTS / np.maximum(SHOWN, 1)
median = np.median(frequency[SHOWN > 0]) / frequency
effective = (1 - .999) / (1 - .999 ** np.maximum(SHOWN, 1))
sharper = (1 - .9) / (1 - .9 ** np.maximum(SHOWN, 1))
given = np.array([.25, 1., 2., 4., 0.])
case('crossEntropy', {'weights': 'inverse'}, class_means(ce, inverse))
case('crossEntropy', {'weights': 'enet'}, class_means(ce, enet))
case('crossEntropy', {'weights': 'medianFrequency'}, class_means(ce, median))
case('crossEntropy', {'weights': 'effectiveNumber'}, class_means(ce, effective))
case('crossEntropy', {'weights': 'effectiveNumber', 'beta': .9}, class_means(ce, sharper))
case('crossEntropy', {'weights': given.tolist()}, class_means(ce, given))
case('crossEntropy', {'labelSmoothing': .1}, class_means(smoothed(.1)))
case('crossEntropy', {'labelSmoothing': 1}, class_means(smoothed(1.)))
case('crossEntropy', {'labelSmoothing': .25, 'weights': 'enet'}, class_means(smoothed(.25), enet))
case('crossEntropy', {'homogenization': 'maskSize', 'maximumScale': 1e6}, class_means(ce, homogenized=True))
case('crossEntropy', {'homogenization': 'maskSize', 'maximumScale': 1e6, 'weights': 'enet'}, class_means(ce, enet, homogenized=True))
case('pat', {'homogenization': 'maskSize', 'maximumScale': 1e6}, class_means(pcla, homogenized=True))
case('recall', {}, class_means(ce, recall, 'rows'))
case('recall', {'homogenization': 'maskSize', 'maximumScale': 1e6}, class_means(ce, recall, 'rows', homogenized=True))
case('auc', {}, auc())
case('auc', {'margin': .5}, auc(.5))
case('regionRebalance', {}, regions())
case('regionRebalance', {'temperature': .5}, regions(.5))
case('weightedSum', {'terms': 'crossEntropy:1, auc:4, regionRebalance:0.3'}, both((1, class_means(ce)), (4, auc()), (.3, regions())))
case('weightedSum', {'terms': 'pcla:1, recall:0.5', 'homogenization': 'maskSize', 'maximumScale': 1e6},
     both((1, class_means(pcla, homogenized=True)), (.5, class_means(ce, recall, 'rows', homogenized=True))))
print('[\n' + ',\n'.join(json.dumps(c) for c in cases) + '\n]')
