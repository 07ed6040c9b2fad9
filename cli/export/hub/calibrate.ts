import type { Host } from "@seed/core/host";
import { HUB_INPUT, type OnnxModel, quantizedValues, type Range, withOutputs } from "@seed/nn/host";
import type { OnnxRuntime } from "@seed/teacher-onnx/runtime";
import type { HubNetwork } from "./configs.ts";
import { type Pictures, viewOf } from "./pictures.ts";
import { batchOf, inBatches, RunningModel } from "./runtime.ts";

/**
 * The least and greatest value of everything that becomes 8-bit, over the pictures that calibrate.
 *
 * @param model In fp32.
 */
export async function calibrate(
  model: OnnxModel,
  network: HubNetwork,
  { calibrating }: Pictures,
  runtime: OnnxRuntime,
  { signal }: Host,
): Promise<Map<string, Range>> {
  const names = quantizedValues(model), ranges = new Map<string, Range>();
  await using running = await RunningModel.open(runtime, withOutputs(model, names));
  for (const images of inBatches(calibrating)) {
    signal.throwIfAborted();
    const views = await Promise.all(images.map((image) => viewOf(image, network.size)));
    const batch = batchOf(views, network), outputs = await running.run(batch, network.size);
    for (const name of names) {
      const values = name === HUB_INPUT ? batch : outputs[name], known = ranges.get(name);
      ranges.set(name, values.reduce(widened, known ?? { min: Infinity, max: -Infinity }));
    }
  }
  return ranges;
}

function widened(range: Range, value: number): Range {
  if (value >= range.min && value <= range.max) return range;
  return { min: Math.min(range.min, value), max: Math.max(range.max, value) };
}
