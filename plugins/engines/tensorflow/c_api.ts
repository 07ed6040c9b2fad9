/**
 * The part of TensorFlow's C API that the engine calls. Names and types follow `tensorflow/c/c_api.h` and
 * `tensorflow/c/eager/c_api.h`.
 *
 * @module
 */
import { loadForGood } from "@seed/core";

const P = "pointer", B = "buffer", I = "i32", L = "i64", N = "usize", V = "void";
/** `TF_Output`: an operation and the index of one of its outputs. */
const OUTPUT = { struct: [P, I] } as const;

const SYMBOLS = {
  TF_Version: { parameters: [], result: P },
  TF_NewStatus: { parameters: [], result: P },
  TF_DeleteStatus: { parameters: [P], result: V },
  TF_GetCode: { parameters: [P], result: I },
  TF_Message: { parameters: [P], result: P },
  TF_NewBuffer: { parameters: [], result: P },
  TF_DeleteBuffer: { parameters: [P], result: V },

  TF_AllocateTensor: { parameters: [I, B, I, N], result: P },
  TF_DeleteTensor: { parameters: [P], result: V },
  TF_TensorData: { parameters: [P], result: P },
  TF_TensorByteSize: { parameters: [P], result: N },

  TFE_NewContextOptions: { parameters: [], result: P },
  TFE_ContextOptionsSetConfig: { parameters: [P, B, N, P], result: V },
  TFE_DeleteContextOptions: { parameters: [P], result: V },
  TFE_NewContext: { parameters: [P, P], result: P },
  TFE_DeleteContext: { parameters: [P], result: V },
  TFE_ContextListDevices: { parameters: [P, P], result: P },
  TF_DeviceListCount: { parameters: [P], result: I },
  TF_DeviceListType: { parameters: [P, I, P], result: P },
  TF_DeleteDeviceList: { parameters: [P], result: V },

  TFE_NewTensorHandle: { parameters: [P, P], result: P },
  TFE_DeleteTensorHandle: { parameters: [P], result: V },
  TFE_TensorHandleDataType: { parameters: [P], result: I },
  TFE_TensorHandleNumDims: { parameters: [P, P], result: I },
  TFE_TensorHandleDim: { parameters: [P, I, P], result: L },
  TFE_TensorHandleResolve: { parameters: [P, P], result: P },

  TFE_NewOp: { parameters: [P, B, P], result: P },
  TFE_DeleteOp: { parameters: [P], result: V },
  TFE_OpSetDevice: { parameters: [P, B, P], result: V },
  TFE_OpAddInput: { parameters: [P, P, P], result: V },
  TFE_OpSetAttrString: { parameters: [P, B, B, N], result: V },
  TFE_OpSetAttrInt: { parameters: [P, B, L], result: V },
  TFE_OpSetAttrIntList: { parameters: [P, B, B, I], result: V },
  TFE_OpSetAttrFloat: { parameters: [P, B, "f32"], result: V },
  TFE_OpSetAttrBool: { parameters: [P, B, "u8"], result: V },
  TFE_OpSetAttrType: { parameters: [P, B, I], result: V },
  TFE_OpSetAttrTypeList: { parameters: [P, B, B, I], result: V },
  TFE_OpSetAttrShape: { parameters: [P, B, B, I, P], result: V },
  TFE_OpSetAttrFunctionName: { parameters: [P, B, B, N], result: V },
  TFE_Execute: { parameters: [P, B, B, P], result: V },
  /** The same, off the JavaScript thread: a blocking call would stop workers' messages and progress. */
  TFE_ExecuteAsync: { name: "TFE_Execute", parameters: [P, B, B, P], result: V, nonblocking: true },

  TF_NewGraph: { parameters: [], result: P },
  TF_DeleteGraph: { parameters: [P], result: V },
  TF_GraphGetOpDef: { parameters: [P, B, P, P], result: V },
  TF_NewOperation: { parameters: [P, B, B], result: P },
  TF_AddInput: { parameters: [P, OUTPUT], result: V },
  TF_AddInputList: { parameters: [P, B, I], result: V },
  TF_FinishOperation: { parameters: [P, P], result: P },
  TF_SetAttrString: { parameters: [P, B, B, N], result: V },
  TF_SetAttrInt: { parameters: [P, B, L], result: V },
  TF_SetAttrIntList: { parameters: [P, B, B, I], result: V },
  TF_SetAttrFloat: { parameters: [P, B, "f32"], result: V },
  TF_SetAttrBool: { parameters: [P, B, "u8"], result: V },
  TF_SetAttrType: { parameters: [P, B, I], result: V },
  TF_SetAttrTypeList: { parameters: [P, B, B, I], result: V },
  TF_SetAttrShape: { parameters: [P, B, B, I], result: V },
  TF_SetAttrTensor: { parameters: [P, B, P, P], result: V },
  TF_SetAttrFuncName: { parameters: [P, B, B, N], result: V },
  TF_GraphGetTensorNumDims: { parameters: [P, OUTPUT, P], result: I },
  TF_GraphGetTensorShape: { parameters: [P, OUTPUT, B, I, P], result: V },
  TF_OperationOutputType: { parameters: [OUTPUT], result: I },
  TF_GraphToFunction: { parameters: [P, B, "u8", I, P, I, B, I, B, P, P, P, P], result: P },
  TF_FunctionSetAttrValueProto: { parameters: [P, B, B, N, P], result: V },
  TF_DeleteFunction: { parameters: [P], result: V },
  TFE_ContextAddFunction: { parameters: [P, P, P], result: V },
  TFE_ContextRemoveFunction: { parameters: [P, B, P], result: V },
} as const;

