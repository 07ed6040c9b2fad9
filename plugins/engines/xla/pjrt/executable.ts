import { Buffer, type ElementType } from "./buffer.ts";
import type { Client } from "./client.ts";
import { addressOf, copyOf, pointerTo, words } from "./memory.ts";
import { Struct } from "./structs.ts";

/** Shape and type of a result. */
export interface ResultType {
  readonly shape: readonly number[];
  readonly type: ElementType;
}

/** Bytes on a device that a run of a program needs. */
export interface ProgramMemory {
  arguments: number;
  results: number;
  /** Of results that take arguments' memory over. */
  shared: number;
  temporary: number;
}

/** A compiled program. */
export class Executable implements Disposable {
  readonly outputCount: number;
  readonly #executable: bigint;

  constructor(private readonly client: Client, private readonly loaded: bigint) {
    const { api } = client;
    this.#executable = api.call("LoadedExecutable_GetExecutable", { loaded_executable: loaded })
      .get("executable");
    this.outputCount = api.call("Executable_NumOutputs", { executable: this.#executable })
      .number("num_outputs");
  }

  /**
   * Runs it. Arguments may still be being computed; results are given at once, as promises on the devices.
   *
   * @param argumentLists A list of arguments a device. All must be of the program's shapes and on their devices:
   *   XLA ends the process if one device of several refuses.
   * @param results Of one device.
   * @param kept Numbers of arguments that are not donated, although the program says so: XLA copies them.
   * @returns A list of results a device, and a promise for when the program has ended.
   */
  execute(
    argumentLists: readonly (readonly Buffer[])[],
    results: readonly ResultType[],
    kept: readonly number[] = [],
  ): { outputs: Buffer[][]; ended: Promise<void> } {
    this.client.requireOpen("run a program");
    if (results.length !== this.outputCount) {
      throw new Error(`The program has ${this.outputCount} results, expected ${results.length}`);
    }
    const freed = [this, ...argumentLists.flat()].find((one) => !this.client.owns(one));
    if (freed) throw new Error("A program or an argument was used after it was freed");
    const { api } = this.client, devices = argumentLists.length;
    const inputs = argumentLists.map((list) => words(list.map(({ address }) => address)));
    const outputs = argumentLists.map(() => words(results.map(() => 0)));
    const inputLists = words(inputs.map(addressOf)), outputLists = words(outputs.map(addressOf));
    const events = words(argumentLists.map(() => 0)), keptIndices = words(kept);
    const options = new Struct("ExecuteOptions", {
      ...{ non_donatable_input_indices: addressOf(keptIndices) },
      ...{ num_non_donatable_input_indices: kept.length },
    });
    api.call("LoadedExecutable_Execute", {
      ...{ executable: this.loaded, options: options.address },
      ...{ argument_lists: addressOf(inputLists), num_devices: devices, num_args: argumentLists[0].length },
      ...{ output_lists: addressOf(outputLists), device_complete_events: addressOf(events) },
    }, [inputs, outputs, inputLists, outputLists, events, keptIndices, options]);
    const made = outputs.map((list) =>
      results.map(({ shape, type }, i) => this.client.own(new Buffer(this.client, list[i], shape, type)))
    );
    return { outputs: made, ended: this.#ended([...events]) };
  }

  /** For {@link Client.load}. */
  serialize(): Uint8Array<ArrayBuffer> {
    const got = this.client.api.call("Executable_Serialize", { executable: this.#executable });
    const bytes = copyOf(got.get("serialized_bytes"), got.number("serialized_bytes_size"));
    const signature = { parameters: ["pointer"], result: "void" } as const;
    new Deno.UnsafeFnPointer(pointerTo<any>(got.get("serialized_executable_deleter")), signature)
      .call(pointerTo(got.get("serialized_executable")));
    return bytes;
  }

  memory(): ProgramMemory {
    const got = this.client.api.call("Executable_GetCompiledMemoryStats", { executable: this.#executable });
    return {
      arguments: got.number("argument"),
      results: got.number("output"),
      shared: got.number("alias"),
      temporary: got.number("temp"),
    };
  }

  [Symbol.dispose](): void {
    if (!this.client.disown(this)) return;
    this.client.api.call("Executable_Destroy", { executable: this.#executable });
    this.client.api.call("LoadedExecutable_Destroy", { executable: this.loaded });
  }

  /** Every event is awaited, so that each is freed; the first error is the one to report. */
  async #ended(events: bigint[]): Promise<void> {
    const settled = await Promise.allSettled(events.map((event) => this.client.api.ended(event)));
    const failed = settled.find(({ status }) => status === "rejected") as PromiseRejectedResult | undefined;
    if (failed) throw failed.reason;
  }
}
