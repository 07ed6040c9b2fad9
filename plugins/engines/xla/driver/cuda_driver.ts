/**
 * NVIDIA's driver, asked through its own library: no other program is run, and nothing is made on a card.
 *
 * @module
 */
import { openForGood } from "./open_for_good.ts";

/** A card, as the driver tells of it. */
export interface Card {
  readonly name: string;
  /** In bytes. */
  readonly memory: number;
  /** Compute capability: `[8, 6]` is 8.6. */
  readonly capability: readonly [major: number, minor: number];
}

/** What is asked of a driver. Each function throws a {@link CudaError} if the driver refuses. */
export interface CudaDriver {
  /** The CUDA that it has: 13000 is 13.0. Needs no {@link init}. */
  version(): number;
  init(): void;
  /** Cards that CUDA_VISIBLE_DEVICES leaves. */
  count(): number;
  /** @param number From 0 on, among those that are visible. */
  card(number: number): Card;
}

/** A call that the driver refuses. */
export class CudaError extends Error {
  override readonly name = "CudaError";

  /** @param status For example `CUDA_ERROR_NO_DEVICE`. */
  constructor(readonly call: string, readonly code: number, readonly status: string) {
    super(`${call} gives ${status} (${code})`);
  }
}

/** The library is there, but cannot be loaded. */
export class BrokenDriverError extends Error {
  override readonly name = "BrokenDriverError";
}

const LIBRARY = "libcuda.so.1";

const FUNCTIONS = {
  cuInit: { parameters: ["u32"], result: "i32" },
  cuDriverGetVersion: { parameters: ["buffer"], result: "i32" },
  cuDeviceGetCount: { parameters: ["buffer"], result: "i32" },
  cuDeviceGet: { parameters: ["buffer", "i32"], result: "i32" },
  cuDeviceGetName: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  cuDeviceTotalMem_v2: { parameters: ["buffer", "i32"], result: "i32" },
  cuDeviceGetAttribute: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  cuGetErrorName: { parameters: ["i32", "buffer"], result: "i32" },
} as const;

/** `CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR` and `_MINOR`. */
const MAJOR = 75, MINOR = 76;
/** Bytes of a name with its zero. */
const NAME_BYTES = 256;

/**
 * The driver of this machine; null: it has none.
 *
 * @throws {BrokenDriverError} If its library is there, but cannot be loaded.
 */
export function openCudaDriver(): CudaDriver | null {
  if (Deno.build.os !== "linux") return null;
  const fault = openForGood(LIBRARY);
  if (fault?.startsWith(`${LIBRARY}: cannot open shared object file: No such file`)) return null;
  if (fault !== null) throw new BrokenDriverError(fault);
  try {
    return new LoadedDriver(Deno.dlopen(LIBRARY, FUNCTIONS));
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new BrokenDriverError((error as Error).message, { cause: error });
  }
}

type Call = Exclude<keyof typeof FUNCTIONS, "cuGetErrorName">;

class LoadedDriver implements CudaDriver {
  constructor(private readonly library: Deno.DynamicLibrary<typeof FUNCTIONS>) {}

  version(): number {
    const version = new Int32Array(1);
    this.#check("cuDriverGetVersion", this.library.symbols.cuDriverGetVersion(version));
    return version[0];
  }

  init(): void {
    this.#check("cuInit", this.library.symbols.cuInit(0));
  }

  count(): number {
    const count = new Int32Array(1);
    this.#check("cuDeviceGetCount", this.library.symbols.cuDeviceGetCount(count));
    return count[0];
  }

  card(number: number): Card {
    const { cuDeviceGet, cuDeviceGetName, cuDeviceTotalMem_v2 } = this.library.symbols;
    const device = new Int32Array(1), name = new Uint8Array(NAME_BYTES), memory = new BigUint64Array(1);
    this.#check("cuDeviceGet", cuDeviceGet(device, number));
    this.#check("cuDeviceGetName", cuDeviceGetName(name, NAME_BYTES, device[0]));
    this.#check("cuDeviceTotalMem_v2", cuDeviceTotalMem_v2(memory, device[0]));
    return {
      name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
      memory: Number(memory[0]),
      capability: [this.#attribute(MAJOR, device[0]), this.#attribute(MINOR, device[0])],
    };
  }

  #attribute(attribute: number, device: number): number {
    const value = new Int32Array(1);
    const code = this.library.symbols.cuDeviceGetAttribute(value, attribute, device);
    this.#check("cuDeviceGetAttribute", code);
    return value[0];
  }

  #check(call: Call, code: number): void {
    if (code === 0) return;
    const name = new BigUint64Array(1);
    const known = this.library.symbols.cuGetErrorName(code, name) === 0 && name[0] !== 0n;
    const status = known
      ? Deno.UnsafePointerView.getCString(Deno.UnsafePointer.create(name[0])!)
      : "an unknown error";
    throw new CudaError(call, code, status);
  }
}
