"""Runs an ONNX model with ONNX Runtime: run_onnx.py MODEL INPUT N,C,H,W OUTPUT. Prints shape, operator set and metadata as JSON."""

import json
import sys

import numpy
import onnx
import onnxruntime

model, source, shape, target = sys.argv[1:]
loaded = onnx.load(model)
onnx.checker.check_model(loaded, full_check=True)
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
images = numpy.fromfile(source, dtype="<f4").reshape([int(n) for n in shape.split(",")])
(logits,) = session.run(["logits"], {"input": images})
logits.astype("<f4").tofile(target)
print(
    json.dumps(
        {
            "shape": list(logits.shape),
            "operatorSet": loaded.opset_import[0].version,
            "input": session.get_inputs()[0].shape,
            "output": session.get_outputs()[0].shape,
            "metadata": session.get_modelmeta().custom_metadata_map,
            "operators": sorted({node.op_type for node in loaded.graph.node}),
        }
    )
)
