#!/usr/bin/env python3
"""Times a step of torchvision's Faster R-CNN, for comparison with `longtail bench step --model fasterRCNN-resnet50`.

    python time_detector.py --size 320 --batch 2 --threads 2
    longtail bench step --model fasterRCNN-resnet50 --size 320x320 --batch 2 --threads 2 --classes 90 --objective crossEntropy \
        --optimizer sgd --set optimizer.momentum=0.9

Both have random weights, ordinary batch norm, everything trained, 90 classes and background, 2000 proposals, 512 rows and 256 anchors an
image, four boxes an image, and stochastic gradient descent with momentum. Prints one JSON object: seconds of each step, the median by part
of the forward pass, the backward pass and the update. Needs torch and torchvision; where torchvision's library asks for CUDA and torch has
none, libraries without content under CUDA's names are enough, since nothing in them is called.
"""
import argparse
import json
import statistics
import time
from collections import defaultdict

import torch
import torchvision


def timed(seconds, name, function):
    def run(*arguments, **named):
        start = time.perf_counter()
        result = function(*arguments, **named)
        seconds[name] += time.perf_counter() - start
        return result

    return run


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=320)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--classes", type=int, default=90, help="without background")
    parser.add_argument("--predict", action="store_true", help="times predictions instead")
    parser.add_argument("--channelsLast", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    model = torchvision.models.detection.fasterrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=options.classes + 1, min_size=options.size, max_size=options.size)
    model.train(not options.predict)
    if options.channelsLast:
        model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    seconds = defaultdict(float)
    for module, attribute, name in [
        (model.backbone.body, "forward", "backbone"), (model.backbone.fpn, "forward", "pyramid"), (model.rpn.head, "forward", "anchor head"),
        (model.rpn, "filter_proposals", "proposals"), (model.rpn, "assign_targets_to_anchors", "drawing"),
        (model.roi_heads, "select_training_samples", "drawing"), (model.roi_heads.box_roi_pool, "forward", "RoIAlign"),
        (model.roi_heads.box_head, "forward", "region head"), (model.roi_heads.box_predictor, "forward", "region head"),
        (model.roi_heads, "postprocess_detections", "selection"),
    ]:
        setattr(module, attribute, timed(seconds, name, getattr(module, attribute)))

    generator = torch.Generator().manual_seed(1)

    def batch():
        images = [torch.rand(3, options.size, options.size, generator=generator) for _ in range(options.batch)]
        targets = []
        for _ in range(options.batch):
            sides = (0.0625 + 0.4375 * torch.rand(4, 2, generator=generator)) * options.size
            corner = torch.rand(4, 2, generator=generator) * (options.size - sides)
            targets.append({
                "boxes": torch.cat([corner, corner + sides], 1),
                "labels": torch.randint(1, options.classes + 1, (4,), generator=generator),
            })
        return images, targets

    steps, parts = [], []
    for index in range(options.warmup + options.steps):
        images, targets = batch()
        seconds.clear()
        start = time.perf_counter()
        if options.predict:
            with torch.no_grad():
                model(images)
            end = time.perf_counter()
        else:
            optimizer.zero_grad()
            losses = model(images, targets)
            total = sum(losses.values())
            forward = time.perf_counter()
            total.backward()
            backward = time.perf_counter()
            optimizer.step()
            end = time.perf_counter()
            seconds["forward"] = forward - start
            seconds["backward"] = backward - forward
            seconds["update"] = end - backward
        if index >= options.warmup:
            steps.append(end - start)
            parts.append(dict(seconds))
    names = list(parts[0])
    print(json.dumps({
        "torch": torch.__version__, "torchvision": torchvision.__version__, "threads": options.threads, "size": options.size,
        "batch": options.batch, "predicts": options.predict, "steps": steps, "median": statistics.median(steps),
        "parts": {name: statistics.median(part.get(name, 0) for part in parts) for name in names},
    }))


if __name__ == "__main__":
    main()
