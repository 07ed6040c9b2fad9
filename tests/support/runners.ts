import { type Engine, tf } from "@seed/core";

/** A function of tensors, as one operation or operation by operation. */
export type Runner = (
  fn: (...inputs: tf.Tensor[]) => tf.Tensor[],
  ...inputs: tf.Tensor[]
) => Promise<Float32Array[]>;

/** Both ways to run a function; either must give the same. */
export function runners(engine: Engine): Record<"eager" | "traced", Runner> {
  return {
    eager: (fn, ...inputs) => read(tf.tidy(() => fn(...inputs))),
    async traced(fn, ...inputs) {
      using traced = engine.trace(fn, { name: "golden" });
      return await read(await traced.call(...inputs));
    },
  };
}

/** As a training step in bf16 runs it. */
export function runnerInBf16(engine: Engine): Runner {
  return async (fn, ...inputs) => {
    using traced = engine.trace(fn, { name: "golden in bf16", precision: "bf16", training: true });
    return await read(await traced.call(...inputs));
  };
}

async function read(outputs: tf.Tensor[]): Promise<Float32Array[]> {
  const values = await Promise.all(outputs.map((output) => output.data()));
  tf.dispose(outputs);
  return values as Float32Array[];
}
