import { type Engine, tf } from "@seed/core";

/** tfjs's pure-JavaScript backend as an engine: needs no download, runs operation by operation. */
export async function eagerEngine(): Promise<Engine> {
  await tf.setBackend("cpu");
  return {
    name: "eager",
    version: tf.version_core,
    device: "cpu",
    traces: false,
    arithmetic: () => "fp32",
    trace: (fn) => ({
      // deno-lint-ignore require-await
      call: async (...inputs) => tf.tidy(() => fn(...inputs)),
      [Symbol.dispose]() {},
    }),
    upload: (pixels, shape) => tf.tensor4d(Float32Array.from(pixels), shape),
    async [Symbol.asyncDispose]() {},
  };
}
