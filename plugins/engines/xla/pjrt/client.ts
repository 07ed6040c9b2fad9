import { RunError } from "@seed/core";
import { type PjrtApi, PjrtError } from "./api.ts";
import { Buffer, type ElementType, elementTypeNumber } from "./buffer.ts";
import { compileOptions } from "./compile_options.ts";
import { Executable } from "./executable.ts";
import { addressOf, pointersAt, words } from "./memory.ts";
import { Struct, type Values } from "./structs.ts";

const FORMAT = new TextEncoder().encode("mlir");

/** An option that a client is made with: its name, `PJRT_NamedValue_Type`, and its value's bits. */
interface ClientOption {
  name: string;
  type: number;
  value: number;
}

/** `PJRT_Error_Code_INVALID_ARGUMENT`: what a plugin gives for an option that it does not know. */
const INVALID_ARGUMENT = 3;

/** `PJRT_NamedValue_kInt64`. */
const processors = (value: number): ClientOption => ({ name: "cpu_device_count", type: 1, value });
/** `PJRT_NamedValue_kFloat`. */
const memoryFractionOf = (value: number): ClientOption => ({
  ...{ name: "memory_fraction", type: 3 },
  value: new Uint32Array(Float32Array.of(value).buffer)[0],
});

/** The plugin may copy from the array during the call alone. */
const ONLY_DURING_CALL = 0;

/** Bytes of a device's memory. */
export interface DeviceMemory {
  used: number;
  /** The most that was used at a time since the client started; null: the plugin does not count it. */
  peak: number | null;
  /** What programs may use; null: the plugin does not say. */
  limit: number | null;
}

/** A plugin with devices: it makes buffers and executables, and frees at its end what is left of them. */
export class Client implements Disposable {
  /** For example `cpu` or `cuda`. */
  readonly platform: string;
  readonly platformVersion: string;
  /** Addresses of the devices that programs run on. */
  readonly devices: readonly bigint[];
  /** Kind of the first device, as the plugin calls it. */
  readonly deviceKind: string;
  readonly #deviceIds: number[];
  /** Buffers and executables that are alive. */
  readonly #owned = new Set<Disposable>();
  #isDisposed = false;

  private constructor(
    readonly api: PjrtApi,
    readonly address: bigint,
    count: number | "all",
    readonly memoryFraction: number | null,
  ) {
    const platform = api.call("Client_PlatformName", { client: address });
    this.platform = platform.text("platform_name", "platform_name_size").toLowerCase();
    const version = api.call("Client_PlatformVersion", { client: address });
    this.platformVersion = version.text("platform_version", "platform_version_size");
    const got = api.call("Client_AddressableDevices", { client: address });
    const found = pointersAt(got.get("addressable_devices"), got.number("num_addressable_devices"));
    if (found.length === 0 || (count !== "all" && found.length < count)) {
      this[Symbol.dispose]();
      throw new RunError(
        `The recipe asks for engine.devices ${count}, but the plugin "${api.path}" finds ${found.length} (${this.platform})` +
          "; set engine.devices to as many, or to all",
      );
    }
    this.devices = found.slice(0, count === "all" ? found.length : count);
    this.deviceKind = this.#describe(this.devices[0]).kind;
    this.#deviceIds = this.devices.map((device) => this.#describe(device).id);
  }