/** Open libraries and their functions. */
export type CApi = ReturnType<typeof openCApi>;

/** TensorFlow's element types that tfjs's kernels or our own use (`TF_DataType`). */
export const DataType = {
  FLOAT: 1,
  INT32: 3,
  UINT8: 4,
  INT16: 5,
  STRING: 7,
  COMPLEX64: 8,
  INT64: 9,
  BOOL: 10,
  BFLOAT16: 14,
  RESOURCE: 20,
} as const;

/** `absl::SetMinLogLevel`, of the Abseil release that TensorFlow 2.21 is built with. */
const SET_MIN_LOG_LEVEL = {
  name: "_ZN4absl12lts_2025081414SetMinLogLevelENS0_18LogSeverityAtLeastE",
  parameters: [I],
  result: V,
  optional: true, // another release only logs more
} as const;

/** Variable by which TensorFlow is told whether to compute by oneDNN. */
export const ONE_DNN = "TF_ENABLE_ONEDNN_OPTS";
const XLA = "XLA_FLAGS";

/**
 * Opens the libraries, in the order that they need each other.
 *
 * @param options.logLevel From which severity on TensorFlow prints: 0 information, 1 warnings, 2 errors.
 * @param options.wideVectors Whether XLA's code uses vectors of 512 bits, which LLVM avoids unless told.
 */
export function openCApi(
  libraries: { framework: string | null; main: string },
  { logLevel, wideVectors }: { logLevel: number; wideVectors: boolean },
) {
  // TensorFlow turns oneDNN on by itself on some processors only; convolutions are twice as fast with it on all. It
  // looks while the library initialises, and then logs that it did.
  if (Deno.build.arch === "x86_64" && !Deno.env.has(ONE_DNN)) Deno.env.set(ONE_DNN, "1");
  const flags = Deno.env.get(XLA) ?? "";
  // What is set by hand comes last, so it counts; the name of a file with flags is left as it is.
  if (wideVectors && /^(-|$)/.test(flags)) {
    Deno.env.set(XLA, `--xla_cpu_prefer_vector_width=512 ${flags}`.trim());
  }
  const quiet = logLevel > 0, first = libraries.framework ?? libraries.main;
  loadForGood(first, { quiet });
  const framework = Deno.dlopen(first, { SET_MIN_LOG_LEVEL });
  framework.symbols.SET_MIN_LOG_LEVEL?.(logLevel);
  // The main library finds the framework's symbols because it is loaded already.
  loadForGood(libraries.main, { quiet });
  const main = Deno.dlopen(libraries.main, SYMBOLS);
  return { ...main.symbols, libraries: [framework, main] };
}

const encoder = new TextEncoder();
const cStrings = new Map<string, Uint8Array<ArrayBuffer>>();

/** A zero-terminated UTF-8 copy of `text`, kept for the next use: for names of operations and attributes. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  let bytes = cStrings.get(text);
  if (!bytes) cStrings.set(text, bytes = encoder.encode(text + "\0"));
  return bytes;
}

/** The text at a `char*`. */
export function readCString(pointer: Deno.PointerValue): string {
  return pointer === null ? "" : Deno.UnsafePointerView.getCString(pointer);
}

/** Runs `body` with a `TF_Status` and throws TensorFlow's own message if it is not OK. */
export function withStatus<T>(api: CApi, what: string, body: (status: Deno.PointerValue) => T): T {
  const status = api.TF_NewStatus();
  try {
    const result = body(status);
    throwIfFailed(api, status, what);
    return result;
  } finally {
    api.TF_DeleteStatus(status);
  }
}

/** Throws if `status` is not OK; `what` says what was being done. */
export function throwIfFailed(api: CApi, status: Deno.PointerValue, what: string): void {
  if (api.TF_GetCode(status) !== 0) {
    throw new Error(`TensorFlow cannot ${what}: ${readCString(api.TF_Message(status))}`);
  }
}

/** A `TF_Output` as bytes. */
export function packOutput(operation: Deno.PointerValue, index: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, Deno.UnsafePointer.value(operation), true);
  view.setInt32(8, index, true);
  return bytes;
}
