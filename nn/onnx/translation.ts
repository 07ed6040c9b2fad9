import { NORMALIZE_KERNEL, RunError, toTorch } from "@seed/core";
import type { Attribute, Initializer, OnnxNode } from "./onnx_model.ts";
import {
  dependsOnBatch,
  type Kernel,
  notExported,
  RECORDED_BATCH,
  type RecordedGraph,
  usesOf,
  type Value,
} from "./recorded_graph.ts";

/** Feature maps are `[batch, channels, height, width]` in ONNX; everything else is as it was recorded. */
export type Order = "channels first" | "as recorded";

/** A value's name in the ONNX graph. */
export interface Named {
  readonly name: string;
  readonly order: Order;
}

/** Adds what a kernel is in ONNX. */
export type Operator = (translation: Translation, kernel: Kernel) => Named;

/** ONNX's axes of a feature map, in TensorFlow's order, and the way back. */
const TO_CHANNELS_FIRST = [0, 3, 1, 2], TO_RECORDED = [0, 2, 3, 1];

/** Translates a recorded network into ONNX operators, each value on demand: what nothing asks for is left out. */
export class Translation {
  readonly nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, Initializer>();
  readonly #named = new Map<Value, Named>();
  readonly #reordered = new Map<string, string>();
  readonly #uses: ReadonlyMap<Value, number>;
  #batchSize: string | null = null;

  /**
   * @param inputName Of the network's normalised images, `[batch, 3, size, size]`.
   * @param options.operators By tfjs's name of the kernel.
   * @param options.foldBatchNorm Whether batch norms become part of the convolutions before them.
   */
  constructor(
    graph: RecordedGraph,
    private readonly inputName: string,
    readonly options: { operators: Readonly<Record<string, Operator>>; foldBatchNorm: boolean },
  ) {
    this.#uses = usesOf(graph);
    for (const { name, output } of graph.kernels) {
      if (name === NORMALIZE_KERNEL) this.#named.set(output, { name: inputName, order: "channels first" });
    }
  }

  get initializers(): Initializer[] {
    return [...this.#initializers.values()];
  }

  /** Whether a single operation takes the value. */
  usedOnce(value: Value): boolean {
    return this.#uses.get(value) === 1;
  }

  /** The value in the order that it comes in. */
  named(value: Value): Named {
    const known = this.#named.get(value);
    if (known) return known;
    const made = value.constant ? this.#constant(value, value.constant) : this.#translate(value.from);
    this.#named.set(value, made);
    return made;
  }

  /** The value as it was recorded. */
  recorded(value: Value): string {
    const { name, order } = this.named(value);
    return order === "as recorded" ? name : this.#transposed(name, TO_RECORDED);
  }

  /** A feature map, or what is broadcast to one: scalars, channels. */
  channelsFirst(value: Value): string {
    if (value.constant) return this.#broadcastConstant(value, value.constant);
    const { name, order } = this.named(value);
    if (order === "channels first") return name;
    if (value.shape.length === 4) return this.#transposed(name, TO_CHANNELS_FIRST);
    throw new RunError(
      `A tensor [${value.shape}] meets a feature map, which ONNX has in another order of axes`,
    );
  }

  /** What there is of each axis, in the order that the value comes in. */
  reordered<T>(axes: readonly T[], order: Order): T[] {
    return order === "channels first" ? TO_CHANNELS_FIRST.map((axis) => axes[axis]) : [...axes];
  }

  /** How many images there are, as a vector of one. */
  batchSize(): string {
    return this.#batchSize ??= this.apply("Shape", [this.inputName], { start: 0, end: 1 });
  }

  /** Adds an operator; returns its output's name. */
  apply(operator: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}): string {
    const output = `${operator}_${this.nodes.length}`;
    this.nodes.push({ operator, inputs, output, attributes });
    return output;
  }

  /** Adds float32 constants; `name` null: by its number. */
  floats(shape: readonly number[], data: ArrayLike<number>, name: string | null = null): string {
    return this.#initializer(name, shape, data instanceof Float32Array ? data : Float32Array.from(data));
  }

  /** Adds 64-bit integers as a vector. */
  integers(values: readonly number[]): string {
    return this.#initializer(null, [values.length], BigInt64Array.from(values, BigInt));
  }

  /**
   * A shape for `Reshape`: the batch is whatever it is.
   *
   * @throws {RunError} If it depends on the batch in two ways.
   */
  shape(sides: readonly number[]): string {
    if (sides.filter((side) => dependsOnBatch([side])).length > 1) {
      throw new RunError(
        `Cannot export a tensor with two axes of the batch ([${sides}] at ${RECORDED_BATCH})`,
      );
    }
    return this.integers(sides.map((side) => dependsOnBatch([side]) ? -1 : side));
  }

  #translate(kernel: Kernel | null): Named {
    if (!kernel) {
      throw new RunError(
        "The network uses its pixels before they are normalised; an exported network begins after `normalize` of @seed/nn",
      );
    }
    const operator = this.options.operators[kernel.name];
    if (operator) return operator(this, kernel);
    throw notExported(kernel.name, "ONNX");
  }

  #constant({ shape, name }: Value, data: Float32Array): Named {
    return { name: this.floats(shape, data, name), order: "as recorded" };
  }

  /** As `[channels, height, width]`, or as a scalar. */
  #broadcastConstant(value: Value, data: Float32Array): string {
    if (value.shape.every((side) => side === 1)) return this.floats([], data, value.name);
    const [images, height, width, channels] = [1, 1, 1, 1, ...value.shape].slice(-4);
    if (images !== 1) throw new RunError(`A constant [${value.shape}] tells the images of a batch apart`);
    const shape = [channels, height, width];
    return this.floats(shape, toTorch(data, [height * width, channels], "linear"), value.name);
  }

  #transposed(name: string, perm: readonly number[]): string {
    const key = `${name} ${perm}`, known = this.#reordered.get(key);
    if (known) return known;
    const made = this.apply("Transpose", [name], { perm });
    this.#reordered.set(key, made);
    return made;
  }

  #initializer(name: string | null, shape: readonly number[], data: Float32Array | BigInt64Array): string {
    const plain = name ?? `constant_${this.#initializers.size}`;
    const free = this.#initializers.has(plain) ? `${plain}_${this.#initializers.size}` : plain;
    this.#initializers.set(free, { name: free, shape, data });
    return free;
  }
}
