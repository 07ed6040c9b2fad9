import type { ElementType } from "../pjrt/buffer.ts";
import { literal, sameShape, sizeOf, typeText, type Value } from "./value.ts";

/** Where an argument lies: split by rows over the devices, or whole on each of them. */
export type Placement = "rows" | "whole";

interface Parameter {
  value: Value;
  placement: Placement;
  /** Number of the result that takes its memory over. */
  donatedTo?: number;
}

export type Direction = "EQ" | "NE" | "LT" | "LE" | "GT" | "GE";

/** Writes a program as StableHLO's text: a function of values, line by line. */
export class ModuleBuilder {
  readonly #lines: string[] = [];
  readonly #parameters: Parameter[] = [];
  #next = 0;

  /** @param name What messages and profiles call the program. */
  constructor(readonly name: string) {}

  parameter(shape: readonly number[], type: ElementType, placement: Placement = "whole"): Value {
    const value = { name: `%arg${this.#parameters.length}`, shape: [...shape], type };
    this.#parameters.push({ value, placement });
    return value;
  }

  /** Lets a result take a parameter's memory over: the argument is gone then. */
  donate(parameter: number, result: number): void {
    this.#parameters[parameter].donatedTo = result;
  }

  /** Values in row-major order; all the same ones are written once. */
  constant(values: ArrayLike<number>, shape: readonly number[], type: ElementType): Value {
    const all = Array.from(values, (value) => literal(value, type));
    const nest = (axis: number, from: number, size: number): string => {
      if (axis === shape.length) return all[from];
      const part = size / shape[axis];
      const parts = Array.from({ length: shape[axis] }, (_, i) => nest(axis + 1, from + i * part, part));
      return `[${parts.join(", ")}]`;
    };
    const text = all.length > 0 && all.every((one) => one === all[0]) ? all[0] : nest(0, 0, all.length);
    return this.line(
      `stablehlo.constant dense<${all.length ? text : ""}> : ${typeText({ shape, type })}`,
      shape,
      type,
    );
  }

  scalar(value: number, type: ElementType): Value {
    return this.constant([value], [], type);
  }

  /** A number everywhere. */
  filled(value: number, { shape, type }: Pick<Value, "shape" | "type">): Value {
    return this.broadcast(this.scalar(value, type), shape);
  }

  unary(op: string, x: Value): Value {
    return this.line(`stablehlo.${op} ${x.name} : ${typeText(x)}`, x.shape, x.type);
  }

  /** Of two values of one shape and type. */
  binary(op: string, a: Value, b: Value): Value {
    return this.line(`stablehlo.${op} ${a.name}, ${b.name} : ${typeText(a)}`, a.shape, a.type);
  }

  compare(direction: Direction, a: Value, b: Value): Value {
    const kind = a.type === "i32" ? "SIGNED" : a.type === "f32" || a.type === "bf16" ? "FLOAT" : "UNSIGNED";
    return this.op(`stablehlo.compare ${direction}, ${a.name}, ${b.name}, ${kind}`, [a, b], a.shape, "i1");
  }

  select(condition: Value, a: Value, b: Value): Value {
    const types = `${typeText(condition)}, ${typeText(a)}`;
    return this.line(
      `stablehlo.select ${condition.name}, ${a.name}, ${b.name} : ${types}`,
      a.shape,
      a.type,
    );
  }

  convert(x: Value, type: ElementType): Value {
    return x.type === type ? x : this.op(`stablehlo.convert ${x.name}`, [x], x.shape, type);
  }

  reshape(x: Value, shape: readonly number[]): Value {
    return sameShape(x.shape, shape) ? x : this.op(`stablehlo.reshape ${x.name}`, [x], shape, x.type);
  }

  transpose(x: Value, permutation: readonly number[]): Value {
    const shape = permutation.map((axis) => x.shape[axis]);
    return this.op(`stablehlo.transpose ${x.name}, dims = [${permutation}]`, [x], shape, x.type);
  }

  /** @param axes Where each of `x`'s axes is in the result. */
  broadcastInDim(x: Value, shape: readonly number[], axes: readonly number[]): Value {
    return this.op(`stablehlo.broadcast_in_dim ${x.name}, dims = [${axes}]`, [x], shape, x.type);
  }

  /** As numpy does: axes of size 1 are repeated, and missing ones in front. */
  broadcast(x: Value, shape: readonly number[]): Value {
    if (sameShape(x.shape, shape)) return x;
    const before = shape.length - x.shape.length;
    const kept = x.shape.map((_, i) => i).filter((i) => x.shape[i] === shape[i + before]);
    const squeezed = this.reshape(x, kept.map((i) => x.shape[i]));
    return this.broadcastInDim(squeezed, shape, kept.map((i) => i + before));
  }

  reduce(op: string, x: Value, axes: readonly number[], initial: number): Value {
    if (axes.length === 0) return x;
    const shape = x.shape.filter((_, i) => !axes.includes(i)), start = this.scalar(initial, x.type);
    const head = `stablehlo.reduce(${x.name} init: ${start.name})`;
    return this.op(
      `${head} applies stablehlo.${op} across dimensions = [${axes}]`,
      [x, start],
      shape,
      x.type,
    );
  }

