import { tf } from "@seed/core";
import { gelu, silu } from "./activation.ts";
import { linear } from "./linear.ts";
import { TRANSFORMER } from "../parameters/initializer.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/** A function of every element of a matrix. */
export type Pointwise = (x: tf.Tensor2D) => tf.Tensor2D;

/** Shape of a perceptron of two layers. */
export interface PerceptronOptions {
  width: number;
  /** Between the layers; default: four times the width. */
  hidden?: number;
  /** Default: the exact GELU. With a gate it is SiLU's. */
  activation?: Pointwise;
  /**
   * Whether the first layer's output is multiplied by another's after a SiLU (SwiGLU; Shazeer, 2020). `packed`: both are
   * `name.fc1`, the gate first; `apart`: `name.fc1_g` and `name.fc1_x`. Default: `none`.
   */
  gate?: "none" | "packed" | "apart";
}

/** What a vision transformer's block does to each token. Names as timm's: `name.fc1`, `name.fc2`. */
export function perceptron(source: ParameterSource, name: string, options: PerceptronOptions): Pointwise {
  const { width, hidden = 4 * width } = options;
  const widen = widening(source, name, { ...options, hidden });
  const narrow = linear(source, `${name}.fc2`, { inputs: hidden, outputs: width, init: TRANSFORMER });
  return (x) => narrow(widen(x));
}

function widening(
  source: ParameterSource,
  name: string,
  { width, hidden, activation = gelu, gate = "none" }: PerceptronOptions & { hidden: number },
): Pointwise {
  const layer = (part: string, outputs = hidden) =>
    linear(source, `${name}.${part}`, { inputs: width, outputs, init: TRANSFORMER });
  switch (gate) {
    case "none": {
      const first = layer("fc1");
      return (x) => activation(first(x));
    }
    case "packed": {
      const both = layer("fc1", 2 * hidden);
      return (x) => {
        const rows = both(x), part = (start: number) => tf.slice(rows, [0, start], [x.shape[0], hidden]);
        return tf.mul(gated(part(0)), part(hidden));
      };
    }
    case "apart": {
      const first = layer("fc1_g"), second = layer("fc1_x");
      return (x) => tf.mul(gated(first(x)), second(x));
    }
  }
}

function gated(x: tf.Tensor2D): tf.Tensor2D {
  return silu(x as tf.Tensor as tf.Tensor4D) as tf.Tensor as tf.Tensor2D;
}
