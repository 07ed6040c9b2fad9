import {
  fromTorch,
  nearest,
  type ParameterKind,
  RunError,
  tf,
  torchShape,
  type WeightsFile,
} from "@seed/core";
import type { Initializer } from "./initializer.ts";
import type { ParameterSource } from "./parameters.ts";

/** How to find a network's values in a file. */
export interface FrozenOptions {
  /** The file's name of a value from timm's. */
  rename?: (name: string) => string;
  /** Entries of the file that are dropped by rule (a momentum encoder, a classifier). */
  dropped?: (fileName: string) => boolean;
  /** True: other entries that the network did not ask for are no error. */
  allowUnused?: boolean;
}

/** Hands out a file's values as constants. */
export class FrozenParameters implements ParameterSource, Disposable {
  readonly frozen = true;
  readonly parameters = [];
  readonly #tensors: tf.Tensor[] = [];
  readonly #taken = new Set<string>();
  readonly #problems: string[] = [];

  private constructor(
    private readonly path: string,
    private readonly arrays: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>,
    private readonly options: FrozenOptions,
  ) {}

  /** Reads every entry of the file that is not dropped. */
  static async load(file: WeightsFile, options: FrozenOptions = {}): Promise<FrozenParameters> {
    const arrays = new Map<string, { shape: readonly number[]; data: Float32Array }>();
    for (const [name, { shape }] of file.tensors) {
      if (options.dropped?.(name) || isBatchCount(name)) continue;
      arrays.set(name, { shape, data: await file.read(name) });
    }
    return new FrozenParameters(file.path, arrays, options);
  }

  /** How many tensors were taken. */
  get count(): number {
    return this.#taken.size;
  }

  get(name: string, kind: ParameterKind, shape: readonly number[], _init: Initializer): tf.Tensor {
    const fileName = this.options.rename?.(name) ?? name;
    const found = this.arrays.get(fileName), expected = torchShape(shape, kind);
    this.#taken.add(fileName);
    if (!found) {
      const close = nearest(fileName, this.arrays.keys());
      this.#problems.push(`missing "${fileName}"${close ? ` (the nearest is "${close}")` : ""}`);
    } else if (found.shape.join() !== expected.join()) {
      this.#problems.push(`"${fileName}" has the shape [${found.shape}], expected [${expected}]`);
    }
    // After a problem the network is built to the end all the same, to list every one; `finish` then throws.
    const fits = found && found.shape.join() === expected.join();
    const data = fits
      ? fromTorch(found.data, shape, kind)
      : new Float32Array(shape.reduce((a, b) => a * b, 1));
    const tensor = tf.tensor(data, [...shape]);
    this.#tensors.push(tensor);
    return tensor;
  }

  own(...tensors: tf.Tensor[]): void {
    this.#tensors.push(...tensors);
  }

  /**
   * To be called when the network is built.
   *
   * @throws {RunError} If entries are missing, have another shape, or are left over.
   */
  finish(): void {
    const unused = this.options.allowUnused
      ? []
      : [...this.arrays.keys()].filter((name) => !this.#taken.has(name));
    const problems = [...this.#problems, ...unused.map((name) => `left over "${name}"`)];
    if (problems.length === 0) return;
    const shown = problems.slice(0, 20), more = problems.length - shown.length;
    if (more) shown.push(`and ${more} more`);
    throw new RunError(`The weights in "${this.path}" do not fit the network:\n  ${shown.join("\n  ")}`);
  }

  [Symbol.dispose](): void {
    tf.dispose(this.#tensors);
  }
}

/** PyTorch's batch norms count their batches; nothing that computes uses the count. */
function isBatchCount(name: string): boolean {
  return name.endsWith(".num_batches_tracked");
}
