#!/usr/bin/env python3
"""Makes recognition-networks.json: what networks for recognition compute in PyTorch, and the names of torchvision's tensors.

  python make_recognition_networks.py > recognition-networks.json      (needs torch, torchvision, numpy)
  python make_recognition_networks.py --load NETWORK FILE   loads a safetensors file strictly into one of torchvision's networks
  python make_recognition_networks.py --save NETWORK FILE   writes torchvision's own state of 10 classes (both need safetensors too)

Parameters and images are a hash of their index, which the test computes too, so that no weights are kept here. Of each tensor the file holds
its norm and some projections onto vectors of random signs, from float64, and how far PyTorch's own float32 result is from it.
The loss is the mean cross-entropy of the logits, half of that of a further classifier's, and the mean over images of the projection times
a fixed row.
"""
import hashlib
import json
import sys
import numpy as np
import torch
import torch.library

# The networks are Python; operators in C++ that do not fit this build of PyTorch are not needed.
torch.library.register_fake = lambda *a, **k: (lambda f: f)
import torchvision
from torch import nn
import torch.nn.functional as F


def mixed(seed, count):
    """32 bits for each index."""
    x = np.arange(count, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(seed * 40503 & 0xFFFFFFFF)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return x


def uniform(seed, shape):
    return (mixed(seed, int(np.prod(shape))).astype(np.float64) / 2**32 * 2 - 1).reshape(shape)


# ---------------------------------------------------------------- networks
class Block(nn.Module):
    """Two 3x3 convolutions; the shortcut takes every second position and adds channels of zeros, or is a 1x1 convolution."""

    def __init__(self, inputs, outputs, stride, pads):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.relu1, self.relu2 = nn.ReLU(), nn.ReLU()
        self.side = (outputs - inputs) // 2 if pads and inputs != outputs else 0
        self.downsample = None
        if not pads and (stride != 1 or inputs != outputs):
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        if self.downsample is not None:
            x = self.downsample(x)
        elif self.side:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.side, self.side))
        return self.relu2(y + x)


class Head(nn.Linear):
    """A classifier by its kind."""

    def __init__(self, inputs, classes, kind, learned):
        super().__init__(inputs, classes, bias=kind in ('linear', 'scaled'))
        self.kind = kind
        if kind == 'scaled':
            self.scaling = nn.Module()
            self.scaling.scales = nn.Parameter(torch.ones(classes))
        elif kind != 'linear':
            own = torch.full((1,), 1.0 if kind == 'weightNormalized' else 16.0)
            if learned:
                self.scale = nn.Parameter(own)
            else:
                self.register_buffer('fixed', own, persistent=False)

    def forward(self, x):
        if self.kind == 'linear':
            return super().forward(x)
        if self.kind == 'scaled':
            return self.scaling.scales * super().forward(x)
        if self.kind == 'cosine':
            x = F.normalize(x, dim=1)
        elif self.kind == 'squashed':
            x = x / (1 + x.norm(dim=1, keepdim=True))
        scale = self.scale if hasattr(self, 'scale') else self.fixed
        return scale * F.linear(x, F.normalize(self.weight, dim=1))


class Small(nn.Module):
    """A 3x3 convolution and stages of blocks; classifiers and a projection on the mean over the image."""

    def __init__(self, classes, widths, blocks, pads, name, kind='linear', learned=False, further=(), projection=None):
        super().__init__()
        self.conv1, self.bn1, self.relu = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        inputs = widths[0]
        self.stages = []
        for stage, (width, count) in enumerate(zip(widths, blocks)):
            layer = []
            for place in range(count):
                layer.append(Block(inputs, width, 2 if stage and place == 0 else 1, pads))
                inputs = width
            setattr(self, f'layer{stage + 1}', nn.Sequential(*layer))
            self.stages.append(f'layer{stage + 1}')
        self.normalized = self.classified = False
        read = inputs
        if projection:
            hidden, width, self.normalized, rectified, self.classified = projection
            layers = [nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, width)] if hidden else [nn.Linear(inputs, width)]
            self.projection = nn.Sequential(*layers, *([nn.ReLU()] if rectified else []))
            read = width if self.classified else inputs
        if further:
            self.heads = nn.ModuleDict({str(k + 1): Head(read, classes, f, learned) for k, f in enumerate(further)})
        self.name = name
        setattr(self, name, Head(read, classes, kind, learned))

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        for stage in self.stages:
            x = getattr(self, stage)(x)
        x = x.mean((2, 3))
        out = {'features': x}
        if hasattr(self, 'projection'):
            p = self.projection(x)
            out['projection'] = F.normalize(p, dim=1) if self.normalized else p
            x = out['projection'] if self.classified else x
        for place, head in getattr(self, 'heads', {}).items():
            out[f'logits.{place}'] = head(x)
        out['logits'] = getattr(self, self.name)(x)
        return out


