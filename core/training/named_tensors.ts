/**
 * Traced functions of named tensors. An engine traces functions of tensors in a row; here names are taken off at the
 * one end and put on at the other, by one pair of functions.
 *
 * @module
 */
import type { Engine, TracedFunction, TraceOptions } from "../interfaces/engine.ts";
import { tf } from "../tf.ts";

/** Tensors by name, or several of a name, as deep as need be. */
export type Named = tf.Tensor | readonly Named[] | { readonly [name: string]: Named };

/** The names alone: each tensor is replaced by its place in the row. */
type Names = number | readonly Names[] | { readonly [name: string]: Names };

/** Takes the names off: the tensors in a row, and what they were called. */
function flatten(named: Named): { tensors: tf.Tensor[]; names: Names } {
  const tensors: tf.Tensor[] = [];
  const walk = (named: Named): Names =>
    named instanceof tf.Tensor
      ? tensors.push(named) - 1
      : Array.isArray(named)
      ? named.map(walk)
      : Object.fromEntries(Object.entries(named).map(([name, value]) => [name, walk(value)]));
  const names = walk(named);
  return { tensors, names };
}

/** Puts the names on again. */
function unflatten(names: Names, tensors: readonly tf.Tensor[]): Named {
  return typeof names === "number"
    ? tensors[names]
    : Array.isArray(names)
    ? names.map((value) => unflatten(value, tensors))
    : Object.fromEntries(Object.entries(names).map(([name, value]) => [name, unflatten(value, tensors)]));
}

/** All tensors, without their names. */
export function tensorsOf(named: Named): tf.Tensor[] {
  return flatten(named).tensors;
}

/** Other tensors under the same names. */
export function mapTensors<N extends Named>(named: N, change: (tensor: tf.Tensor) => tf.Tensor): N {
  const { tensors, names } = flatten(named);
  return unflatten(names, tensors.map(change)) as N;
}

/** A function of named tensors that the engine runs as one operation. Inputs that have other names are traced apart. */
export class NamedFunction<Inputs extends Named, Outputs extends Named> implements Disposable {
  readonly #traced = new Map<string, { function: TracedFunction; outputs: { names: Names } }>();

  constructor(
    private readonly engine: Engine,
    private readonly body: (inputs: Inputs) => Outputs,
    private readonly options: TraceOptions,
  ) {}

  /** @returns what the body returns; the caller owns the tensors. */
  async call(inputs: Inputs): Promise<Outputs> {
    const { tensors, names } = flatten(inputs), key = JSON.stringify(names);
    const traced = this.#traced.get(key) ?? this.#trace(names);
    this.#traced.set(key, traced);
    const outputs = await traced.function.call(...tensors);
    return unflatten(traced.outputs.names, outputs) as Outputs;
  }

  #trace(names: Names) {
    const outputs: { names: Names } = { names: [] }; // known when the body has run
    const body = (...tensors: tf.Tensor[]) => {
      const made = flatten(this.body(unflatten(names, tensors) as Inputs));
      outputs.names = made.names;
      return made.tensors;
    };
    return { function: this.engine.trace(body, this.options), outputs };
  }

  [Symbol.dispose](): void {
    for (const { function: traced } of this.#traced.values()) traced[Symbol.dispose]();
  }
}
