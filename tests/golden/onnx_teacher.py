"""Two small ONNX models, and what they make of images: by onnx's own reference implementation."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from fingerprint import fingerprint
from formula import normalized, weight
import torch

MEAN, STD = [0.5, 0.4, 0.3], [0.2, 0.25, 0.3]


def expected():
    first, last = channels_first(), channels_last()
    images = normalized("images", 3, 16, MEAN, STD).float().numpy()
    outputs = dict(zip(["maps", "tokens", "rows"], ReferenceEvaluator(first).run(["maps", "tokens", "rows"], {"images": images})))
    (maps,) = ReferenceEvaluator(last).run(None, {"images": images[:2].transpose(0, 2, 3, 1)})
    (third,) = ReferenceEvaluator(last).run(None, {"images": images[[2, 2]].transpose(0, 2, 3, 1)})
    embeddings = {
        "rows": outputs["rows"],
        "maps": outputs["maps"].mean((2, 3)),
        "first": outputs["tokens"][:, 0],
        "mean": outputs["tokens"].mean(1),
        "channels_last": np.concatenate([maps, third[:1]]).mean((1, 2)),
    }
    return {
        "onnx_teacher.onnx": first.SerializeToString(),
        "onnx_teacher_channels_last.onnx": last.SerializeToString(),
        "onnx_teacher.json": {
            "mean": MEAN,
            "std": STD,
            "embeddings": {name: fingerprint(unit_rows(rows), 4, 8) for name, rows in embeddings.items()},
        },
    }


def unit_rows(rows):
    return torch.from_numpy(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def channels_first():
    """`[batch, 3, 16, 16]` to feature maps, tokens and rows."""
    nodes = [
        helper.make_node("Conv", ["images", "conv"], ["maps"], strides=[4, 4], kernel_shape=[4, 4]),
        helper.make_node("Reshape", ["maps", "shape"], ["flat"]),
        helper.make_node("Transpose", ["flat"], ["tokens"], perm=[0, 2, 1]),
        helper.make_node("ReduceMax", ["tokens"], ["largest"], axes=[1], keepdims=0),
        helper.make_node("MatMul", ["largest", "linear"], ["rows"]),
    ]
    outputs = [value("maps", ["batch", 5, 4, 4]), value("tokens", ["batch", 16, 5]), value("rows", ["batch", 6])]
    constants = [constant("conv", [5, 3, 4, 4]), constant("linear", [5, 6])]
    constants.append(numpy_helper.from_array(np.array([-1, 5, 16], np.int64), "shape"))
    return model(nodes, [value("images", ["batch", 3, 16, 16])], outputs, constants)


def channels_last():
    """`[2, height, width, 3]`, always two, to feature maps with the channels last."""
    nodes = [
        helper.make_node("Transpose", ["images"], ["first"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["first", "conv"], ["features"], strides=[4, 4], kernel_shape=[4, 4]),
        helper.make_node("Transpose", ["features"], ["maps"], perm=[0, 2, 3, 1]),
    ]
    outputs = [value("maps", [2, "rows", "columns", 5])]
    return model(nodes, [value("images", [2, "height", "width", 3])], outputs, [constant("conv", [5, 3, 4, 4])])


def model(nodes, inputs, outputs, constants):
    graph = helper.make_graph(nodes, "teacher", inputs, outputs, constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return made


def value(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def constant(name, shape):
    return numpy_helper.from_array(weight(name, shape).float().numpy(), name)
