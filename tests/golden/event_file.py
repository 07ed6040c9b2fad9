"""An event file of a small run as TensorBoard's own writer and messages make it, and as its own reader reads it."""

import base64
import io
import tempfile
from pathlib import Path

from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

RECIPE = "    seed: 0\n    train:\n      lr: 0.1"
FACTS = "    device: cpu"
STEPS = [(step, {
    **{"train/epoch": step / 2, "train/loss": 3 / step, "train/lr": 0.1, "train/images_per_second": 100},
    **{"train/gradient_norm": 2 / step, "train/seconds": 0.5, "train/data_wait_seconds": 0.125},
    **{"losses/seed": 2 / step, "losses/moco": 1 / step, "metrics/agreement": 0.5},
}) for step in range(1, 5)]


def scalar(tag, value):
    return summary_pb2.Summary.Value(tag=tag, simple_value=value)


def text(tag, value):
    shape = tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=1)])
    tensor = tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING, tensor_shape=shape, string_val=[value.encode()]
    )
    metadata = summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="text")
    )
    return summary_pb2.Summary.Value(tag=tag, tensor=tensor, metadata=metadata)


def figures(network, value):
    tags = [("knn/top1", value), ("retrieval/top1", value / 2)]
    return [scalar(f"evaluation/{tag}/{network}", figure) for tag, figure in tags]


def expected() -> dict:
    # From a resume after step 2 on; what TensorBoard has read of later steps goes.
    events = [dict(file_version="brain.Event:2")]
    events.append(dict(step=3, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)))
    events.append(dict(step=2, values=[text("recipe", RECIPE), text("run", FACTS)]))
    events.append(dict(step=2, values=figures("student", 0.25)))
    events += [dict(step=step, values=[scalar(*value) for value in values.items()]) for step, values in STEPS[2:]]
    events.append(dict(step=4, values=figures("student", 0.75)))
    file = written(events)
    return {"event_file.tfevents": file, "event_file.json": {"read": read(file), "picture": picture()}}


def written(events) -> bytes:
    stream = io.BytesIO()
    stream.close, writer = lambda: None, RecordWriter(stream)
    for i, event in enumerate(events):
        values = event.pop("values", None)
        message = event_pb2.Event(wall_time=1000.25 + i, **event)
        if values:
            message.summary.CopyFrom(summary_pb2.Summary(value=values))
        writer.write(message.SerializeToString())
    return stream.getvalue()


def read(file: bytes) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "events.out.tfevents.0000001000.host").write_bytes(file)
        found = EventAccumulator(folder).Reload()
        tags = found.Tags()
        return {
            "scalars": {
                tag: [[event.wall_time, event.step, event.value] for event in found.Scalars(tag)]
                for tag in tags["scalars"]
            },
            "texts": {
                tag: [[event.step, event.tensor_proto.string_val[0].decode()] for event in found.Tensors(tag)]
                for tag in tags["tensors"]
            },
        }


def picture() -> dict:
    image = Image.new("RGB", (3, 2), (200, 100, 50))
    stream = io.BytesIO()
    image.save(stream, "png")
    png = stream.getvalue()
    value = summary_pb2.Summary.Value(
        tag="pictures/views",
        image=summary_pb2.Summary.Image(height=2, width=3, colorspace=3, encoded_image_string=png),
    )
    events = [dict(file_version="brain.Event:2"), dict(step=0, values=[value])]
    file = written(events)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "events.out.tfevents.0000001000.host").write_bytes(file)
        found = EventAccumulator(folder).Reload()
        [event] = found.Images("pictures/views")
        assert (event.width, event.height, event.encoded_image_string) == (3, 2, png)
    return {"png": base64.b64encode(png).decode(), "file": base64.b64encode(file).decode()}
