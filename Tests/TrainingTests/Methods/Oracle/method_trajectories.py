"""Twenty steps of every method in PyTorch, in float64, by automatic differentiation: what the tests of the methods are compared with.

    python3 method_trajectories.py > method_trajectories.json

Needs torch (2.13 was used) and numpy. Images, orders, first values and draws are functions of whole numbers alone, so that another program can
make the same ones; the random numbers are Philox 4x32-10, written down again here.
"""
import copy
import json
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
SEED, CLASSES, SIZE, BATCH, STEPS, TOTAL = 5, 4, 8, 8, 20, 24
COUNTS = [12, 6, 4, 2]
N = sum(COUNTS)
LABELS = [c for c, n in enumerate(COUNTS) for _ in range(n)]
FIRST = [sum(COUNTS[:c]) for c in range(CLASSES)]
RATE, MOMENTUM, DECAY = 0.05, 0.9, 5e-4
M32, M64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
INITIALIZATION, ORDER, SAMPLING = 1, 2, 16


# ---------------------------------------------------------------- numbers of chance
class Random:
    """Philox 4x32 with ten rounds, keyed by seed and purpose, indexed by epoch, sample and draw."""

    def __init__(self, seed, purpose, epoch=0, sample=0):
        mixed = (seed + 0x9E3779B97F4A7C15 * purpose) & M64
        self.key = (mixed & M32, mixed >> 32)
        self.stream = (sample & M32, epoch & M32)

    def bits(self, index):
        a = [index & M32, (index >> 32) & M32, self.stream[0], self.stream[1]]
        k = list(self.key)
        for _ in range(10):
            x, y = a[0] * 0xD2511F53, a[2] * 0xCD9E8D57
            a = [(y >> 32) ^ a[1] ^ k[0], y & M32, (x >> 32) ^ a[3] ^ k[1], x & M32]
            k = [(k[0] + 0x9E3779B9) & M32, (k[1] + 0xBB67AE85) & M32]
        return a[0] | a[1] << 32

    def uniform(self, index):
        return (self.bits(index) >> 11) * 2.0**-53

    def integer(self, index, below):
        return (self.bits(index) * below) >> 64

    def permutation(self, count):
        order = list(range(count))
        for i in range(count - 1, 0, -1):
            j = self.integer(i, i + 1)
            order[i], order[j] = order[j], order[i]
        return order


def f32(values):
    return torch.from_numpy(np.asarray(values, dtype=np.float32).astype(np.float64))


def uniform_values(count, bound, seed, sample):
    r = Random(seed, INITIALIZATION, 0, sample)
    return f32([-bound + 2 * bound * r.uniform(i) for i in range(count)])


# ---------------------------------------------------------------- data
def image(sample, view=0):
    """3 x SIZE x SIZE numbers."""
    label = LABELS[sample]
    out = np.empty(3 * SIZE * SIZE)
    for i in range(out.size):
        out[i] = (((sample * 131 + view * 57 + i * 29) % 61) - 30) / 24 + label * ((i % 5) - 2) * 0.1
    return f32(out).reshape(3, SIZE, SIZE)


IMAGES = [[image(s, v) for s in range(N)] for v in range(2)]


def natural(epoch, place):
    return (place * 5 + epoch * 7) % N


