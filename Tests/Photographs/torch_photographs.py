"""The same work in PyTorch: ResNet-10 or ResNet-50 on the files of make_photographs.py, with PyTorch's own loader, on several processes.

    torchrun --nproc-per-node 2 torch_photographs.py DIRECTORY [--model resnet10] [--batch 16] [--steps 50] [--workers 1] [--noise]

Views are those of photographs.yaml: random resized crop (8 % to all of the area), flip, brightness, contrast and
saturation within 0.4, as torchvision makes them of Pillow's pictures; written out here, so that torchvision is not
needed. Balanced Softmax, SGD with momentum. Prints the median step, the share of it that the slowest process waited for
its loader, images a second, and, without torchrun, the processor's milliseconds for one image with `--load`. `--noise`
trains on one batch that stays: what the loader costs is the difference.
"""
import argparse
import math
import os
import random
import resource
import statistics
import time

import numpy as np
import torch
import torch.distributed as dist
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image, ImageEnhance

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


def view(image):
    """One training view of 224 x 224 pixels, normalized."""
    width, height = image.size
    for _ in range(10):
        area = width * height * random.uniform(0.08, 1)
        ratio = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            left, top = random.randint(0, width - w), random.randint(0, height - h)
            break
    else:
        w = h = min(width, height)
        left, top = (width - w) // 2, (height - h) // 2
    image = image.crop((left, top, left + w, top + h)).resize((224, 224), Image.BILINEAR)
    if random.random() < 0.5:
        image = image.transpose(Image.FLIP_LEFT_RIGHT)
    changes = [ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color]
    random.shuffle(changes)
    for change in changes:
        image = change(image).enhance(random.uniform(0.6, 1.4))
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous().float().div_(255)
    return pixels.sub_(MEAN).div_(DEVIATION)


class Photographs(torch.utils.data.Dataset):
    """The images of a list with `path label` a line."""

    def __init__(self, directory):
        with open(f"{directory}/train.txt") as file:
            rows = [line.rsplit(" ", 1) for line in file]
        self.paths = [f"{directory}/{path}" for path, _ in rows]
        self.labels = [int(label) for _, label in rows]

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        with open(self.paths[index], "rb") as file:
            return view(Image.open(file).convert("RGB")), self.labels[index]


class Basic(nn.Module):
    expansion = 1

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        self.shortcut = shortcut(inputs, width, stride)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
        self.shortcut = shortcut(inputs, 4 * width, stride)

    def forward(self, x):
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(self.bn3(self.conv3(y)) + self.shortcut(x))


def shortcut(inputs, outputs, stride):
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


def network(name, classes):
    block, counts = {"resnet10": (Basic, (1, 1, 1, 1)), "resnet18": (Basic, (2, 2, 2, 2)), "resnet50": (Bottleneck, (3, 4, 6, 3))}[name]
    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    inputs = 64
    for stage, count in enumerate(counts):
        width = 64 << stage
        for place in range(count):
            layers.append(block(inputs, width, 2 if stage and place == 0 else 1))
            inputs = width * block.expansion
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


def processor_seconds():
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("--model", default="resnet10")
    parser.add_argument("--batch", type=int, default=16, help="images of a step, over all processes")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--workers", type=int, default=1, help="loading processes of each training process")
    parser.add_argument("--noise", action="store_true")
    parser.add_argument("--load", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = Photographs(options.directory)
    if options.load:
        for index in range(8):
            data[index]
        begin = processor_seconds()
        for index in range(0, len(data), max(1, len(data) // 200)):
            data[index]
        count = len(range(0, len(data), max(1, len(data) // 200)))
        print(f"load:     {1000 * (processor_seconds() - begin) / count:.2f} ms of a processor for an image")
        return
    dist.init_process_group("gloo")
    ranks = dist.get_world_size()
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[dist.get_rank() % len(os.sched_getaffinity(0))]})
    torch.manual_seed(0)
    model = network(options.model, 1000).to(memory_format=torch.channels_last)
    # Statistics of the global batch, as Longtail's. SyncBatchNorm wants accelerators, so those of each process it is.
    model = nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    logarithms = torch.bincount(torch.tensor(data.labels), minlength=1000).float().log()
    own = options.batch // ranks
    sampler = torch.utils.data.distributed.DistributedSampler(data)
    loader = torch.utils.data.DataLoader(
        data, own, sampler=sampler, num_workers=options.workers, prefetch_factor=2, drop_last=True, persistent_workers=True)
    noise = [(torch.randn(own, 3, 224, 224), torch.randint(0, 1000, (own,)))] * (options.steps + 5)
    batches = iter(noise if options.noise else loader)
    waits, steps = [], []
    for step in range(options.steps):
        begin = time.perf_counter()
        try:
            images, labels = next(batches)
        except StopIteration:
            batches = iter(loader)
            images, labels = next(batches)
        waited = time.perf_counter() - begin
        loss = F.cross_entropy(model(images.to(memory_format=torch.channels_last)) + logarithms, labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step >= min(5, options.steps // 2):
            waits.append(waited)
            steps.append(time.perf_counter() - begin)
    times = torch.tensor([sum(waits), sum(steps)])
    dist.all_reduce(times, op=dist.ReduceOp.MAX)
    if dist.get_rank() == 0:
        mean = times[1].item() / len(steps)
        print(
            f"{'noise:   ' if options.noise else 'training:'} median step {1000 * statistics.median(steps):.0f} ms, "
            f"mean {1000 * mean:.0f} ms, "
            f"{options.batch / mean:.2f} images/s over {len(steps)} steps, waiting {100 * times[0].item() / times[1].item():.1f} %")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
