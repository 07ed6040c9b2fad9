import type { Kernel, Value } from "./recorded_graph.ts";
import type { Named, Translation } from "./translation.ts";

/** Pixels around feature maps. */
export interface Padding {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

const NONE: Padding = { top: 0, left: 0, bottom: 0, right: 0 };

/**
 * Zeros around feature maps are an operation of their own in TensorFlow, and an attribute of windows in ONNX.
 *
 * @param mayMerge Whether the window's own padding does the same to the feature maps.
 * @returns what is padded and by how much, or `x` itself and no padding.
 */
export function paddedInput(
  t: Translation,
  x: Value,
  mayMerge: (input: Value) => boolean,
): { input: Value; padding: Padding } {
  const { from } = x, padding = from?.name === "PadV2" && t.usedOnce(x) ? spatial(from) : null;
  return padding && mayMerge(from!.inputs.x)
    ? { input: from!.inputs.x, padding }
    : { input: x, padding: NONE };
}

/** Null if it does something else than to put zeros around feature maps. */
function spatial({ attributes: { paddings, constantValue } }: Kernel): Padding | null {
  if (constantValue !== 0 || paddings.length !== 4) return null;
  const [images, [top, bottom], [left, right], channels] = paddings;
  return [...images, ...channels].some((count) => count !== 0) ? null : { top, left, bottom, right };
}

/** As an operator of its own. */
export function pad(
  t: Translation,
  { inputs: { x }, attributes: { paddings, constantValue } }: Kernel,
): Named {
  const { name, order } = t.named(x);
  const sides: [number, number][] = t.reordered(paddings, order);
  const counts = [...sides.map(([before]) => before), ...sides.map(([, after]) => after)];
  return { name: t.apply("Pad", [name, t.integers(counts), t.floats([], [constantValue])]), order };
}
