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
import { activateBackend, BACKEND, type Backend } from "./backend.ts";
import { Binding } from "./binding.ts";
import { type CApi, DataType, ONE_DNN, openCApi } from "./c_api.ts";
import { EagerContext } from "./eager_context.ts";
import { registerKernels } from "./kernels.ts";
import type { Library } from "./library.ts";
import { isOneDnnOn, type Processor, readProcessor } from "./processor.ts";
import { contextConfig, functionConfig } from "./session_config.ts";
import { GraphFunction } from "./traced_function.ts";
import { trimMemory } from "./trim_memory.ts";

/** TensorFlow's C library as the engine. One a process, as tfjs has one active backend. */
export class TensorflowEngine implements Engine {
  readonly name = "tensorflow";

  private constructor(
    private readonly backend: Backend,
    readonly version: string,
    readonly device: Device,
    readonly traces: boolean,
    private readonly processor: Processor,
  ) {}

  /**
   * @throws {RunError} If the library does not load, or `device` is `gpu` and there is none.
   * @throws {UsageError} If the variable that turns oneDNN on has a value that TensorFlow does not know.
   */
  static async open(
    library: Library,
    options: { device: Device | "auto"; trace: boolean },
  ): Promise<TensorflowEngine> {
    const processor = readProcessor(), oneDnnIsOn = isOneDnnOn(Deno.env.get(ONE_DNN));
    const context = new EagerContext(
      openLibrary(library, processor),
      contextConfig({ hideGpus: options.device === "cpu" }),
    );
    const hasGpu = context.deviceTypes().includes("GPU");
    if (options.device === "gpu" && !hasGpu) {
      const devices = context.deviceTypes().join(", ");
      throw new RunError(
        `The recipe asks for engine.device "gpu", but TensorFlow at "${library.directory}" finds no GPU (devices: ${devices}); ` +
          `it needs an NVIDIA driver and a CUDA build (set SEED_TENSORFLOW_DIR to one), or set engine.device to "cpu"`,
      );
    }
    const device = hasGpu && options.device !== "cpu" ? "gpu" : "cpu";
    if (device === "gpu") context.device = "/device:GPU:0";
    const binding = new Binding(context, device === "gpu");
    const oneDnn = device === "cpu" && Deno.build.arch === "x86_64";
    // TensorFlow's own kernels for processors have no gradients of grouped convolutions.
    const groupedConvolution = oneDnn && oneDnnIsOn;
    const backend = await activateBackend(binding, { groupedConvolution });
    registerKernels({ oneDnn });
    return new TensorflowEngine(backend, binding.TF_Version, device, options.trace, processor);
  }

  trace(fn: (...inputs: tf.Tensor[]) => tf.Tensor[], options: TraceOptions): TracedFunction {
    if (!this.traces) return new EagerFunction(options.name, fn);
    const { name, precision = "fp32", training = false, shared = [] } = options;
    const arithmetic = this.arithmetic(precision, { training });
    return new GraphFunction(name, fn, this.backend, {
      config: functionConfig({ mixedPrecision: training ? "none" : MIXED_PRECISION[arithmetic] }),
      precision: training && arithmetic === "bf16" ? "bf16" : "fp32",
      // In fp32 they give the same bits in the same time as constants. In others they would be cast at every call.
      shared: arithmetic === "fp32" ? shared : [],
    });
  }

  arithmetic(precision: Precision, { training = false } = {}): "fp32" | "bf16" | "fp16" {
    if (precision === "fp32" || !this.traces) return "fp32";
    if (this.device === "cpu") return this.#onProcessor(precision, training);
    // fp16, which frozen networks get on a GPU, would lose small gradients.
    if (precision === "auto") return training ? "fp32" : "fp16";
    throw new RunError(
      `Precision "bf16" is for processors; on a GPU use "auto" (fp16 where it is safe, fp32 in training) or "fp32"`,
    );
  }

  #onProcessor(precision: "bf16" | "auto", training: boolean): "fp32" | "bf16" {
    const { bf16, convolvesInBf16 } = this.processor;
    if (precision === "auto") return (training ? convolvesInBf16 : bf16) ? "bf16" : "fp32";
    if (!training || convolvesInBf16) return "bf16";
    throw new RunError(
      `Precision "bf16" in training needs oneDNN and an x86 processor with avx512_bf16 or amx_bf16, which this machine ` +
        `does not have or TF_ENABLE_ONEDNN_OPTS=0 turns off; set train.precision to "auto" or "fp32"`,
    );
  }

  upload(pixels: Uint8Array, shape: [number, number, number, number]): tf.Tensor4D {
    const { binding } = this.backend;
    const id = binding.createTensor(shape, DataType.UINT8, pixels);
    const bytes = this.backend.createOutputTensor({ id, shape, dtype: DataType.UINT8 });
    try {
      return this.backend.executeSingleOutput("Cast", CAST_TO_FLOAT, [bytes]) as tf.Tensor4D;
    } finally {
      bytes.dispose();
    }
  }

  /** Ends the backend, and frees TensorFlow's context with all tensors and functions: none of them may be used again. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { context } = this.backend.binding;
    if (tf.findBackend(BACKEND) === this.backend) tf.removeBackend(BACKEND);
    await context[Symbol.asyncDispose]();
    trimMemory();
  }
}

/** Grappler's rewriting of a function to that arithmetic. */
const MIXED_PRECISION = { fp32: "none", bf16: "cpu-bf16", fp16: "gpu-fp16" } as const;

const CAST_TO_FLOAT = [
  { name: "SrcT", type: 4, value: DataType.UINT8 },
  { name: "DstT", type: 4, value: DataType.FLOAT },
  { name: "Truncate", type: 3, value: false },
];

function openLibrary(library: Library, { wideVectors }: Processor): CApi {
  try {
    const logLevel = Number(Deno.env.get("TF_CPP_MIN_LOG_LEVEL") ?? 2);
    return openCApi(library, { logLevel, wideVectors });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error; // nothing is wrong with the library
    throw new RunError(
      `TensorFlow's library "${library.main}" does not load: ${(error as Error).message}; ` +
        (library.installed
          ? `delete "${library.directory}" and run again to install it anew`
          : "check SEED_TENSORFLOW_DIR, or unset it to have TensorFlow installed"),
      { cause: error },
    );
  }
}
