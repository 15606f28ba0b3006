"""One training step of image classification in PyTorch, timed: what `longtail bench step` is compared with.

    python3 torch_step.py resnet32 --batch 128 --mode channels_last --threads 2 --steps 12

Needs torch (2.13 was used), in a virtual environment of its own. Networks: resnet32 (32x32, CIFAR form with shortcuts without parameters),
resnet10-small (28x28, widths 32 to 256), resnet50 (224x224, stride in the 3x3 convolution). The step is forward, cross entropy, backward and
SGD with momentum, in float32, on noise that stays the same; each step's milliseconds are printed, the first ones included.
"""

import argparse
import json
import time

import torch
from torch import nn
from torch.nn import functional as F


def convolution(inputs, outputs, kernel, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class Block(nn.Module):
    """Two 3x3 convolutions, or 1x1, 3x3, 1x1 with `bottleneck`; `padded` shortcuts have no parameters."""

    def __init__(self, inputs, width, stride, bottleneck=False, padded=False):
        super().__init__()
        outputs = 4 * width if bottleneck else width
        plan = [(inputs, width, 1, 1), (width, width, 3, stride), (width, outputs, 1, 1)] if bottleneck else [
            (inputs, width, 3, stride), (width, width, 3, 1)]
        self.convolutions = nn.ModuleList(convolution(*p) for p in plan)
        self.norms = nn.ModuleList(nn.BatchNorm2d(p[1]) for p in plan)
        self.outputs, self.shortcut, self.padding = outputs, None, 0
        if stride != 1 or inputs != outputs:
            if padded:
                self.padding = (outputs - inputs) // 2
            else:
                self.shortcut = nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = x
        for place, (layer, norm) in enumerate(zip(self.convolutions, self.norms)):
            y = norm(layer(y))
            if place + 1 < len(self.norms):
                y = F.relu(y)
        if self.shortcut is not None:
            x = self.shortcut(x)
        elif self.padding:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.padding, self.padding))
        return F.relu(y + x)


class ResNet(nn.Module):
    def __init__(self, channels, widths, blocks, classes, bottleneck=False, padded=False, large=False):
        super().__init__()
        stem = [nn.Conv2d(channels, widths[0], 7, 2, 3, bias=False)] if large else [convolution(channels, widths[0], 3)]
        stem += [nn.BatchNorm2d(widths[0]), nn.ReLU()] + ([nn.MaxPool2d(3, 2, 1)] if large else [])
        self.stem, layers, inputs = nn.Sequential(*stem), [], widths[0]
        for stage, (width, count) in enumerate(zip(widths, blocks)):
            for place in range(count):
                layers.append(Block(inputs, width, 2 if stage and not place else 1, bottleneck, padded))
                inputs = layers[-1].outputs
        self.layers, self.classifier = nn.Sequential(*layers), nn.Linear(inputs, classes)

    def forward(self, x):
        return self.classifier(self.layers(self.stem(x)).mean((2, 3)))


def network(name, classes):
    """The network, and the channels and extent of its images."""
    if name == "resnet32":
        return ResNet(3, (16, 32, 64), (5, 5, 5), classes, padded=True), 3, 32
    if name == "resnet10-small":
        return ResNet(3, (32, 64, 128, 256), (1, 1, 1, 1), classes), 3, 28
    return ResNet(3, (64, 128, 256, 512), (3, 4, 6, 3), classes, bottleneck=True, large=True), 3, 224


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=["resnet32", "resnet10-small", "resnet50"])
    parser.add_argument("--mode", default="channels_last", choices=["eager", "channels_last", "compile"])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=12)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    net, channels, extent = network(options.network, options.classes)
    images = torch.randn(options.batch, channels, extent, extent)
    labels = torch.randint(options.classes, (options.batch,))
    if options.mode != "eager":
        net = net.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    run = torch.compile(net) if options.mode == "compile" else net
    optimizer = torch.optim.SGD(net.parameters(), 0.01, momentum=0.9, weight_decay=2e-4)
    times = []
    for _ in range(options.steps):
        start = time.perf_counter()
        loss = F.cross_entropy(run(images), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        times.append(round((time.perf_counter() - start) * 1e3, 1))
    rest = sorted(times[min(3, len(times) - 1):])
    print(json.dumps({
        "network": options.network, "mode": options.mode, "threads": options.threads, "torch": torch.__version__,
        "parameters": sum(p.numel() for p in net.parameters()), "milliseconds": times, "best": rest[0], "median": rest[len(rest) // 2]}))


if __name__ == "__main__":
    main()
