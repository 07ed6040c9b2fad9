import {
  brokenWeights,
  fromTorch,
  nearest,
  type ParameterKind,
  RunError,
  tf,
  torchShape,
  valueProblem,
  type WeightsFile,
} from "@seed/core";
import { isBatchCount, isShape } from "../layouts/entries.ts";
import type { Initializer } from "../parameters/initializer.ts";
import type { ParameterSource } from "../parameters/parameters.ts";

/** How to find a network's values in a file. */
export interface FrozenOptions {
  /** The file's name of a value from timm's. */
  rename?: (name: string) => string;
  /** Entries of the file that are dropped by rule (a momentum encoder, a classifier). */
  dropped?: (fileName: string) => boolean;
  /** True: other entries that the network did not ask for are no error. */
  allowUnused?: boolean;
  /** False: batch norms stay operations of their own; default true. */
  foldBatchNorm?: boolean;
}

/** A value of a file, as a network has it. */
export interface FrozenValue {
  /** As the network calls it: timm's name. */
  readonly name: string;
  readonly kind: ParameterKind;
  /** In TensorFlow's layout. */
  readonly tensor: tf.Tensor;
}

/** Hands out a file's values as constants; each is read when it is asked for, if it fits. */
export class FrozenParameters implements ParameterSource, Disposable {
  readonly frozen: boolean;
  readonly parameters = [];
  /** Everything handed out so far, in order. */
  readonly values: FrozenValue[] = [];
  readonly #tensors: tf.Tensor[] = [];
  readonly #taken = new Set<string>();
  readonly #problems: string[] = [];
  /** Values that no network has. */
  readonly #broken: string[] = [];

  /** Entries of the file that are not dropped. */
  readonly #entries: ReadonlySet<string>;

  /** @param file Open until the network is built. */
  constructor(private readonly file: WeightsFile, private readonly options: FrozenOptions = {}) {
    this.frozen = options.foldBatchNorm ?? true;
    const kept = (name: string) => !options.dropped?.(name) && !isBatchCount(name);
    this.#entries = new Set([...file.tensors.keys()].filter(kept));
  }

  /** How many tensors were taken. */
  get count(): number {
    return this.#taken.size;
  }

  /** What the network is made of now, folded batch norms and all, without what was folded. */
  get tensors(): tf.Tensor[] {
    return this.#tensors.filter(({ isDisposed }) => !isDisposed);
  }

  get(name: string, kind: ParameterKind, shape: readonly number[], _init: Initializer): tf.Tensor {
    const fileName = this.options.rename?.(name) ?? name;
    this.#taken.add(fileName);
    const problem = this.#problem(fileName, torchShape(shape, kind));
    if (problem) this.#problems.push(problem);
    // After a problem the network is built to the end all the same, to list every one; `finish` then throws.
    const values = problem ? new Float32Array(shape.reduce((a, b) => a * b, 1)) : this.file.read(fileName);
    // By the network's name, which tells variances whatever the publisher calls them.
    const broken = valueProblem(name, values);
    if (broken) this.#broken.push(broken.replace(`"${name}"`, `"${fileName}"`));
    const tensor = tf.tensor(fromTorch(values, shape, kind), [...shape]);
    this.#tensors.push(tensor);
    this.values.push({ name, kind, tensor });
    return tensor;
  }

  #problem(fileName: string, expected: readonly number[]): string | null {
    if (!this.#entries.has(fileName)) {
      const close = nearest(fileName, this.#entries);
      return `missing "${fileName}"${close ? ` (the nearest is "${close}")` : ""}`;
    }
    const { shape } = this.file.tensors.get(fileName)!;
    return isShape(shape, expected) ? null : `"${fileName}" has the shape [${shape}], expected [${expected}]`;
  }

  shapeOf(name: string): readonly number[] | undefined {
    return this.file.tensors.get(this.options.rename?.(name) ?? name)?.shape;
  }

  numbers(name: string, count: number): Float32Array | undefined {
    const fileName = this.options.rename?.(name) ?? name;
    if (!this.#entries.has(fileName)) return undefined;
    this.#taken.add(fileName);
    const problem = this.#problem(fileName, [count]);
    if (problem) this.#problems.push(problem);
    const values = problem ? new Float32Array(count).fill(1) : this.file.read(fileName);
    const broken = valueProblem(fileName, values);
    if (broken) this.#broken.push(broken);
    return values;
  }

  /**
   * Notes what does not fit, for {@link finish}.
   *
   * @param below What entries begin with that are not read because of it, and so not left over either.
   */
  refuse(problem: string, below: string): void {
    this.#problems.push(problem);
    for (const name of this.#entries) if (name.startsWith(below)) this.#taken.add(name);
  }

  own(...tensors: tf.Tensor[]): void {
    this.#tensors.push(...tensors);
  }

  /**
   * To be called when the network is built.
   *
   * @param hint Is asked for what the file may be, if it does not fit: a sentence, or nothing.
   * @throws {RunError} If entries are missing, have another shape, are left over, or have values that no network has.
   */
  finish(hint: () => string = () => ""): void {
    const unused = this.options.allowUnused
      ? []
      : [...this.#entries].filter((name) => !this.#taken.has(name));
    const problems = [...this.#problems, ...unused.map((name) => `left over "${name}"`)];
    if (problems.length === 0) {
      if (this.#broken.length) throw brokenWeights(this.file.path, this.#broken);
      return;
    }
    const shown = problems.slice(0, 20), more = problems.length - shown.length;
    if (more) shown.push(`and ${more} more`);
    if (unused.length) shown.push('A teacher\'s option "allow_unused: true" accepts what is left over');
    throw new RunError(
      `The weights in "${this.file.path}" do not fit the network${hint()}:\n  ${shown.join("\n  ")}`,
    );
  }

  [Symbol.dispose](): void {
    tf.dispose(this.#tensors);
  }
}
