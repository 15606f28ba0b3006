"""Reads what a run has left: tensors by name, and the numbers of its log. Needs nothing of Longtail."""

import hashlib
import json
import os
import re
import struct

# Names in checkpoints of older formats, and what they are called now: (pattern, replacement) of re.sub.
RENAMED = []
# Tensors that newer formats have beside those of older ones: what they hold was part of run.json before, or not kept.
ADDED = []


def tensors(checkpoint):
    """A digest of each tensor of a checkpoint in canonical layout, by name."""
    found = {}
    for file in sorted(os.listdir(checkpoint)):
        if not file.endswith(".safetensors"):
            continue
        with open(os.path.join(checkpoint, file), "rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(length))
            data = stream.read()
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            first, last = entry["data_offsets"]
            for pattern, replacement in RENAMED:
                name = re.sub(pattern, replacement, name)
            heading = f"{entry['dtype']} {entry['shape']} ".encode()
            found[name] = hashlib.sha256(heading + data[first:last]).hexdigest()
    return found


def record(checkpoint):
    with open(os.path.join(checkpoint, "run.json")) as stream:
        return json.load(stream)


def path(run, step):
    return os.path.join(run, "checkpoints", f"step-{step:08}")


def losses(run):
    """Loss and norm of the gradient by step, as text of the log."""
    found = {}
    with open(os.path.join(run, "log.jsonl")) as stream:
        for line in stream:
            entry = json.loads(line)
            found[entry["step"]] = (entry.get("loss"), entry.get("gradientNorm"))
    return found


def difference(older, newer, step):
    """What differs between two runs, in words; an empty string where nothing does."""
    a, b = tensors(path(older, step)), tensors(path(newer, step))
    names = [name for name in sorted(set(a) | set(b)) if a.get(name) != b.get(name)]
    names = [name for name in names if name in a or not any(re.fullmatch(pattern, name) for pattern in ADDED)]
    words = []
    if names:
        shown = ", ".join(name + ("" if name in a and name in b else " (missing)" if name in a else " (new)") for name in names[:4])
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        words.append(f"{len(names)} of {len(a)} tensors differ: {shown}{more}")
    before, now = record(path(older, step)), record(path(newer, step))
    scores = before.get("metrics", {}), now.get("metrics", {})
    changed = [name for name in scores[0] if name in scores[1] and scores[0][name] != scores[1][name]]
    if changed:
        words.append(f"metrics differ: {', '.join(sorted(changed)[:4])}")
    if before["globalStep"] != now["globalStep"] or before["consumedSamples"] != now["consumedSamples"]:
        words.append("counters differ")
    a, b = losses(older), losses(newer)
    first = [number for number in sorted(set(a) & set(b)) if a[number] != b[number]]
    if first:
        words.append(f"losses from step {first[0]} on")
    return "; ".join(words)