class Whole(nn.Module):
    """One of torchvision's networks, with its pooled features; names without a prefix."""

    def __init__(self, name, classes):
        super().__init__()
        self.net = getattr(torchvision.models, name)(weights=None, num_classes=classes)
        self.net.avgpool.register_forward_hook(lambda m, i, o: setattr(self, 'seen', o))

    def forward(self, x):
        logits = self.net(x)
        return {'features': self.seen.flatten(1), 'logits': logits}


TORCHVISION = {
    'resnet18': 'resnet18', 'resnet34': 'resnet34', 'resnet50': 'resnet50', 'resnet101': 'resnet101', 'resnet152': 'resnet152',
    'resnext50': 'resnext50_32x4d'}


def make(name, classes, settings):
    if name in TORCHVISION:
        return Whole(TORCHVISION[name], classes)
    width = settings.get('width', 16 if name != 'resnet10-small' else 32)
    projection = settings.get('projection')
    if projection:
        projection = [projection.get(k, 0) for k in ('hidden', 'width', 'normalized', 'rectified', 'classified')]
    rest = dict(
        kind=settings.get('head', 'linear'), learned=settings.get('learnsHeadScale', False), further=settings.get('furtherHeads', ()),
        projection=projection)
    if name == 'resnet10-small':
        return Small(classes, [width << s for s in range(4)], [1] * 4, False, 'fc', **rest)
    blocks = (int(name.removeprefix('resnet')) - 2) // 6
    return Small(classes, [width << s for s in range(3)], [blocks] * 3, True, 'linear', **rest)


# ---------------------------------------------------------------- numbers
def names(net):
    return [n.removeprefix('net.') for n, _ in net.named_parameters()]


def fill(net, dtype, shift=0.0):
    net = net.to(dtype)
    for k, (name, p) in enumerate(zip(names(net), net.parameters())):
        v = uniform(k + 1, p.shape)
        if name.endswith('.scale'):
            v = 5 + v
        elif p.dim() == 1:
            own = 0 if name.startswith(('fc.', 'linear.', 'heads.', 'projection.')) else shift
            v = 1 + 0.1 * v if name.endswith(('weight', 'scales')) else own + 0.1 * v
        else:
            v = v * (3.0 / np.prod(p.shape[1:])) ** 0.5
        if p.dim() == 2 and shift:
            # Features are large then; the scores of classes should not be.
            v = v / (1 + 4 * shift)
        if p.dim() == 4 and shift and name != 'conv1.weight':
            # What all input channels have in common is taken away: its rounding would hide everything else.
            v = v - v.mean(axis=1, keepdims=True)
        with torch.no_grad():
            p.copy_(torch.from_numpy(v.astype(np.float32)))
    return net


def images_of(seed, count, height, width):
    x = uniform(500000 + seed, (count, 3, height, width)) + np.arange(count).reshape(-1, 1, 1, 1)
    return torch.from_numpy(x.astype(np.float32))


def summary(double, single, count):
    v, w = (t.detach().double().reshape(-1).numpy() for t in (double, single))
    projections = [float(v @ np.where(mixed(900000 + k, v.size) >= 2**31, 1.0, -1.0)) for k in range(count)]
    norm = float(np.linalg.norm(v))
    return dict(norm=norm, projections=projections, drift=float(np.linalg.norm(w - v) / max(norm, 1e-30)))


class Margin:
    """The distance to the nearest kink of a ReLU."""

    def __init__(self, net):
        self.net, self.least = net.train(), 0.0
        for module in net.modules():
            if isinstance(module, nn.ReLU):
                module.register_forward_pre_hook(lambda m, i: setattr(self, 'least', min(self.least, float(i[0].detach().abs().min()))))

    def of(self, x):
        self.least = float('inf')
        with torch.no_grad():
            self.net(x)
        return self.least