  reverse(x: Value, axes: readonly number[]): Value {
    return this.line(`stablehlo.reverse ${x.name}, dims = [${axes}] : ${typeText(x)}`, x.shape, x.type);
  }

  slice(
    x: Value,
    begin: readonly number[],
    end: readonly number[],
    strides: readonly number[] = begin.map(() => 1),
  ): Value {
    const ranges = begin.map((from, i) => `${from}:${end[i]}:${strides[i]}`);
    const shape = begin.map((from, i) => Math.ceil((end[i] - from) / strides[i]));
    return this.op(`stablehlo.slice ${x.name} [${ranges.join(", ")}]`, [x], shape, x.type);
  }

  /**
   * @param sides Before and after, by axis; negative ones cut off.
   * @param between Between elements, by axis; default none.
   */
  pad(
    x: Value,
    value: number,
    sides: readonly (readonly [number, number])[],
    between: readonly number[] = sides.map(() => 0),
  ): Value {
    const filling = this.scalar(value, x.type), [low, high] = [0, 1].map((i) => sides.map((side) => side[i]));
    const shape = x.shape.map((size, i) => low[i] + size + Math.max(0, size - 1) * between[i] + high[i]);
    const widths = `low = [${low}], high = [${high}], interior = [${between}]`;
    return this.op(`stablehlo.pad ${x.name}, ${filling.name}, ${widths}`, [x, filling], shape, x.type);
  }

  concatenate(values: readonly Value[], axis: number): Value {
    const [first] = values, total = values.reduce((sum, { shape }) => sum + shape[axis], 0);
    const shape = first.shape.map((size, i) => i === axis ? total : size);
    const names = values.map(({ name }) => name).join(", ");
    return this.op(`stablehlo.concatenate ${names}, dim = ${axis}`, values, shape, first.type);
  }

  iota(shape: readonly number[], axis: number, type: ElementType): Value {
    return this.line(`stablehlo.iota dim = ${axis} : ${typeText({ shape, type })}`, shape, type);
  }

  /** Keeps XLA from fusing what comes before it with what comes after. */
  barrier(x: Value): Value {
    return this.line(`stablehlo.optimization_barrier ${x.name} : ${typeText(x)}`, x.shape, x.type);
  }

  /** An operation whose type is written as that of a function of its inputs. */
  op(head: string, inputs: readonly Value[], shape: readonly number[], type: ElementType): Value {
    return this.line(
      `${head} : (${inputs.map(typeText).join(", ")}) -> ${typeText({ shape, type })}`,
      shape,
      type,
    );
  }

  /** An operation with bodies, each a function of two scalars of `inputs[0]`'s type. */
  opWithBodies(
    name: string,
    inputs: readonly Value[],
    properties: string,
    bodies: readonly string[],
    shape: readonly number[],
  ): Value {
    const [{ type }] = inputs, scalar = typeText({ shape: [], type });
    const regions = bodies.map((body) => `{\n    ^bb0(%a: ${scalar}, %b: ${scalar}):\n${body}\n    }`);
    const names = inputs.map((input) => input.name).join(", ");
    return this.op(
      `"stablehlo.${name}"(${names}) <{${properties}}> (${regions.join(", ")})`,
      inputs,
      shape,
      type,
    );
  }

  /** Any other operation of one result. */
  line(text: string, shape: readonly number[], type: ElementType): Value {
    const name = `%${this.#next++}`;
    this.#lines.push(`    ${name} = ${text}`);
    return { name, shape: [...shape], type };
  }

  /**
   * The program's text.
   *
   * @param devices How many it is for.
   * @param placement Of all results.
   */
  finish(results: readonly Value[], devices: number, placement: Placement = "whole"): string {
    const parameters = this.#parameters.map(({ value, placement, donatedTo }) => {
      const attributes = [
        ...(donatedTo === undefined ? [] : [`tf.aliasing_output = ${donatedTo} : i32`]),
        ...(devices > 1 ? [sharding(value, placement)] : []),
      ];
      return `${value.name}: ${typeText(value)}${attributes.length ? ` {${attributes.join(", ")}}` : ""}`;
    });
    const types = results.map(typeText);
    const returned = types.map((type, i) =>
      devices > 1 ? `${type} {${sharding(results[i], placement)}}` : type
    );
    return [
      `module @seed_${this.name.replaceAll(/\W/g, "_")} {`,
      ...(devices > 1 ? [`  sdy.mesh @mesh = <["d"=${devices}]>`] : []),
      `  func.func public @main(${parameters.join(", ")}) -> (${returned.join(", ")}) {`,
      ...this.#lines,
      results.length
        ? `    return ${results.map(({ name }) => name).join(", ")} : ${types.join(", ")}`
        : "    return",
      "  }",
      "}",
    ].join("\n");
  }
}

/** What Shardy is told of an argument or a result. */
function sharding({ shape }: Value, placement: Placement): string {
  const axes = shape.map((_, i) => i === 0 && placement === "rows" ? '{"d"}' : "{}");
  return `sdy.sharding = #sdy.sharding<@mesh, [${axes.join(", ")}]>`;
}

/** Whether values are few enough to stand in a program's text. */
export function isWritable(shape: readonly number[]): boolean {
  return sizeOf(shape) <= 64;
}