def balanced(epoch, place):
    c = place % CLASSES
    return FIRST[c] + (place // CLASSES + epoch) % COUNTS[c]


def batch(samples, view=0):
    return torch.stack([IMAGES[view][s] for s in samples]), torch.tensor([LABELS[s] for s in samples])


def step_samples(step, order):
    epoch, place = step // (N // BATCH), step % (N // BATCH)
    return [order(epoch, place * BATCH + i) for i in range(BATCH)]


# ---------------------------------------------------------------- networks
class Net(nn.Module):
    """Two convolutions with batch norm, the mean over the image, what stands behind it. Parameters in the order of the graph."""

    def __init__(self, seed=SEED, projection=None, classified=False, further=False, scaled=False):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3, 2, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(16)
        self.projection = nn.Linear(16, projection) if projection else None
        width = projection if classified else 16
        self.further = nn.Linear(width, CLASSES) if further else None
        self.fc = nn.Linear(width, CLASSES)
        self.scale = nn.Parameter(torch.ones(CLASSES)) if scaled else None
        self.classified = classified
        place = 0
        for module in (self.conv1, self.bn1, self.conv2, self.bn2, self.projection, self.further, self.fc):
            if module is None: continue
            for p in (module.weight, module.bias):
                if p is None: continue
                if not isinstance(module, nn.BatchNorm2d):
                    fan = module.weight[0].numel()
                    p.data = uniform_values(p.numel(), 1 / math.sqrt(fan), seed, place).reshape(p.shape)
                place += 1
        if scaled: self.scale.data = uniform_values(CLASSES, 1, seed, place)

    def map(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(x)))

    def forward(self, x):
        out = {"features": self.map(x).mean((2, 3))}
        read = out["features"]
        if self.projection is not None:
            out["projection"] = self.projection(read)
            if self.classified: out["projection"] = read = F.relu(out["projection"])
        if self.further is not None: out["hard"] = self.further(read)
        out["logits"] = self.fc(read)
        if self.scale is not None: out["logits"] = self.scale * out["logits"]
        return out


def other_seed(number):
    return (SEED + number * 0xD1B54A32D192ED03) & M64


class SGD:
    """PyTorch's own, with the cosine of the run."""

    def __init__(self, parameters):
        self.optimizer = torch.optim.SGD(parameters, RATE, momentum=MOMENTUM, weight_decay=DECAY)

    @staticmethod
    def rate(step):
        return RATE * (1 + math.cos(math.pi * step / TOTAL)) / 2

    def step(self, loss, step):
        self.optimizer.param_groups[0]["lr"] = self.rate(step)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


def summary(x):
    """Two numbers that tell tensors apart: a weighted sum, and the sum of squares."""
    x = x.detach().reshape(-1)
    w = torch.tensor([float((i * i + 1) % 7 - 3) for i in range(len(x))])
    return [float((w * x).sum()), float((x * x).sum())]


# ---------------------------------------------------------------- losses
LOG_N = torch.tensor(COUNTS, dtype=torch.float64).log()


def effective_weights(beta):
    n = torch.tensor(COUNTS, dtype=torch.float64)
    w = (1 - beta) / (1 - beta**n)
    return w / w.sum() * CLASSES


def focal(z, y, gamma=2.0):
    l = F.log_softmax(z, 1).gather(1, y[:, None])[:, 0]
    return (-(1 - l.exp()) ** gamma * l).mean()


def ldam(z, y, step, scale=5.0):
    n = torch.tensor(COUNTS, dtype=torch.float64) ** -0.25
    margins = n / n.max() * 0.5
    w = effective_weights(0.99) if step // (N // BATCH) >= 3 else torch.ones(CLASSES)
    return F.cross_entropy(scale * (z - margins[y][:, None] * F.one_hot(y, CLASSES)), y, weight=w)


def pat(z, y):
    """Adaptation by sample; the gradient of each class present in the step is brought to the root of their mean square, at most 20 times."""
    l = F.log_softmax(z, 1).gather(1, y[:, None])[:, 0]
    rows = 0.5 * torch.exp(1 - l.exp()) * -l
    total = rows.mean()
    gradient, = torch.autograd.grad(total, z, retain_graph=True)
    present = [c for c in range(CLASSES) if (y == c).any()]
    norms = {c: float(gradient[y == c].norm()) for c in present}
    goal = math.sqrt(sum(v * v for v in norms.values()) / len(norms))
    scales = torch.ones(CLASSES)
    for c in present: scales[c] = min(goal / norms[c], 20.0)
    return total, (scales[y] * rows).mean()


def mixup_shares(samples):
    return torch.tensor([(s % 4) / 8 for s in samples], dtype=torch.float64)


# ---------------------------------------------------------------- methods
def run(loss, order=natural, net=None, parameters=None, frozen=False, train=True):
    """Trains by a loss of (outputs, labels, step, samples); it may give another one to go down, and the losses of other terms."""
    net = net or Net()
    parameters = list(parameters(net)) if parameters else list(net.parameters())
    optimizer = SGD(parameters)
    losses, others = [], []
    for step in range(STEPS):
        samples = step_samples(step, order)
        x, y = batch(samples)
        net.train(not frozen)
        out = net(x)
        found = loss(out, y, step, samples)
        found = found if isinstance(found, tuple) else (found, found, None)
        losses.append(float(found[0].detach()))
        others.append(None if found[2] is None else float(found[2].detach()))
        optimizer.step(found[1], step)
    return {"losses": losses, "others": others, "leaves": {"fc": summary(net.fc.weight)}}, net