def run(name, classes, settings, images, size, seed, shift, dtype):
    net = fill(make(name, classes, settings), dtype, shift).train()
    x = images_of(seed, images, size, size).to(dtype)
    y = torch.from_numpy((mixed(600000, images) >> np.uint32(16)).astype(np.int64) % classes)
    out = net(x)
    loss = F.cross_entropy(out['logits'], y)
    if 'logits.1' in out:
        loss = loss + 0.5 * F.cross_entropy(out['logits.1'], y)
    if 'projection' in out:
        loss = loss + (out['projection'] * torch.from_numpy(uniform(700000, tuple(out['projection'].shape))).to(dtype)).sum() / images
    loss.backward()
    tensors = dict(out)
    tensors.update({'gradient ' + n: p.grad for n, p in zip(names(net), net.parameters())})
    net.eval()
    with torch.no_grad():
        tensors['evaluation'] = net(x)['logits']
    return net, float(loss.detach()), tensors


def case(name, classes, images, size, shift=0.0, **settings):
    """Gradients jump where rounding moves an activation across a ReLU's kink.

    Without a shift, the images are the first whose activations keep away from all kinks. With one, added to the shift of every batch norm,
    nearly all activations lie far above zero: in networks of millions of activations no images keep away from all kinks.
    """
    seed = 0
    if shift == 0:
        margin = Margin(fill(make(name, classes, settings), torch.float64))
        seed = next(s for s in range(1, 4000) if margin.of(images_of(s, images, size, size).double()) > 2e-5)
    arguments = (name, classes, settings, images, size, seed, shift)
    net, loss, double = run(*arguments, torch.float64)
    _, _, single = run(*arguments, torch.float32)
    def gradient(t):
        return torch.cat([v.detach().double().reshape(-1) for n, v in t.items() if n.startswith('gradient ')])
    whole = float((gradient(single) - gradient(double)).norm() / gradient(double).norm())
    return dict(
        name=name, classes=classes, settings=settings, images=images, size=size, seed=seed, shift=shift, loss=loss, gradientDrift=whole,
        parameterNames=names(net), parameterCount=sum(p.numel() for p in net.parameters()),
        tensors={n: summary(double[n], single[n], 4 if n.startswith('gradient ') else 16) for n in double})


def state(name):
    """Each tensor's name and shape, sorted; counters of batches aside."""
    net = getattr(torchvision.models, TORCHVISION[name])(weights=None)
    lines = sorted(f'{n} {list(t.shape)}' for n, t in net.state_dict().items() if 'num_batches' not in n)
    return dict(
        name=name, count=len(lines), parameterCount=sum(p.numel() for p in net.parameters()),
        digest=hashlib.sha256('\n'.join(lines).encode()).hexdigest())


if len(sys.argv) == 4:
    from safetensors.torch import load_file, save_file
    name, path = sys.argv[2:]
    if sys.argv[1] == '--load':
        tensors = load_file(path)
        print(make(name, tensors['fc.bias'].shape[0], {}).net.load_state_dict(tensors, strict=True))
    else:
        save_file(fill(make(name, 10, {}), torch.float32).net.state_dict(), path)
else:
    torch.set_num_threads(1)
    projection = dict(width=12, hidden=20, normalized=True)
    result = dict(
        states=[state(n) for n in TORCHVISION],
        cases=[
            case('resnet32', 10, 2, 16), case('resnet50', 12, 2, 64, shift=4.0), case('resnext50', 12, 2, 96, shift=4.0),
            case('resnet10-small', 7, 3, 12, width=8),
            case('resnet10-small', 7, 3, 12, width=8, head='cosine', projection=projection, furtherHeads=['linear']),
            case('resnet10-small', 7, 3, 12, width=8, head='weightNormalized', learnsHeadScale=True, furtherHeads=['cosine']),
            case('resnet10-small', 7, 3, 12, width=8, head='squashed', learnsHeadScale=True),
            case('resnet20', 10, 3, 8, width=8, head='scaled', furtherHeads=['weightNormalized']),
            case('resnet20', 10, 3, 8, width=8, head='cosine', projection=dict(width=19, rectified=True, classified=True))])
    print(json.dumps(json.loads(json.dumps(result), parse_float=lambda s: float('%.9g' % float(s))), separators=(',', ':')))
