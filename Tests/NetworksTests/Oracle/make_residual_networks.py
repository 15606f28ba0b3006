#!/usr/bin/env python3
"""Makes residual-networks.json: what torchvision's segmentation networks compute, and the names of their tensors.

  python make_residual_networks.py > residual-networks.json      (needs torch, torchvision, numpy)
  python make_residual_networks.py --load NETWORK FILE           loads a safetensors file strictly into one of torchvision's networks
  python make_residual_networks.py --save NETWORK FILE           writes torchvision's own state (needs safetensors too)

Parameters and images are a hash of their index, which the test computes too, so that no weights are kept here. Dropout is off. Of each
tensor the file holds its norm and four projections onto vectors of random signs, from float64, and how far torchvision's own float32
result is from it. The loss is the mean cross-entropy, the auxiliary head's with weight 0.4.
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
from torchvision.models import segmentation
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.segmentation.fcn import FCN, FCNHead


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


def summary(double, single):
    v, w = (t.detach().double().reshape(-1).numpy() for t in (double, single))
    projections = [float(v @ np.where(mixed(900000 + k, v.size) >= 2**31, 1.0, -1.0)) for k in range(4)]
    norm = float(np.linalg.norm(v))
    return dict(norm=norm, projections=projections, drift=float(np.linalg.norm(w - v) / max(norm, 1e-30)))


def small_fcn(classes):
    """torchvision's parts on ResNet-18, whose dilated form it lacks: strides of the last two stages become dilation."""
    net = torchvision.models.resnet18(weights=None)
    for layer, first, other in ((net.layer3, 1, 2), (net.layer4, 2, 4)):
        for b, block in enumerate(layer):
            block.stride = 1
            for conv, d in ((block.conv1, first if b == 0 else other), (block.conv2, other)):
                conv.stride, conv.dilation, conv.padding = (1, 1), (d, d), (d, d)
            if block.downsample is not None:
                block.downsample[0].stride = (1, 1)
    backbone = IntermediateLayerGetter(net, return_layers={'layer4': 'out', 'layer3': 'aux'})
    return FCN(backbone, FCNHead(512, classes), FCNHead(256, classes))


def make(name, classes):
    if name == 'fcn-resnet18':
        return small_fcn(classes)
    builder = getattr(segmentation, name.replace('-', '_'))
    return builder(weights=None, weights_backbone=None, num_classes=classes, aux_loss=True)


def fill(net, dtype, shift=0.0):
    net = net.to(dtype)
    for k, (name, p) in enumerate(net.named_parameters()):
        v = uniform(k + 1, p.shape)
        if p.dim() == 1:
            v = 1 + 0.1 * v if name.endswith('weight') else shift + 0.1 * v
        else:
            v = v * (3.0 / (p.shape[1] * p.shape[2] * p.shape[3])) ** 0.5
        with torch.no_grad():
            p.copy_(torch.from_numpy(v.astype(np.float32)))
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return net


class Margin:
    """The distance to the nearest kink of a ReLU, or between the two largest values of a pooling window."""

    def __init__(self, net):
        self.net, self.least = net.train(), 0.0
        for module in net.modules():
            if isinstance(module, (nn.ReLU, nn.MaxPool2d)):
                module.register_forward_pre_hook(self.look)

    def of(self, x):
        self.least = float('inf')
        with torch.no_grad():
            self.net(x)
        return self.least

    def look(self, module, inputs):
        values = inputs[0].detach()
        if isinstance(module, nn.MaxPool2d):
            top = F.unfold(values.flatten(0, 1).unsqueeze(1), 3, padding=1, stride=2).topk(2, dim=1).values
            gaps = (top[:, 0] - top[:, 1])[top[:, 0] > 0]
        else:
            gaps = values.abs()
        self.least = min(self.least, float(gaps.min()))


def images_of(seed, count, height, width):
    # Images of different brightness: batch norm on the mean over each of two equal ones would divide by nearly nothing.
    x = uniform(500000 + seed, (count, 3, height, width)) + np.arange(count).reshape(-1, 1, 1, 1)
    return torch.from_numpy(x.astype(np.float32))


def run(name, classes, images, height, width, seed, shift, dtype):
    net = fill(make(name, classes), dtype, shift).train()
    x = images_of(seed, images, height, width).to(dtype)
    y = torch.from_numpy((mixed(600000, images * height * width) >> np.uint32(16)).astype(np.int64) % (classes + 1)).view(images, height, width)
    y = torch.where(y == classes, torch.full_like(y, 255), y)
    out = net(x)
    losses = [F.cross_entropy(out[key], y, ignore_index=255) for key in ('out', 'aux')]
    (losses[0] + 0.4 * losses[1]).backward()
    tensors = {'logits': out['out'], 'auxiliary': out['aux']}
    tensors.update({'gradient ' + n: p.grad for n, p in net.named_parameters()})
    tensors.update({'statistic ' + n: b.clone() for n, b in net.named_buffers() if 'num_batches' not in n})
    net.eval()
    with torch.no_grad():
        tensors['evaluation'] = net(x)['out']
    return net, [float(l.detach()) for l in losses], tensors


def case(name, classes, images, height, width, shift=0.0):
    """Gradients jump where rounding moves an activation across a ReLU's kink, by a per cent of a tensor here.

    Without a shift, the images are the first whose activations keep away from all kinks. With one, added to the shift of every batch norm,
    nearly all activations lie far above zero: in networks of millions of activations no images keep away from all kinks.
    """
    seed = 0
    if shift == 0:
        margin = Margin(fill(make(name, classes), torch.float64))
        seed = next(s for s in range(1, 4000) if margin.of(images_of(s, images, height, width).double()) > 3e-5)
    arguments = (name, classes, images, height, width, seed, shift)
    net, losses, double = run(*arguments, torch.float64)
    _, _, single = run(*arguments, torch.float32)
    return dict(
        name=name, classes=classes, images=images, height=height, width=width, seed=seed, shift=shift, losses=losses,
        parameterNames=[n for n, _ in net.named_parameters()], parameterCount=sum(p.numel() for p in net.parameters()),
        tensors={n: summary(double[n], single[n]) for n in double})


def state(name):
    """Each tensor's name and shape, sorted; counters of batches aside."""
    lines = sorted(f'{n} {list(t.shape)}' for n, t in make(name, 21).state_dict().items() if 'num_batches' not in n)
    return dict(
        name=name, count=len(lines), parameterCount=sum(p.numel() for p in make(name, 21).parameters()),
        digest=hashlib.sha256('\n'.join(lines).encode()).hexdigest())


if len(sys.argv) == 4:
    from safetensors.torch import load_file, save_file
    name, path = sys.argv[2:]
    if sys.argv[1] == '--load':
        tensors = load_file(path)
        classes = tensors['classifier.4.bias'].shape[0]
        net = make(name, classes)
        print(net.load_state_dict(tensors, strict=True))
    else:
        save_file(fill(make(name, 21), torch.float32).state_dict(), path)
else:
    result = dict(
        states=[state(n) for n in ('fcn-resnet50', 'deeplabv3-resnet50', 'deeplabv3-resnet101')],
        cases=[case('fcn-resnet18', 5, 2, 32, 40), case('deeplabv3-resnet50', 21, 2, 104, 112, shift=4.0)])
    print(json.dumps(json.loads(json.dumps(result), parse_float=lambda s: float('%.9g' % float(s))), separators=(',', ':')))