def simple(loss, **more):
    return run(lambda out, y, step, samples: loss(out["logits"], y, step), **more)[0]


def cross_entropy(z, y, step):
    return F.cross_entropy(z, y)


def mixup():
    def loss(out, y, step, samples):
        share = mixup_shares(samples)
        z = F.log_softmax(out["logits"] + LOG_N, 1)
        second = (y + 1) % CLASSES
        rows = (1 - share) * z.gather(1, y[:, None])[:, 0] + share * z.gather(1, second[:, None])[:, 0]
        return -rows.mean()
    return run(loss)[0]


def head(net): return net.fc.parameters()


def scale(net): return [net.scale]


def distillation(teachers):
    width = 16 * teachers
    net = Net(projection=32, classified=True) if teachers > 1 else Net()
    others = [Net(seed=other_seed(7 + i)).eval() for i in range(teachers)]

    def loss(out, y, step, samples):
        with torch.no_grad():
            x, _ = batch(samples)
            t = F.normalize(torch.cat([F.normalize(o(x)["features"], dim=1) for o in others], 1), dim=1)
        ce = F.cross_entropy(out["logits"], y)
        h = out["projection"] if teachers > 1 else out["features"]
        assert h.shape[1] == width
        feature = 0.4 * 5 * (1 - (F.normalize(h, dim=1) * t).sum(1)).mean()
        return ce, 0.6 * ce + feature, feature
    return run(loss, order=balanced, net=net)[0]


def self_distillation():
    teacher = Net(seed=other_seed(7), scaled=True).eval()

    def loss(out, y, step, samples):
        with torch.no_grad():
            x, _ = batch(samples)
            p = teacher(x)["logits"] / 2
        hard = F.cross_entropy(out["hard"], y)
        soft = 4 * F.kl_div(F.log_softmax(out["logits"] / 2, 1), F.log_softmax(p, 1), log_target=True, reduction="batchmean")
        return hard, hard + soft, soft
    return run(loss, net=Net(further=True))[0]


def self_supervision():
    width, length, temperature, momentum = 8, 20, 0.5, 0.9
    net = Net(projection=width)
    key = copy.deepcopy(net)
    r = Random(SEED, INITIALIZATION, 0x4B51, 0)
    draws = [math.sqrt(-2 * math.log(1 - r.uniform(2 * i))) * math.cos(2 * math.pi * r.uniform(2 * i + 1)) for i in range(length * width)]
    queue = F.normalize(f32(draws).reshape(length, width), dim=1)
    labels = torch.full((length,), -1)
    pointer = 0
    optimizer = SGD(net.parameters())
    losses, others = [], []
    for step in range(STEPS):
        samples = step_samples(step, natural)
        x, y = batch(samples)
        with torch.no_grad():
            key.train()
            own = F.normalize(key(batch(samples, 1)[0])["projection"], dim=1)
        net.train()
        out = net(x)
        q = F.normalize(out["projection"], dim=1)
        positive = (q * own).sum(1, keepdim=True) / temperature
        negative = (q @ queue.T / temperature).masked_fill(labels[None] == y[:, None], -math.inf)
        contrast = -F.log_softmax(torch.cat([positive, negative], 1), 1)[:, 0].mean()
        ce = F.cross_entropy(out["logits"], y)
        losses.append(float(ce.detach()))
        others.append(float(contrast.detach()))
        optimizer.step(ce + contrast, step)
        with torch.no_grad():
            for a, b in zip(key.parameters(), net.parameters()): a += (1 - momentum) * (b - a)
            for i in range(BATCH):
                queue[pointer], labels[pointer] = own[i], y[i]
                pointer = (pointer + 1) % length
    return {"losses": losses, "others": others,
            "leaves": {"fc": summary(net.fc.weight), "keys.keys": summary(queue), "key.conv2.weight": summary(key.conv2.weight),
                       "key.bn2.running_var": summary(key.bn2.running_var)}}


