/**
 * Any encoder as a teacher: an ONNX file, which onnxruntime computes. Its runtime is fetched when it is used for the
 * first time.
 *
 * @module
 */
import { definePlugin, RunError, z } from "@seed/core";
import { teacherOptions } from "@seed/nn";
import { requireFinite } from "./finite_weights.ts";
import { hashOfModel, readModel } from "./model_file.ts";
import { OnnxTeacher } from "./onnx_teacher.ts";
import {
  hasOnnxRuntime,
  loadOnnxRuntime,
  type OnnxRuntime,
  RUNTIME_VERSION,
  type Session,
} from "./runtime.ts";
import { imageInput, outputName } from "./signature.ts";

const channels = z.tuple([
  z.number().min(-1e6).max(1e6),
  z.number().min(-1e6).max(1e6),
  z.number().min(-1e6).max(1e6),
]);

/** Side of the image that a model of any input size is tried with. */
const TRIED_SIDE = 224;

export default definePlugin({
  kind: "teacher",
  name: "@seed/teacher-onnx",
  apiVersion: 1,
  about: {
    summary: "Any encoder as an ONNX file, computed by onnxruntime, which is fetched on first use",
    source: "https://onnxruntime.ai, MIT",
  },
  options: z.strictObject({
    weights: z.string(),
    sha256: teacherOptions.sha256,
    /** Side of the views it sees, in pixels; null: the model's own, or the augmenter's if the model takes any. */
    input_size: z.int().positive().max(1024).nullable().default(null),
    /** Of each channel of pixels in 0..1: the model is given `(pixels - mean) / std`. */
    mean: channels,
    std: channels.refine((values) => values.every((value) => value > 0), "Expected numbers above 0"),
    /** Axes of the model's input; null: read from its shape. */
    order: z.enum(["nchw", "nhwc"]).nullable().default(null),
    /** Which output is the embedding; null: the only one. */
    output: z.string().nullable().default(null),
    /** What becomes of tokens, if the output is `[batch, tokens, dim]`. */
    tokens: z.enum(["first", "mean"]).nullable().default(null),
    /** Threads; null: as onnxruntime thinks best, one a core. */
    threads: z.int().min(1).max(1024).nullable().default(null),
  }),
  async checkFiles({ weights, sha256 }, { resolve }) {
    const model = await readModel(resolve(weights));
    if (sha256 !== null) await hashOfModel(model, sha256);
  },
  async diagnose({ cacheDir }) {
    const message = await hasOnnxRuntime(cacheDir)
      ? `${RUNTIME_VERSION} in ${cacheDir}`
      : "Not installed yet: the first use of the teacher onnx fetches it (110 MB)";
    return [{ subject: "onnxruntime", ok: true, message }];
  },
  async create(options, context) {
    const path = context.resolve(options.weights), facts = await checkModel(path, options.sha256);
    const runtime = await loadOnnxRuntime(context);
    const session = await open(runtime, path, options.threads);
    try {
      const { order, input_size: inputSize, mean, std, tokens } = options;
      const input = imageInput(session, path, { order, inputSize });
      const output = outputName(session, path, options.output);
      const weights = { file: path, layout: "onnx", ...facts };
      const given = { runtime, session, input, output, tokens, normalization: { mean, std }, weights };
      return await OnnxTeacher.create(given, input.side ?? TRIED_SIDE);
    } catch (error) {
      await session.release();
      throw error;
    }
  },
});

/** Looks at the values of the weights, and lets go of the file before onnxruntime reads it. */
async function checkModel(path: string, sha256: string | null): Promise<{ sha256: string; tensors: number }> {
  const model = await readModel(path);
  const facts = { sha256: await hashOfModel(model, sha256), tensors: model.weights };
  await requireFinite(model);
  return facts;
}

async function open(runtime: OnnxRuntime, path: string, threads: number | null): Promise<Session> {
  try {
    return await runtime.InferenceSession.create(
      path,
      threads === null ? {} : { intraOpNumThreads: threads },
    );
  } catch (error) {
    throw new RunError(`onnxruntime cannot load "${path}": ${(error as Error).message}`, { cause: error });
  }
}
