"""Prints PyTorch's parameters after ten steps of each optimizer, and its learning rates, as Swift.

Run with PyTorch 2.x:  python make_optimizer_values.py > ../OracleValues.swift
"""

import warnings

import torch

warnings.filterwarnings("ignore")
START = [0.5, -1.25, 2.0, 0.0, -0.03125, 3.5, -4.0]
STEPS = 10


def gradients(step, dtype):
    """Numbers that both sides can compute exactly: small fractions of two."""
    return torch.tensor([((step * 7 + i * 5) % 11 - 5) / 16 for i in range(len(START))], dtype=dtype)


OPTIMIZERS = {
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, foreach=False),
    "adamDecay": lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1, foreach=False),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1, foreach=False),
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, foreach=False),
    "sgdDecay": lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.05, foreach=False),
    "sgdMomentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.05, foreach=False),
    "sgdNesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.05, foreach=False),
}


def run(make, dtype):
    p = torch.nn.Parameter(torch.tensor(START, dtype=dtype))
    optimizer = make([p])
    for step in range(STEPS):
        p.grad = gradients(step, dtype)
        optimizer.step()
    return p.detach().double().tolist()


def clipped():
    g = torch.nn.Parameter(torch.zeros(len(START), dtype=torch.float64))
    g.grad = torch.tensor(START, dtype=torch.float64)
    norm = torch.nn.utils.clip_grad_norm_([g], 1.5)
    return [float(norm)] + g.grad.tolist()


def rates(make, steps):
    p = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([p], lr=0.05)
    schedule = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def warm_cosine(optimizer):
    s = torch.optim.lr_scheduler
    rise = s.LinearLR(optimizer, start_factor=0.1, total_iters=4)
    fall = s.CosineAnnealingLR(optimizer, T_max=8, eta_min=0.001)
    return s.SequentialLR(optimizer, [rise, fall], milestones=[4])


SCHEDULES = {
    "cosine": (lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=12), 12),
    "cosineFloor": (lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=12, eta_min=0.002), 12),
    "polynomial": (lambda o: torch.optim.lr_scheduler.PolynomialLR(o, total_iters=12, power=0.9), 15),
    "multistep": (lambda o: torch.optim.lr_scheduler.MultiStepLR(o, milestones=[3, 7], gamma=0.1), 10),
    "warmCosine": (warm_cosine, 12),
}


def swift(numbers):
    return ", ".join(repr(x) for x in numbers)


print("// Printed by Oracle/make_optimizer_values.py with PyTorch", torch.__version__.split("+")[0] + ".\n")
print("enum OracleValues {")
print(f"  static let start: [Float] = [{swift(START)}]\n")
for name, make in OPTIMIZERS.items():
    print(f"  /// After {STEPS} steps in double precision.\n  static let {name}Double: [Double] = [\n    {swift(run(make, torch.float64))},\n  ]")
    print(f"  /// After {STEPS} steps in single precision.\n  static let {name}Single: [Double] = [\n    {swift(run(make, torch.float32))},\n  ]\n")
print(f"  /// The norm, then the clipped numbers.\n  static let clipped: [Double] = [\n    {swift(clipped())},\n  ]\n")
for name, (make, steps) in SCHEDULES.items():
    print(f"  static let {name}Rates: [Double] = [\n    {swift(rates(make, steps))},\n  ]")
print("}")
