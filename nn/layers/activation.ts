import { fused, type FusedBody, tf } from "@seed/core";
import type { Layer } from "./conv.ts";

/** A function of every element, and its parts for layers that compute it together with what is around it. */
export interface Activation extends Layer {
  /** Of x. */
  readonly body: FusedBody;
  /** Of the gradient of the result, and x. */
  readonly gradient: FusedBody;
}

/** No activation. */
export const identity: Activation = activation((x) => [x], (dy) => [dy]);

/** `max(x, 0)`: its value an operation that engines fuse with the convolution before it, its gradient one pass. */
export const relu: Activation = activation(
  reluBody,
  reluGradient,
  withGradient((x) => reluBody(x)[0], reluGradient) as Layer,
);

function reluBody(x: tf.Tensor): tf.Tensor[] {
  return [tf.relu(x)];
}

function reluGradient(dy: tf.Tensor, x: tf.Tensor): tf.Tensor[] {
  return [tf.mul(dy, tf.cast(tf.greater(x, 0), "float32"))];
}

/** `min(max(x, 0), 6)`. */
export const relu6: Activation = activation(
  (x) => [tf.relu6(x)],
  (dy, x) => [tf.mul(dy, tf.cast(tf.greater(tf.mul(x, tf.sub(6, x)), 0), "float32"))],
);

/** `1 / (1 + exp(-x))`. */
export const sigmoid: Activation = activation(
  (x) => [tf.sigmoid(x)],
  (dy, x) => {
    const s = tf.sigmoid(x);
    return [tf.mul(tf.mul(dy, s), tf.sub(1, s))];
  },
);

/** `relu6(x + 3) / 6`: a sigmoid of straight lines (Howard et al., ICCV 2019). */
export const hardSigmoid: Activation = activation(
  (x) => [tf.mul(tf.relu6(tf.add(x, 3)), 1 / 6)],
  (dy, x) => [tf.mul(dy, tf.mul(tf.cast(tf.less(tf.abs(x), 3), "float32"), 1 / 6))],
);

/**
 * `x * sigmoid(x)` (Ramachandran et al., 2017), with its gradient written out: the value and the gradient are one
 * pass over memory each where the engine fuses.
 */
export const silu: Activation = fusedActivation(siluBody, siluGradient);

function siluBody(x: tf.Tensor): tf.Tensor[] {
  return [tf.mul(x, tf.sigmoid(x))];
}

/** `dy * s * (1 + x * (1 - s))` with `s = sigmoid(x)`. */
function siluGradient(dy: tf.Tensor, x: tf.Tensor): tf.Tensor[] {
  const s = tf.sigmoid(x);
  return [tf.mul(tf.mul(dy, s), tf.add(tf.mul(x, tf.sub(1, s)), 1))];
}

/** `x * relu6(x + 3) / 6` (Howard et al., ICCV 2019, section 5.2), with its gradient written out like {@link silu}'s. */
export const hardSwish: Activation = fusedActivation(hardSwishBody, hardSwishGradient);

function hardSwishBody(x: tf.Tensor): tf.Tensor[] {
  return [tf.mul(tf.mul(x, tf.relu6(tf.add(x, 3))), 1 / 6)];
}

/** `dy * (h + x * inside) / 6` with `h = relu6(x + 3)` and `inside` 1 where `h` is neither 0 nor 6. */
function hardSwishGradient(dy: tf.Tensor, x: tf.Tensor): tf.Tensor[] {
  const h = tf.relu6(tf.add(x, 3));
  const inside = tf.cast(tf.greater(tf.mul(h, tf.sub(6, h)), 0), "float32");
  return [tf.mul(tf.mul(dy, tf.add(h, tf.mul(x, inside))), 1 / 6)];
}

/** `x * P(X <= x)` for a standard normal `X`, exactly, not by its approximations (Hendrycks & Gimpel, 2016). */
export function gelu<T extends tf.Tensor>(x: T): T {
  return geluWithGradient(x) as T;
}

