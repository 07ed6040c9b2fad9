import { NORMALIZE_KERNEL, RunError } from "@seed/core";
import {
  dependsOnBatch,
  type Kernel,
  notExported,
  RECORDED_BATCH,
  type RecordedGraph,
  usesOf,
  type Value,
} from "../onnx/recorded_graph.ts";
import type { Folding } from "../onnx/linear.ts";
import type { Attribute, GraphNode, Weight } from "./graph_model.ts";

/** Adds what a kernel is in TensorFlow. @returns the name of the node that gives its output. */
export type Operator = (graph: GraphBuilder, kernel: Kernel) => string;

/** Attributes as they are said: text, whole numbers and truth. */
export type PlainAttributes = Readonly<
  Record<string, string | number | boolean | readonly number[] | readonly string[] | { type: "DT_FLOAT" }>
>;

/**
 * Translates a recorded network into TensorFlow's operations, each value on demand: what nothing asks for is left out.
 * Layouts are TensorFlow's already.
 */
export class GraphBuilder implements Folding {
  readonly nodes: GraphNode[] = [];
  readonly weights: Weight[] = [];
  readonly options = { foldBatchNorm: true };
  readonly #made = new Map<Value, string>();
  readonly #integers = new Map<string, string>();
  readonly #names = new Set<string>();
  readonly #uses: ReadonlyMap<Value, number>;
  #batchSize: string | null = null;

  /**
   * @param inputName Of the network's normalised images, `[batch, size, size, 3]`.
   * @param outputNames Of the graph's outputs.
   */
  constructor(
    graph: RecordedGraph,
    private readonly inputName: string,
    outputNames: readonly string[],
    private readonly operators: Readonly<Record<string, Operator>>,
  ) {
    this.#uses = usesOf(graph);
    for (const name of [inputName, ...outputNames]) this.#names.add(name);
    for (const { name, output } of graph.kernels) {
      if (name === NORMALIZE_KERNEL) this.#made.set(output, inputName);
    }
  }

  usedOnce(value: Value): boolean {
    return this.#uses.get(value) === 1;
  }

  /** The node that gives a value. */
  of(value: Value): string {
    const known = this.#made.get(value);
    if (known !== undefined) return known;
    const name = value.constant
      ? this.floats(value.shape, value.constant, value.name)
      : this.#translate(value.from);
    this.#made.set(value, name);
    return name;
  }

  /** Gives a value the name of an output. */
  output(value: Value, name: string): void {
    this.nodes.push({ name, op: "Identity", input: [this.of(value)], attr: {} });
  }

  /** Adds an operation; its name is its number. */
  add(op: string, input: readonly string[], attributes: PlainAttributes = {}): string {
    const free = this.#freeName(`${op}_${this.nodes.length}`);
    const attr = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, encoded(value)]));
    this.nodes.push({ name: free, op, input, attr });
    return free;
  }

  /** Adds float32 constants; `name` null: by its number. */
  floats(shape: readonly number[], data: Float32Array, name: string | null = null): string {
    return this.#constant(shape, data, name);
  }

  /** Integers as a constant of the shape; `[values]` if none is said. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): string {
    const key = `${shape}:${values}`, known = this.#integers.get(key);
    if (known !== undefined) return known;
    const made = this.#constant(shape, Int32Array.from(values), null);
    this.#integers.set(key, made);
    return made;
  }

  /** A shape for `Reshape`: the batch is whatever it is. */
  shape(sides: readonly number[]): string {
    if (sides.filter((side) => dependsOnBatch([side])).length > 1) {
      throw new RunError(
        `Cannot export a tensor with two axes of the batch ([${sides}] at ${RECORDED_BATCH})`,
      );
    }
    return this.integers(sides.map((side) => dependsOnBatch([side]) ? -1 : side));
  }

  /** How many images there are, as a vector of one. */
  batchSize(): string {
    return this.#batchSize ??= this.add("Slice", [
      this.add("Shape", [this.inputName]),
      this.integers([0]),
      this.integers([1]),
    ]);
  }

  #translate(kernel: Kernel | null): string {
    if (!kernel) {
      throw new RunError(
        "The network uses its pixels before they are normalised; an exported network begins after `normalize` of @seed/nn",
      );
    }
    const operator = this.operators[kernel.name];
    if (operator) return operator(this, kernel);
    throw notExported(kernel.name, "TensorFlow.js");
  }

  #constant(shape: readonly number[], data: Weight["data"], name: string | null): string {
    const type = data instanceof Float32Array ? "DT_FLOAT" : "DT_INT32";
    const free = this.#freeName(name ?? `constant_${this.weights.length}`);
    this.nodes.push({ name: free, op: "Const", input: [], attr: { dtype: { type } } });
    this.weights.push({ name: free, shape, data });
    return free;
  }

  /** A colon would stand for a node's output, a caret for an order of nodes. */
  #freeName(wanted: string): string {
    const plain = wanted.replaceAll(/[^\w./-]/g, "_");
    const free = this.#names.has(plain) ? `${plain}_${this.#names.size}` : plain;
    this.#names.add(free);
    return free;
  }
}

function encoded(value: PlainAttributes[string]): Attribute {
  if (typeof value === "string") return { s: btoa(value) };
  if (typeof value === "number") return { i: `${value}` };
  if (typeof value === "boolean") return { b: value };
  if (!isList(value)) return value;
  const texts = value.filter((item) => typeof item === "string");
  return { list: texts.length ? { s: texts.map(btoa) } : { i: value.map(String) } };
}

function isList(value: PlainAttributes[string]): value is readonly number[] | readonly string[] {
  return Array.isArray(value);
}