def breadcrumb(shorter):
    net = Net()
    width = 16
    batches = -(-N // BATCH)
    rows = -(-(batches * BATCH) // CLASSES)
    depths = [-(-rows // n) for n in COUNTS]
    second = nn.Linear(width, CLASSES)
    values = uniform_values(CLASSES * width + CLASSES, 1 / math.sqrt(width), SEED, 1 << 24)
    second.weight.data, second.bias.data = values[:CLASSES * width].reshape(CLASSES, width).clone(), values[CLASSES * width:].clone()
    optimizer, other = SGD(net.parameters()), SGD(second.parameters())
    store = {}
    prepared = (-1, None)
    losses = []
    for step in range(STEPS):
        epoch, place = step // (N // BATCH), step % (N // BATCH)
        samples = step_samples(step, natural)
        x, y = batch(samples)
        net.train()
        out = net(x)
        loss = F.cross_entropy(out["logits"], y)
        losses.append(float(loss.detach()))
        features = out["features"].detach()
        optimizer.step(loss, step)
        for s, f in zip(samples, features): store.setdefault(epoch, {})[s] = f
        if prepared[0] != epoch:
            table = []
            for c in range(CLASSES):
                kept = [e for e in sorted(store, reverse=True) if e < epoch][:depths[c]]
                if not kept or (len(kept) < depths[c] and not shorter): table = None; break
                groups = [torch.stack([store[e][s] for s in sorted(store[e]) if LABELS[s] == c]) for e in kept]
                newest = groups[0].mean(0)
                moved = torch.cat([g - g.mean(0) + newest for g in groups])
                table += [(moved[i % len(moved)], c) for i in range(rows)]
            if table is not None:
                order = Random(SEED, ORDER, epoch, 1 << 20).permutation(len(table))[:batches * BATCH]
                table = [table[i] for i in order]
            prepared = (epoch, table)
        if prepared[1] is not None:
            part = prepared[1][place * BATCH:(place + 1) * BATCH]
            z = second(torch.stack([f for f, _ in part]))
            other.step(F.cross_entropy(z, torch.tensor([c for _, c in part])), step)
    return {"losses": losses, "others": [None] * STEPS,
            "leaves": {"fc": summary(net.fc.weight), "balancedHead.head.weight": summary(second.weight),
                       "balancedHead.head.bias": summary(second.bias)}}


def class_aware(step, count, per_class=4):
    out = []
    for position in range(step * count, (step + 1) * count):
        length = CLASSES * per_class
        turn_order = Random(SEED, SAMPLING, position // length, 0).permutation(CLASSES)
        c = turn_order[position % length // per_class]
        draw = position // length * per_class + position % length % per_class
        order = Random(SEED, SAMPLING, draw // COUNTS[c], 1 + c).permutation(COUNTS[c])
        out.append(FIRST[c] + order[draw % COUNTS[c]])
    return out


def meta_softmax(drifting=False):
    """The published form: a straight-through draw, a virtual step of the head, its meta loss, and second-order automatic differentiation."""
    drawn, meta = 5, 3
    net = Net()
    net.train(drifting)
    for p in net.parameters(): p.requires_grad_(False)
    W, b = net.fc.weight.detach().clone(), net.fc.bias.detach().clone()
    momenta = [torch.zeros_like(W), torch.zeros_like(b)]
    theta = torch.zeros(CLASSES)
    rates = torch.optim.Adam([theta.requires_grad_(True)], lr=0.1)
    y_all = torch.tensor(LABELS)
    losses, chosen = [], []
    for step in range(STEPS):
        eta = SGD.rate(step)
        log_psi = F.logsigmoid(theta)[y_all]
        weights, samples = [], []
        for slot in range(drawn):
            r = Random(SEED, ORDER, step, slot)
            u = torch.tensor([((r.bits((1 << 50) + i) >> 12) + 0.5) * 2.0**-52 for i in range(N)])
            soft = F.softmax(log_psi - torch.log(-torch.log(u)), 0)
            i = int(soft.argmax())
            samples.append(i)
            weights.append(1 - soft[i].detach() + soft[i])
        chosen += samples
        others = class_aware(step, meta)
        x, y = batch(samples + others)
        with torch.no_grad(): features = net(x)["features"]
        w, c = W.clone().requires_grad_(True), b.clone().requires_grad_(True)
        rows = F.cross_entropy(features[:drawn] @ w.T + c + LOG_N, y[:drawn], reduction="none")
        losses.append(float(rows.mean().detach()))
        gradients = torch.autograd.grad((torch.stack(weights) * rows).mean(), [w, c], create_graph=True)
        new, moved = [], []
        for p, g, m in zip([w, c], gradients, momenta):
            m = MOMENTUM * m + g + DECAY * p.detach()
            moved.append(m.detach())
            new.append(p.detach() - eta * m)
        outer = F.cross_entropy(features[drawn:] @ new[0].T + new[1], y[drawn:])
        rates.zero_grad()
        theta.grad, = torch.autograd.grad(outer, theta)
        rates.step()
        W, b, momenta = new[0].detach(), new[1].detach(), moved
    return {"losses": losses, "others": [None] * STEPS, "drawn": chosen,
            "leaves": {"fc": summary(W), "sampler.theta": summary(theta)}}


def calibrated():
    scale, used, temperature, gain = 4.0, 2, 0.2, 1.0
    net = Net()
    net.fc = nn.Linear(16, CLASSES, bias=False)
    net.fc.weight.data = uniform_values(CLASSES * 16, 0.25, SEED, 6).reshape(CLASSES, 16)

    def logits(features): return scale * F.linear(F.normalize(features, dim=1), F.normalize(net.fc.weight, dim=1))

    optimizer = SGD(net.parameters())
    losses = []
    for step in range(STEPS):
        x, y = batch(step_samples(step, natural))
        net.train()
        maps = net.map(x).flatten(2)
        with torch.no_grad():
            p = F.softmax(logits(maps.mean(2)), 1)
            top = p.topk(used, 1)
            q = torch.zeros_like(p).scatter(1, top.indices, top.values / top.values.sum(1, keepdim=True))
            c = torch.einsum("bk,kd,bdu->bu", q, F.normalize(net.fc.weight, dim=1), F.normalize(maps, dim=1, eps=1e-12))
            a = F.softmax(c / temperature, 1)
        places = maps.shape[2]
        mixed = (maps * (1 + gain * places * a)[:, None]).sum(2) / (places * (1 + gain))
        loss = F.cross_entropy(logits(mixed), y)
        losses.append(float(loss.detach()))
        optimizer.step(loss, step)
    return {"losses": losses, "others": [None] * STEPS, "leaves": {"fc": summary(net.fc.weight)}}


def pat_case():
    def loss(out, y, step, samples):
        value, scaled = pat(out["logits"], y)
        return value, scaled, None
    return run(loss)[0]


cases = {
    "crossEntropy": lambda: simple(cross_entropy),
    "balancedSoftmax": lambda: simple(lambda z, y, s: F.cross_entropy(z + LOG_N, y)),
    "logitAdjustment": lambda: simple(lambda z, y, s: F.cross_entropy(z + 1.5 * (LOG_N - math.log(N)), y)),
    "focal": lambda: simple(lambda z, y, s: focal(z, y)),
    "classBalanced": lambda: simple(lambda z, y, s: F.cross_entropy(z, y, weight=effective_weights(0.99))),
    "ldamDRW": lambda: simple(ldam),
    "mixup": mixup,
    "pat": pat_case,
    "classifierRetraining": lambda: simple(cross_entropy, order=balanced, parameters=head, frozen=True),
    "decoupledBalancedSoftmax": lambda: simple(lambda z, y, s: F.cross_entropy(z + LOG_N, y), parameters=head, frozen=False),
    "learnableWeightScaling": lambda: run(
        lambda out, y, step, samples: F.cross_entropy(out["logits"], y), order=balanced, net=Net(scaled=True), parameters=scale, frozen=True)[0],
    "balancedMetaSoftmax": meta_softmax,
    "classBalancedDistillation": lambda: distillation(1),
    "classBalancedDistillation2": lambda: distillation(2),
    "breadcrumb": lambda: breadcrumb(False),
    "breadcrumbShorter": lambda: breadcrumb(True),
    "selfSupervision": self_supervision,
    "selfDistillation": self_distillation,
    "calibratedActivationMaps": calibrated,
}

if __name__ == "__main__":
    print(json.dumps({"torch": torch.__version__, "cases": {name: make() for name, make in cases.items()}}, indent=1))
