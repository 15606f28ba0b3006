#!/usr/bin/env python3
"""Makes networks.json: what PyTorch computes for small U-Nets and SegNets, in float64 and float32.

  python make_networks.py > networks.json        (needs torch, numpy)

All inputs come from a 32-bit linear congruential generator that the test repeats, so the file holds results only:
the loss, ten losses under Adam, and for each tensor its norm and eight projections onto vectors of random signs
(the mean square of the projections' errors estimates the squared norm of the tensor's error).
"""
import functools
import json
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F


@functools.cache
def generator(seed, count):
    # Twice as many numbers in each round: a stretch of m numbers, taken m steps further, is the next stretch.
    out = np.array([(1664525 * seed + 1013904223) & 0xFFFFFFFF], dtype=np.uint32)
    factor, summand = 1664525, 1013904223
    while out.size < count:
        out = np.concatenate([out, out * np.uint32(factor) + np.uint32(summand)])
        factor, summand = factor * factor & 0xFFFFFFFF, (factor + 1) * summand & 0xFFFFFFFF
    return out[:count]


def uniform(seed, shape):
    count = int(np.prod(shape))
    return (generator(seed, count).astype(np.float64) / 2**32 * 2 - 1).reshape(shape)


def projections(t):
    v = t.detach().double().reshape(-1).numpy()
    result = []
    for k in range(8):
        signs = np.where(generator(7919 * (k + 1), v.size) >= 2**31, 1.0, -1.0)
        result.append(float(v @ signs))
    return dict(norm=float(np.linalg.norm(v)), projections=result)


def block(i, o, n):
    layers = []
    for k in range(n):
        layers += [nn.Conv2d(i if k == 0 else o, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    def __init__(self, c, classes):
        super().__init__()
        w = [c << i for i in range(5)]
        self.down = nn.ModuleList([block(3 if i == 0 else w[i - 1], w[i], 2) for i in range(5)])
        self.up = nn.ModuleList([nn.ConvTranspose2d(w[i], w[i - 1], 2, 2) for i in range(4, 0, -1)])
        self.dec = nn.ModuleList([block(w[i], w[i - 1], 2) for i in range(4, 0, -1)])
        self.head = nn.Conv2d(c, classes, 1)

    def forward(self, x):
        skips = []
        for i, d in enumerate(self.down):
            x = d(F.max_pool2d(x, 2) if i else x)
            skips.append(x)
        for i in range(4):
            x = self.dec[i](torch.cat([skips[3 - i], self.up[i](x)], 1))
        return self.head(x)


class SegNet(nn.Module):
    def __init__(self, c, classes):
        super().__init__()
        w, n = [c << i for i in range(4)], [2, 2, 3, 3]
        self.enc = nn.ModuleList([block(3 if i == 0 else w[i - 1], w[i], n[i]) for i in range(4)])
        self.dec = nn.ModuleList()
        for i in range(3, -1, -1):
            o = w[i - 1] if i else classes
            self.dec.append(nn.Sequential(block(w[i], w[i], n[i] - 1), nn.Conv2d(w[i], o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU()))

    def forward(self, x):
        places = []
        for e in self.enc:
            x, i = F.max_pool2d(e(x), 2, return_indices=True)
            places.append(i)
        for d in self.dec:
            x = d(F.max_unpool2d(x, places.pop(), 2))
        return x


def case(*arguments):
    """The first seed for which rounding moves no activation across a ReLU's kink and no maximum to another place in the first step.

    There the gradient jumps by per cents, and whoever adds up in another order lands on the other side.
    """
    for seed in range(1, 400):
        c = attempt(seed, *arguments)
        if c is not None:
            return c
    raise SystemExit('no seed is far enough from every kink')


class Margin:
    """The distance to the nearest kink: of what enters a ReLU from zero, and of a window's two largest values."""

    def __init__(self, net):
        self.least = float('inf')
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.register_forward_hook(self.look)

    def look(self, module, inputs, output):
        values = output.detach()
        self.least = min(self.least, float(values.abs().min()))
        if values.shape[2] % 2 == 0 and values.shape[3] % 2 == 0:
            windows = values.clamp(min=0).unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)
            top = windows.topk(2, dim=4).values
            gaps = (top[..., 0] - top[..., 1])[top[..., 0] > 0]
            if gaps.numel():
                self.least = min(self.least, float(gaps.min()))


def attempt(seed, name, make, width, classes, images, height, width_px, margin_wanted=2e-5):
    result = dict(seed=seed, name=name, width=width, classes=classes, images=images, height=height, widthPixels=width_px)
    steps = 10
    for precision, dtype in (('float64', torch.float64), ('float32', torch.float32)):
        net = make(width, classes).to(dtype)
        margin = Margin(net) if precision == 'float64' else None
        for k, (pname, p) in enumerate(net.named_parameters()):
            v = uniform(1000 * seed + k, p.shape)
            if p.dim() == 1 and pname.endswith('weight'):
                v = 1 + 0.1 * v
            elif p.dim() == 1:
                v = 0.1 * v
            else:
                fan = p.shape[1] * p.shape[2] * p.shape[3]
                v = v * (3.0 / fan) ** 0.5
            with torch.no_grad():
                p.copy_(torch.from_numpy(v.astype(np.float32).astype(np.float64)))
        x = torch.from_numpy(uniform(seed, (images, 3, height, width_px)).astype(np.float32)).to(dtype)
        y = torch.from_numpy((generator(2, images * height * width_px) >> np.uint32(16)).astype(np.int64) % (classes + 1)).view(images, height, width_px)
        y = torch.where(y == classes, torch.full_like(y, 255), y)
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
        losses = []
        r = {}
        for step in range(steps):
            optimizer.zero_grad()
            logits = net(x)
            # Adam turns the rounding of tiny gradients into whole steps, so later on some kink is crossed; the test allows for that.
            if margin and step == 0 and margin.least < margin_wanted:
                return None
            loss = F.cross_entropy(logits, y, ignore_index=255)
            loss.backward()
            if step == 0:
                r['logits'] = projections(logits)
                r['gradients'] = {n: projections(p.grad) for n, p in net.named_parameters()}
                r['statistics'] = {n: projections(b) for n, b in net.named_buffers() if 'num' not in n}
            losses.append(float(loss.detach()))
            optimizer.step()
        net.eval()
        with torch.no_grad():
            r['evaluation'] = projections(net(x))
        r['losses'] = losses
        r['parameters'] = {n: projections(p) for n, p in net.named_parameters()}
        result[precision] = r
    result['parameterNames'] = [n for n, _ in net.named_parameters()]
    result['parameterCount'] = sum(p.numel() for p in net.parameters())
    return result


cases = [
    case('unet', UNet, 8, 12, 2, 16, 32),
    case('segnet', SegNet, 8, 5, 1, 32, 32),
    # Channels in whole blocks of 16, as AVX-512 wants them, and classes that are none.
    case('unet', UNet, 16, 11, 2, 16, 32, 6e-6),
    case('segnet', SegNet, 16, 11, 1, 32, 32),
]
print(json.dumps(json.loads(json.dumps(cases), parse_float=lambda s: float('%.12g' % float(s))), separators=(',', ':')))
