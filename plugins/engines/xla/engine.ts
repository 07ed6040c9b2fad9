import {
  type Device,
  EagerFunction,
  type Engine,
  type Precision,
  RunError,
  tf,
  type TracedFunction,
  type TraceOptions,
} from "@seed/core";
import { BACKEND, XlaBackend } from "./backend/backend.ts";
import { registerKernels } from "./backend/kernels.ts";
import { ProgramStore, type StoreOptions } from "./backend/program_store.ts";
import { XlaFunction } from "./backend/traced_function.ts";
import { findCards, haveBf16 } from "./driver/find_cards.ts";
import { PjrtApi } from "./pjrt/api.ts";
import { Client } from "./pjrt/client.ts";
import type { Depthwise } from "./stablehlo/lowering.ts";

/** From so many pixel values on, a batch is cast on the devices. */
const LARGE = 100_000;

/** What an engine is opened with. */
export interface XlaOptions {
  /** The plugin's file, absolute. */
  pluginFile: string;
  /** How many of its devices; of a processor `all` is 1. */
  devices: number | "all";
  /** How much of a card's memory programs may use; null, the default: as XLA has it, 0.75. */
  memoryFraction?: number | null;
  /** How depthwise convolutions are computed; `auto`: by taps on processors. */
  depthwise: Depthwise | "auto";
  device: Device | "auto";
  trace: boolean;
  /** Whether the devices compute in bf16 natively. Default: all do but processors. */
  bf16?: boolean;
  /** Where compiled programs are kept. */
  programs: StoreOptions;
}

/** XLA, by a PJRT plugin, as the engine. One a process, as tfjs has one active backend. */
export class XlaEngine implements Engine {
  readonly name = "xla";
  readonly version: string;
  readonly device: Device;

  readonly #hasBf16: boolean;

  private constructor(readonly backend: XlaBackend, readonly traces: boolean, bf16: boolean | undefined) {
    const { api, platform, platformVersion } = backend.client;
    this.device = platform === "cpu" ? "cpu" : "gpu";
    this.#hasBf16 = bf16 ?? (platform === "cuda" ? cardsHaveBf16() : platform !== "cpu");
    this.version = `${platformVersion.replaceAll(/\s+/g, " ").trim()}, PJRT C API ${api.version}`;
  }

  /**
   * @throws {RunError} If the plugin does not load, or has not the devices that are asked for.
   */
  static async open(
    { pluginFile, devices, memoryFraction, depthwise, device, trace, bf16, programs }: XlaOptions,
  ): Promise<XlaEngine> {
    const client = Client.open(PjrtApi.load(pluginFile), devices, memoryFraction ?? null);
    try {
      requireDevice(client, device);
      registerKernels();
      const way = depthwise !== "auto" ? depthwise : client.platform === "cpu" ? "taps" : "convolution";
      const backend = new XlaBackend(client, new ProgramStore(client, programs), { depthwise: way });
      tf.registerBackend(BACKEND, () => backend);
      if (!await tf.setBackend(BACKEND)) throw new Error(`tfjs cannot activate the backend "${BACKEND}"`);
      return new XlaEngine(backend, trace, bf16);
    } catch (error) {
      client[Symbol.dispose]();
      throw error;
    }
  }

  /** Programs wait for the devices in order, and what is read waits for its program. */
  get queuesCalls(): boolean {
    return this.traces;
  }

  /** How many devices share a program. */
  get deviceCount(): number {
    return this.backend.deviceCount;
  }

  /** bf16 on what is no processor, in training too: XLA computes in fp32 what must be exact. */
  arithmetic(precision: Precision): "fp32" | "bf16" {
    if (!this.traces || precision === "fp32") return "fp32";
    return precision === "bf16" || this.#hasBf16 ? "bf16" : "fp32";
  }

  /** Shared tensors are read where they are, as all that a function captures and that is large. */
  trace(fn: (...inputs: tf.Tensor[]) => tf.Tensor[], options: TraceOptions): TracedFunction {
    const { name, precision = "fp32", training = false } = options;
    if (!this.traces) return new EagerFunction(name, fn);
    return new XlaFunction(name, fn, this.backend, {
      precision: this.arithmetic(precision),
      exactProducts: training,
      training,
    });
  }

  upload(pixels: Uint8Array, shape: [number, number, number, number]): tf.Tensor4D {
    const { backend } = this;
    if (pixels.length < LARGE) return tf.tensor4d(Float32Array.from(pixels), shape);
    const values = pixels as Uint8Array<ArrayBuffer>;
    const placement = backend.placementOf(shape), array = backend.place(values, shape, "ui8", placement);
    try {
      const [info] = backend.oneOperationPrograms.run(
        "pixels",
        "pixels",
        [["x", { shape, type: "ui8", array }]],
        (b, { x }) => b.convert(x, "f32"),
        placement,
      );
      return tf.engine().makeTensorFromTensorInfo(info) as tf.Tensor4D;
    } finally {
      array.release();
    }
  }

  /** Ends the backend, and frees the client with all buffers and programs: none of them may be used again. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.backend.whenIdle();
    if (tf.findBackend(BACKEND) === this.backend) tf.removeBackend(BACKEND);
    this.backend.client[Symbol.dispose]();
  }
}

function requireDevice({ platform, api }: Client, device: Device | "auto"): void {
  const found = platform === "cpu" ? "cpu" : "gpu";
  if (device === "auto" || device === found) return;
  throw new RunError(
    `The recipe asks for engine.device "${device}", but the plugin "${api.path}" is for ${platform}; set engine.device to ` +
      `"${found}", or give the engine another plugin`,
  );
}

/** Of a plugin that somebody has named nobody has asked the cards before. */
function cardsHaveBf16(): boolean {
  const found = findCards();
  return found.kind === "usable" && haveBf16(found.cards);
}