  /**
   * Starts a plugin's client. A processor is as many devices as are asked for, 1 for `all`.
   *
   * @param memoryFraction How much of a card's memory it takes for programs; null: as XLA has it, 0.75.
   * @throws {RunError} If there is none of the devices, or fewer than are asked for, or they cannot be given a part of
   *   their memory.
   */
  static open(api: PjrtApi, count: number | "all", memoryFraction: number | null = null): Client {
    const asked = memoryFraction === null ? null : memoryFractionOf(memoryFraction);
    const first = Client.#create(api, asked);
    if (!Client.#isProcessor(api, first)) return new Client(api, first, count, memoryFraction);
    api.call("Client_Destroy", { client: first });
    if (asked) throw withoutFraction(api.path, "it is for processors");
    return new Client(api, Client.#create(api, processors(count === "all" ? 1 : count)), count, null);
  }

  static #create(api: PjrtApi, given: ClientOption | null): bigint {
    const name = new TextEncoder().encode(given?.name),
      option = given && new Struct("NamedValue", {
        ...{ name: addressOf(name), name_size: name.length },
        ...{ type: given.type, value: given.value, value_size: 1 },
      });
    const options = option ? { create_options: option.address, num_options: 1 } : {};
    try {
      return api.call("Client_Create", options, [name, option]).get("client");
    } catch (error) {
      const { message } = error as Error;
      if (
        given?.name === "memory_fraction" && error instanceof PjrtError && error.code === INVALID_ARGUMENT
      ) {
        throw withoutFraction(api.path, message);
      }
      const advice = error instanceof PjrtError && error.isOutOfMemory
        ? "; end what else uses the device's memory, or set engine.memory_fraction to less"
        : "";
      throw new RunError(`The PJRT plugin "${api.path}" does not start: ${message}${advice}`, {
        cause: error,
      });
    }
  }

  static #isProcessor(api: PjrtApi, client: bigint): boolean {
    const got = api.call("Client_PlatformName", { client });
    return got.text("platform_name", "platform_name_size").toLowerCase() === "cpu";
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  /** @throws {Error} If the client is gone; `use` says what for. */
  requireOpen(use: string): void {
    if (this.#isDisposed) throw new Error(`XLA cannot ${use}: the engine was disposed; open another one`);
  }

  /** Serialized options of programs for all of the client's devices. */
  get options(): Uint8Array<ArrayBuffer> {
    return compileOptions(this.#deviceIds);
  }

  /** Compiles StableHLO for all devices, on another thread. */
  async compile(text: string): Promise<Executable> {
    const made = await this.api.callOnThread("Client_Compile", ...this.#compilation(text));
    if (this.#isDisposed) {
      this.api.call("LoadedExecutable_Destroy", { executable: made.get("executable") });
      this.requireOpen("compile");
    }
    return this.own(new Executable(this, made.get("executable")));
  }

  /** The same while JavaScript waits. */
  compileNow(text: string): Executable {
    const made = this.api.call("Client_Compile", ...this.#compilation(text));
    return this.own(new Executable(this, made.get("executable")));
  }

  /** A program that {@link Executable.serialize} gave, for the same plugin and devices. */
  async load(serialized: Uint8Array<ArrayBuffer>): Promise<Executable> {
    this.requireOpen("load a program");
    const loaded = await this.api.callOnThread("Executable_DeserializeAndLoad", {
      client: this.address,
      serialized_executable: addressOf(serialized),
      serialized_executable_size: serialized.length,
    }, [serialized]);
    return this.own(new Executable(this, loaded.get("loaded_executable")));
  }

  /** Copies values to a device; `data` may change as soon as it returns. */
  upload(
    data: ArrayBufferView<ArrayBuffer>,
    shape: readonly number[],
    type: ElementType,
    device: bigint = this.devices[0],
  ): Buffer {
    this.requireOpen("copy values to the device");
    const dims = words(shape);
    const made = this.api.call("Client_BufferFromHostBuffer", {
      client: this.address,
      data: addressOf(data),
      type: elementTypeNumber(type),
      dims: addressOf(dims),
      num_dims: shape.length,
      host_buffer_semantics: ONLY_DURING_CALL,
      device,
    }, [data, dims]);
    const done = made.get("done_with_host_buffer");
    if (done) this.api.call("Event_Destroy", { event: done });
    return this.own(new Buffer(this, made.get("buffer"), shape, type));
  }

  /** Keeps something to free at the end, if it is still there then. */
  own<T extends Disposable>(made: T): T {
    this.#owned.add(made);
    return made;
  }

  /** Whether it was not freed yet. */
  owns(made: Disposable): boolean {
    return this.#owned.has(made);
  }

  /** Whether it was not freed before; it is from now on. */
  disown(made: Disposable): boolean {
    return this.#owned.delete(made);
  }

  /** Frees the client with all buffers and executables. No call may run. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    for (const made of [...this.#owned]) made[Symbol.dispose]();
    this.#isDisposed = true;
    this.api.call("Client_Destroy", { client: this.address });
  }

  /** Arguments, and what they point to. */
  #compilation(text: string): [Values<"Client_Compile">, unknown[]] {
    this.requireOpen("compile");
    const code = new TextEncoder().encode(text), { options } = this;
    const program = new Struct("Program", {
      ...{ code: addressOf(code), code_size: code.length },
      ...{ format: addressOf(FORMAT), format_size: FORMAT.length },
    });
    const values = {
      ...{ client: this.address, program: program.address },
      ...{ compile_options: addressOf(options), compile_options_size: options.length },
    };
    return [values, [code, options, program]];
  }

  /** Of the first device; null: the plugin does not count it, as of processors. */
  memory(): DeviceMemory | null {
    this.requireOpen("say how much memory is used");
    try {
      const got = this.api.call("Device_MemoryStats", { device: this.devices[0] });
      return {
        used: got.number("bytes_in_use"),
        peak: got.get("peak_is_set") ? got.number("peak_bytes_in_use") : null,
        limit: got.get("bytes_limit_is_set") ? got.number("bytes_limit") : null,
      };
    } catch (error) {
      if (error instanceof PjrtError && /unimplemented|not (supported|implemented)/i.test(error.reason)) {
        return null;
      }
      throw error;
    }
  }

  #describe(device: bigint): { kind: string; id: number } {
    const got = this.api.call("Device_GetDescription", { device }),
      values = {
        device_description: got.get("device_description"),
      };
    const kind = this.api.call("DeviceDescription_Kind", values).text("device_kind", "device_kind_size");
    return { kind, id: this.api.call("DeviceDescription_Id", values).number("id") };
  }
}

function withoutFraction(path: string, why: string): RunError {
  return new RunError(
    `The recipe asks for engine.memory_fraction, a part of a graphics card's memory, which the plugin "${path}" cannot ` +
      `give: ${why}; leave it out`,
  );
}
