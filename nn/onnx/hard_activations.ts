import type { Value } from "./recorded_graph.ts";
import type { Named, Translation } from "./translation.ts";

/** The two factors of a product, the constant one last; null if the value is no product. */
function factors({ from }: Value): [Value, Value] | null {
  return from?.name === "Multiply" ? [from.inputs.a, from.inputs.b] : null;
}

function isScalar({ constant }: Value, expected: number): boolean {
  return constant?.length === 1 && Math.abs(constant[0] - expected) < 1e-6;
}

/** `x` if the value is `relu6(x + 3)`. */
function insideRelu6(value: Value): Value | null {
  const sum = value.from?.name === "Relu6" ? value.from.inputs.x.from : null;
  return sum?.name === "Add" && isScalar(sum.inputs.b, 3) ? sum.inputs.a : null;
}

/** `x * relu6(x + 3) / 6` and `relu6(x + 3) / 6`, which ONNX has as one operator each; null if it is another product. */
export function hardActivation(t: Translation, product: Value): Named | null {
  const [inner, sixth] = factors(product) ?? [];
  if (!inner || !sixth || !isScalar(sixth, 1 / 6) || !t.usedOnce(inner)) return null;
  const gated = insideRelu6(inner);
  if (gated) {
    const { name, order } = t.named(gated), line = { alpha: { float: 1 / 6 }, beta: { float: 0.5 } };
    return { name: t.apply("HardSigmoid", [name], line), order };
  }
  const [x, gate] = factors(inner) ?? [];
  if (!x || !gate || insideRelu6(gate) !== x || !t.usedOnce(gate)) return null;
  const { name, order } = t.named(x);
  return { name: t.apply("HardSwish", [name]), order };
}