const geluWithGradient = withGradient((x) => fused(geluBody, x)[0], geluGradient);

function geluBody(x: tf.Tensor): tf.Tensor[] {
  return [tf.mul(x, normalShare(x))];
}

/** `dy * (share + x * density)`. */
function geluGradient(dy: tf.Tensor, x: tf.Tensor): tf.Tensor[] {
  const density = tf.mul(tf.exp(tf.mul(tf.mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return [tf.mul(dy, tf.add(normalShare(x), tf.mul(x, density)))];
}

/** `x * sigmoid(1.702 x)`: OpenAI's CLIP has it for GELU. */
export function quickGelu<T extends tf.Tensor>(x: T): T {
  return quickGeluWithGradient(x) as T;
}

const QUICK = 1.702;
const quickGeluWithGradient = withGradient(
  (x) => fused(quickGeluBody, x)[0],
  (dy, x) => gateGradient(dy, x, { gate: tf.mul(x, QUICK), slope: QUICK }),
);

function quickGeluBody(x: tf.Tensor): tf.Tensor[] {
  return [tf.mul(x, tf.sigmoid(tf.mul(x, QUICK)))];
}

/** GELU by its approximation with a hyperbolic tangent, `x * sigmoid(2 c (x + 0.044715 x^3))`: SigLIP's. */
export function geluTanh<T extends tf.Tensor>(x: T): T {
  return geluTanhWithGradient(x) as T;
}

const TANH_SLOPE = 2 * Math.sqrt(2 / Math.PI), TANH_CUBE = 0.044715;
const geluTanhWithGradient = withGradient((x) => fused(geluTanhBody, x)[0], (dy, x) => {
  const slope = tf.mul(tf.add(tf.mul(tf.mul(x, x), 3 * TANH_CUBE), 1), TANH_SLOPE);
  return gateGradient(dy, x, { gate: geluTanhGate(x), slope });
});

function geluTanhBody(x: tf.Tensor): tf.Tensor[] {
  return [tf.mul(x, tf.sigmoid(geluTanhGate(x)))];
}

function geluTanhGate(x: tf.Tensor): tf.Tensor {
  return tf.mul(tf.mul(x, tf.add(tf.mul(tf.mul(x, x), TANH_CUBE), 1)), TANH_SLOPE);
}

/** Of `x * sigmoid(gate)`: `dy * s * (1 + x * (1 - s) * slope)`, the slope being the gate's. */
function gateGradient(
  dy: tf.Tensor,
  x: tf.Tensor,
  { gate, slope }: { gate: tf.Tensor; slope: tf.Tensor | number },
): tf.Tensor[] {
  const s = tf.sigmoid(gate);
  return [tf.mul(tf.mul(dy, s), tf.add(tf.mul(tf.mul(x, tf.sub(1, s)), slope), 1))];
}

/** Below -5.5 it is zero: there `1 + erf` is rounding alone, which the factor `x` would make large. */
function normalShare(x: tf.Tensor): tf.Tensor {
  const share = tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
  return tf.mul(share, tf.cast(tf.greater(x, -5.5), "float32"));
}

/** A function whose gradient is computed from its input, in one operation where the engine fuses. */
function withGradient(value: (x: tf.Tensor) => tf.Tensor, gradient: FusedBody): (x: tf.Tensor) => tf.Tensor {
  return tf.customGrad((...args) => {
    const [x, save] = args as [tf.Tensor, tf.GradSaveFunc];
    save([x]);
    return {
      value: value(x),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => fused(gradient, dy, saved[0])[0],
    };
  });
}

function fusedActivation(body: FusedBody, gradient: FusedBody): Activation {
  return activation(body, gradient, withGradient((x) => fused(body, x)[0], gradient) as Layer);
}

/** @param alone What a layer that is by itself runs; default: the body's operations, which engines fuse with others. */
function activation(
  body: FusedBody,
  gradient: FusedBody,
  alone: Layer = (x) => body(x)[0] as tf.Tensor4D,
): Activation {
  return Object.assign(alone, { body, gradient });
}
