"""Prints the bytes that the reference library writes for a few tensors, as Swift, and checks files of ours.

Run with the packages safetensors and torch:  python make_safetensors.py > ../ReferenceFile.swift
                                              python make_safetensors.py FILE...   (reads files, prints name, type, shape, sum)
"""

import sys

import torch
from safetensors.torch import load_file, save

if len(sys.argv) > 1:
    for path in sys.argv[1:]:
        for name, tensor in sorted(load_file(path).items()):
            print(name, tensor.dtype, list(tensor.shape), float(tensor.double().sum()))
    sys.exit()

tensors = {
    "norm.num_batches_tracked": torch.tensor(7, dtype=torch.int64),
    "conv.weight": torch.tensor([[0.5, -1.0, 2.0]], dtype=torch.float32),
    "conv.bias": torch.tensor([float("inf")], dtype=torch.float32),
    "statistics": torch.tensor([0.1, -0.2], dtype=torch.float64),
    "half": torch.tensor([1.5, -2.0, 6.103515625e-05, 5.960464477539063e-08, 65504.0], dtype=torch.float16),
    "brain": torch.tensor([1.0, -0.15625], dtype=torch.bfloat16),
    "order": torch.tensor([3, -4], dtype=torch.int32),
    "mask": torch.tensor([0, 255, 1], dtype=torch.uint8),
    "empty": torch.zeros((0, 4), dtype=torch.float32),
    'quote "\\\n\u00e9': torch.tensor([1.0], dtype=torch.float32),
}
data = save(tensors, metadata={"format": "pt"})
print("// Printed by Oracle/make_safetensors.py: what the reference library writes.\n")
print("enum ReferenceFile {\n  static let bytes: [UInt8] = [")
for start in range(0, len(data), 24):
    print("    " + ", ".join(str(b) for b in data[start : start + 24]) + ",")
print("  ]\n}")
