#!/usr/bin/env python3
"""Writes OracleValues.swift: losses, class gradient norms, scales and gradients in float64 by PyTorch's autograd.

  python make_oracle_values.py > ../OracleValues.swift && swift format -i ../OracleValues.swift

The inputs are sixteenths made from integers, exact in float32, and made again by the same formula in `OracleTests.swift`.
"""
import torch, torch.nn.functional as F

torch.set_default_dtype(torch.float64)
ROWS, C, IGNORED = 22, 5, -1
COUNTS = torch.tensor([4000., 900., 90., 20., 5.])
z0 = torch.tensor([[((i * 7919 + k * 104729 + i * k * 31) % 97 - 48) / 16 for k in range(C)] for i in range(ROWS)])
# Class 4 does not occur; two rows are ignored.
y = torch.tensor([IGNORED if i in (3, 17) else (0 if i % 3 == 0 else i * 5 % 4) for i in range(ROWS)])
W = torch.tensor([[((k * 13 + c * 29 + k * c * 7) % 23 - 11) / 8 for c in range(3)] for k in range(C)])
valid = y >= 0
N = valid.sum()


def pixels(z, exponent=None, temperature=1., detach=False, offsets=None, gamma=None):
    logits = z / temperature + (0 if offsets is None else offsets)
    ce = F.cross_entropy(logits[valid], y[valid], reduction='none')
    q = torch.exp(-ce)
    if exponent is not None:
        w = 0.5 * torch.exp(exponent * (1 - q))
        return (w.detach() if detach else w) * ce
    if gamma is not None:
        return (1 - q) ** gamma * ce
    return ce


def case(name, settings, pixel, denominator=None, target=None, maximum=20., features=False, weights=None):
    z = z0.clone().requires_grad_()
    v = torch.ones(C) if weights is None else weights
    yv = y[valid]
    d = v[yv].sum() * (1 if denominator is None else denominator)
    loss = (v[yv] * pixel(z)).sum() / d
    g, = torch.autograd.grad(loss, z)
    h = g @ W if features else g
    G = torch.stack([h[y == k].norm() for k in range(C)])
    present = G > 0
    scale = torch.ones(C)
    if target:
        P = present.sum()
        M = G.norm() / P.sqrt() if target == 'rootMeanSquare' else G.sum() / P
        scale = torch.where(present, (M / G.clamp_min(1e-300)).clamp(max=maximum), torch.zeros(C))
    z = z0.clone().requires_grad_()
    scaled = (scale[yv] * v[yv] * pixel(z)).sum() / d
    g, = torch.autograd.grad(scaled, z)
    n = lambda t: '[' + ', '.join(f'{x:.9g}' for x in t.flatten().tolist()) + ']'
    text = ', '.join(f'"{k}": {s}' for k, s in settings.items()) or ':'
    print(f'''    OracleCase(
      name: "{name}", settings: [{text}], loss: {loss.item():.12g}, scaledLoss: {scaled.item():.12g},
      norms: {n(G)},
      scales: {n(scale)},
      gradient: [''')
    flat = g.flatten().tolist()
    for i in range(0, len(flat), 10):
        print('        ' + ', '.join(f'{x:.9g}' for x in flat[i:i + 10]) + ',')
    print('      ]),')


print('''import Objectives

// Made by Oracle/make_oracle_values.py; do not edit.

struct OracleCase: Sendable, CustomStringConvertible {
  let name: String
  let settings: [String: SettingValue]
  let loss: Double
  let scaledLoss: Double
  let norms: [Double]
  let scales: [Double]
  let gradient: [Double]

  var description: String { "\\(name) \\(settings)" }

  static let all = [''')
logn = COUNTS.log()
cb = (1 - .9999) / (1 - .9999 ** COUNTS); cb = cb / cb.sum() * C
case('crossEntropy', {}, lambda z: pixels(z))
case('pcla', {}, lambda z: pixels(z, 1.))
case('pcla', {'exponent': '"classes"', 'reduction': '"validPixelsTimesClasses"'}, lambda z: pixels(z, float(C)), denominator=C)
case('pcla', {'exponent': '3', 'temperature': '0.5'}, lambda z: pixels(z, 3., .5))
case('pcla', {'exponent': '2', 'detachWeight': 'true'}, lambda z: pixels(z, 2., detach=True))
case('crossEntropy', {'homogenization': '"rootMeanSquare"'}, lambda z: pixels(z), target='rootMeanSquare')
case('crossEntropy', {'homogenization': '"mean"', 'maximumScale': '1.25'}, lambda z: pixels(z), target='mean', maximum=1.25)
case('pat', {}, lambda z: pixels(z, 1.), target='rootMeanSquare')
case('pat', {'statistic': '"features"', 'homogenization': '"mean"'}, lambda z: pixels(z, 1.), target='mean', features=True)
case('focal', {}, lambda z: pixels(z, gamma=2))
case('focal', {'gamma': '0.5'}, lambda z: pixels(z, gamma=.5))
case('balancedSoftmax', {}, lambda z: pixels(z, offsets=logn))
case('logitAdjustment', {'temperature': '0.5'}, lambda z: pixels(z, offsets=.5 * logn))
case('classBalanced', {}, lambda z: pixels(z), weights=cb)
case('classBalanced', {'homogenization': '"rootMeanSquare"'}, lambda z: pixels(z), weights=cb, target='rootMeanSquare')
print('''  ]
}''')
