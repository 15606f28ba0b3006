"""Runs a detector's ONNX model with ONNX Runtime: run_detector.py MODEL INPUT 1,3,H,W WIDTH,HEIGHT. Prints what it finds as JSON."""

import json
import sys

import numpy
import onnx
import onnxruntime

model, source, shape, size = sys.argv[1:]
loaded = onnx.load(model)
onnx.checker.check_model(loaded, full_check=True)
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
image = numpy.fromfile(source, dtype="<f4").reshape([int(n) for n in shape.split(",")])
covered = numpy.array([float(n) for n in size.split(",")], dtype=numpy.float32)
boxes, scores, labels = session.run(["boxes", "scores", "labels"], {"input": image, "size": covered})
print(
    json.dumps(
        {
            "boxes": boxes.reshape(-1).tolist(),
            "scores": scores.tolist(),
            "labels": labels.tolist(),
            "metadata": session.get_modelmeta().custom_metadata_map,
        }
    )
)
