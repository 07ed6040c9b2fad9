import type { HubNetwork } from "./configs.ts";
import { codeBlock } from "./markdown.ts";

/** How programs load the folder, for its card. `DIR` stands for where it lies. */
export function usage({ architecture, size }: HubNetwork): string {
  const python = architecture === null ? [] : [
    "timm, and `transformers` with timm beside it, in Python:",
    codeBlock(TIMM, "python"),
  ];
  return [
    "## Use",
    "`DIR` is this folder, or its name on a hub. In Node, Deno and browsers, with transformers.js, which takes a " +
    "name without `./` before it for one on a hub; in a browser a folder of your own needs " +
    '`Object.assign(env, { allowLocalModels: true, localModelPath: "/models/" })`, if it is served below `/models/`:',
    codeBlock(TRANSFORMERS_JS, "js"),
    "With the very pixels that the network was measured with, in a browser (`file` is a `File` or a `Blob`):",
    codeBlock(OWN_PIXELS.replaceAll("SIZE", `${size}`), "js"),
    ...python,
    "onnxruntime, in Python:",
    codeBlock(ONNXRUNTIME.replaceAll("SIZE", `${size}`), "python"),
  ].join("\n\n");
}

const TRANSFORMERS_JS = `import { pipeline } from "@huggingface/transformers";

const extract = await pipeline("image-feature-extraction", "DIR", { dtype: "fp32" });
const features = await extract("photo.jpg"); // [1, dim], the same with { pool: true }`;

const OWN_PIXELS = `import { AutoModel, Tensor } from "@huggingface/transformers";
import { pixelsOf, preprocess } from "./DIR/preprocess.js";

const model = await AutoModel.from_pretrained("DIR", { dtype: "fp32" });
const pixels = preprocess(await pixelsOf(file));
const { pooler_output } = await model({ pixel_values: new Tensor("float32", pixels, [1, 3, SIZE, SIZE]) });`;

const TIMM = `import timm
from transformers import AutoModel

model = timm.create_model("local-dir:DIR", pretrained=True).eval()  # features of [batch, 3, height, width]
data = timm.data.resolve_model_data_config(model)
transform = timm.data.create_transform(**data, is_training=False)

model = AutoModel.from_pretrained("DIR").eval()  # pooler_output`;

const ONNXRUNTIME = `import onnxruntime

session = onnxruntime.InferenceSession("DIR/onnx/model.onnx")
(features,) = session.run(["pooler_output"], {"pixel_values": pixels})  # [batch, 3, SIZE, SIZE] float32`;
