import type { tf } from "@seed/core";
import type { Executable } from "../pjrt/executable.ts";
import { explainMemory } from "../pjrt/out_of_memory.ts";
import { dtypeOf, elementTypeOf, type Inputs } from "../stablehlo/lowering.ts";
import { ModuleBuilder, type Placement } from "../stablehlo/module_builder.ts";
import type { Value } from "../stablehlo/value.ts";
import type { Buffer, ElementType } from "../pjrt/buffer.ts";
import type { XlaBackend } from "./backend.ts";
import { DeviceArray } from "./device_array.ts";

/** What an operation is given. */
export interface Operand {
  readonly shape: readonly number[];
  readonly type: ElementType;
  readonly array: DeviceArray;
}

/** Writes an operation into a program, from its inputs. */
export type Write = (b: ModuleBuilder, inputs: Inputs) => Value | Value[];

interface Program {
  executable: Executable;
  results: readonly Value[];
  placement: Placement;
}

/** Operations outside of traces that are worth a program: it is compiled once for each of their shapes and attributes. */
export class OneOperationPrograms {
  /** The one used last comes last. */
  readonly #programs = new Map<string, Program>();

  /** @param kept How many programs are kept, the ones used last. */
  constructor(private readonly backend: XlaBackend, private readonly kept = 256) {}

  /** Programs there are. */
  get count(): number {
    return this.#programs.size;
  }

  /** Runs a kernel. */
  runKernel(
    kernel: string,
    inputs: Readonly<Record<string, tf.TensorInfo>>,
    attributes: object,
    write: Write,
  ): tf.TensorInfo[] {
    const operands = Object.entries(inputs).map(([name, info]) => {
      const array = this.backend.arrayOf(info, this.backend.placementNow(info));
      return [name, { shape: info.shape, type: elementTypeOf(info.dtype), array }] as const;
    });
    return this.run(`${kernel} ${JSON.stringify(attributes, spelled)}`, kernel, operands, write);
  }

  /**
   * Runs an operation.
   *
   * @param key What it does, whatever it is given.
   * @param placement Of the results.
   */
  run(
    key: string,
    name: string,
    operands: readonly (readonly [string, Operand])[],
    write: Write,
    placement: Placement = "whole",
  ): tf.TensorInfo[] {
    const { results, lists } = this.#run(key, name, operands, write, placement);
    return results.map(({ shape, type }, i) =>
      this.backend.fromArray(new DeviceArray(lists[i], placement), shape, dtypeOf(type))
    );
  }

  /** The same values otherwise placed; only devices move them. */
  moved(operand: Operand, placement: Placement): DeviceArray {
    const { lists: [buffers] } = this.#run("moved", "moved", [["x", operand]], (_, { x }) => x, placement);
    return new DeviceArray(buffers, placement);
  }

  /** @returns of each result the buffers, one a device. */
  #run(
    key: string,
    name: string,
    operands: readonly (readonly [string, Operand])[],
    write: Write,
    placement: Placement,
  ): { results: readonly Value[]; lists: Buffer[][] } {
    const described = operands.map(([name, { shape, type, array }]) =>
      `${name} ${type}[${shape}] ${array.placement}`
    );
    const whole = [key, ...described, placement].join("; ");
    try {
      const program = this.#programs.get(whole) ?? this.#compile(name, operands, write, placement);
      this.#programs.delete(whole);
      this.#programs.set(whole, program);
      if (this.#programs.size > this.kept) this.#removeOldest();
      return this.#execute(program, operands.map(([, { array }]) => array));
    } catch (error) {
      throw explainMemory(error, this.backend.client, `compute the operation ${name}`);
    }
  }

  #execute({ executable, results, placement }: Program, arrays: readonly DeviceArray[]) {
    const { backend } = this, { devices } = backend.client;
    const { outputs, ended } = executable.execute(
      devices.map((_, device) => arrays.map(({ buffers }) => buffers[device])),
      results.map(({ shape, type }) => ({ shape: backend.partOf(shape, placement), type })),
    );
    backend.track(ended); // an error is told to whoever reads a result
    return { results, lists: results.map((_, i) => outputs.map((list) => list[i])) };
  }

  #compile(
    name: string,
    operands: readonly (readonly [string, Operand])[],
    write: Write,
    placement: Placement,
  ): Program {
    const b = new ModuleBuilder(name);
    const inputs = operands.map(([name, { shape, type, array }]) =>
      [name, b.parameter(shape, type, array.placement)] as const
    );
    const results = [write(b, Object.fromEntries(inputs))].flat();
    const text = b.finish(results, this.backend.deviceCount, placement);
    return { executable: this.backend.client.compileNow(text), results, placement };
  }

  #removeOldest(): void {
    const [key, { executable }] = this.#programs.entries().next().value!;
    this.#programs.delete(key);
    executable[Symbol.dispose]();
  }
}

/** JSON has no infinities, which maps are padded with. */
function spelled(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}
