/**
 * The core of SEED for Deno: the interfaces that plugins implement, and what they are given.
 *
 * @example A plugin is a plain object; its options are checked before anything heavy loads
 * ```ts
 * import { definePlugin, z } from "@seed/core";
 * import assert from "node:assert/strict";
 *
 * const plugin = definePlugin({
 *   kind: "evaluator",
 *   name: "my-width",
 *   apiVersion: 1,
 *   about: { summary: "Share of the features that are not zero" },
 *   options: z.strictObject({ threshold: z.number().min(0).default(1e-6) }),
 *   create: ({ threshold }) => ({
 *     name: "width",
 *     evaluate({ subject: { queries: { features } } }) {
 *       const active = features.filter((value) => Math.abs(value) > threshold);
 *       return Promise.resolve({ active: active.length / features.length });
 *     },
 *   }),
 * });
 *
 * assert.deepEqual(plugin.options.parse({}), { threshold: 1e-6 });
 * assert.throws(() => plugin.options.parse({ treshold: 1 }));
 * ```
 *
 * @module
 */
export { ProcessesError, RunError, UsageError } from "./errors.ts";
export { fused, type FusedBody, product } from "./interfaces/fused.ts";
export { type KeyPart, Random } from "./random.ts";
export { tf } from "./tf.ts";
export { unitRows } from "./unit_rows.ts";
export { tellClassesWithoutGallery } from "./data/classes_without_gallery.ts";
export { cachedIndex } from "./data/packed/image_index.ts";
export {
  classNamesOf,
  haveLabels,
  LabelCollector,
  labelIn,
  type Labels,
  parseLabel,
  requireLabelsOfAll,
  withSameKindOfLabels,
} from "./data/packed/labels.ts";
export {
  type FoundImage,
  type LeftOut,
  MAX_IMAGE_BYTES,
  type PackedFile,
  type PackedImages,
  PackedImagesBuilder,
  packedImageSet,
} from "./data/packed/packed_images.ts";
export { PackedTexts, PackedTextsBuilder } from "./data/packed/packed_texts.ts";
export { type PixelRecords, recordImageSet } from "./data/packed/pixel_records.ts";
export { splitUseOf, splitUseOfWord } from "./data/split_words.ts";
export { readTar, type TarMember } from "./data/tar/read_tar.ts";
export { sizeOfChunks, TAR_END, tarMember } from "./data/tar/write_tar.ts";
export { loadForGood } from "./native/load_for_good.ts";
export { readSystemFile, systemControl } from "./native/system_facts.ts";
export { EagerFunction, untraced } from "./engine/eager_function.ts";
export { mendHostKernels } from "./engine/host_kernels.ts";
export { readTextIfThere } from "./files/text_file.ts";
export { separate } from "./engine/own_data.ts";
export { TracedInputs } from "./engine/traced_inputs.ts";
export {
  accuracy,
  byClass,
  classCount,
  type Classified,
  classifyScores,
  crossEntropy,
  labelsOf,
  rankOf,
} from "./evaluation/classification.ts";
export { IDENTICAL_FEATURES } from "./evaluation/evaluation.ts";
export { embedImages, type EmbedOptions, type Encoder } from "./evaluation/embed_images.ts";
export { type Matrix, nearestNeighbours, type Neighbours } from "./evaluation/neighbours.ts";
export { tracedEncoder } from "./evaluation/student_encoder.ts";
export { checkSha256, sha256OfFiles } from "./fetch/file_hash.ts";
export { type Installation, isInstalled } from "./fetch/install_once.ts";
export { importNpmPackage, installNpmPackage, type NpmPackage } from "./fetch/npm_package.ts";
export { writingInCache } from "./fetch/cache_directory.ts";
export {
  installPackage,
  installPackages,
  type PinnedPackage,
  type PipPackage,
  type PipPackages,
  unpackPackage,
} from "./fetch/pip_package.ts";
export { type PublishedFile, unpackPublished } from "./fetch/published_file.ts";
export { writeAtomically, writeTextAtomically } from "./files/atomic_file.ts";
export { boundFolder, markUsed } from "./files/bounded_folder.ts";
export { LineFile } from "./files/line_file.ts";
export { writing, writingSync } from "./files/writing.ts";
export { otherFormat } from "./files/other_formats.ts";
export { isFile, isFolder, statIfThere } from "./files/path_exists.ts";
export {
  NoFileError,
  openRegular,
  openRegularSync,
  readRegular,
  requireRegularFile,
  requireRegularFileSync,
} from "./files/regular_file.ts";
export { readRange } from "./files/read_range.ts";
export { IMAGE_EXTENSIONS, isImageName } from "./images/image_names.ts";
export { standInImage } from "./images/stand_in_image.ts";
export * from "./images/augmentation/mod.ts";
export { loadImage } from "./images/pipeline/load_image.ts";
export type { Processes } from "./processes/processes.ts";
export type {
  DataSource,
  ImageReader,
  ImageReference,
  ImageSet,
  OpenReader,
  RawPixels,
  ReaderReference,
} from "./interfaces/data_source.ts";
export type { Diagnosis } from "./interfaces/diagnosis.ts";
export type { Device, Engine, Precision, TracedFunction, TraceOptions } from "./interfaces/engine.ts";
export {
  type Embedded,
  type EmbeddedSet,
  type EvaluationDetails,
  type EvaluationInputs,
  type Evaluator,
  type Figures,
  figuresOf,
  type TrainableNetwork,
  type ViewMaker,
  type ViewRequest,
} from "./interfaces/evaluator.ts";
export {
  BATCH_NORM_GRADIENT_KERNEL,
  BATCH_NORM_INFERENCE_KERNEL,
  BATCH_NORM_KERNEL,
  BIAS_ADD_KERNEL,
  convolvesGroups,
  type EngineBackend,
  FUSED_KERNEL,
  hasKernel,
  LAYER_NORM_KERNEL,
  NORMALIZE_KERNEL,
  padsExplicitly,
  PRODUCT_KERNEL,
} from "./interfaces/kernels.ts";
export type {
  EvaluationRecord,
  Logger,
  PicturesRecord,
  RunDescription,
  StepRecord,
  StepTiming,
} from "./interfaces/logger.ts";
export type {
  FitInputs,
  NeighbourViews,
  Objective,
  ObjectiveInputs,
  ObjectiveNeeds,
  ObjectiveResult,
  TrainingProgress,
} from "./interfaces/objective.ts";
export {
  type About,
  type ArrayNeed,
  type AugmenterFacts,
  type AugmenterReference,
  type ChosenEngine,
  definePlugin,
  type EngineChoiceContext,
  type EvaluatorNeeds,
  type NetworkContext,
  type OptionProblem,
  type Plugin,
  type PluginContext,
  type PluginKind,
  type PluginKinds,
  type QueueFacts,
  type RecipeFacts,
  type StudentFacts,
  type TeacherFacts,
} from "./interfaces/plugin.ts";
export type { Queue } from "./interfaces/queue.ts";
export type {
  InitialWeights,
  Parameter,
  ParameterKind,
  Student,
  StudentOutput,
  TakenWeights,
  WeightsPlace,
} from "./interfaces/student.ts";
export { NETWORK_NAME } from "./interfaces/student.ts";
export type { Teacher, TeacherHead, TeacherMaps, WeightsRecord } from "./interfaces/teacher.ts";
export type { Progress } from "./run/checkpoint.ts";
export { type Curve, type CurvePicture, curvePicture } from "./run/report/charts/curve_picture.ts";
export type { Point } from "./run/report/charts/averaged.ts";
export { BatchSender, type SenderOptions } from "./sending/batch_sender.ts";
export { EVALUATION, type Scalar, scalarsOfEvaluation, scalarsOfStep } from "./sending/scalars.ts";
export {
  headersFromEnvironment,
  RefusedError,
  requireNetwork,
  ServerAwayError,
  WebServer,
} from "./sending/web_server.ts";
export { commandLine, nameProgram, programName, shellQuoted } from "./text/command_line.ts";
export { formatDuration } from "./text/duration.ts";
export { nearest } from "./text/nearest.ts";
export { ProgressLine, type ProgressOptions } from "./text/progress_line.ts";
export { isOneLine, oneLine, printable, quoted, setIn } from "./text/printable.ts";
export { StatusLine, statusLine, type TextSink } from "./text/status_line.ts";
export { isHeadName } from "./training/freeze.ts";
export { type PassOptions, trainingPass } from "./training/student_passes.ts";
export { dropsProblem, rateOfEpoch, type RateOptions } from "./training/schedule.ts";
export { AdamW, type AdamWOptions } from "./training/optimizers/adamw.ts";
export type { DecayOn } from "./training/optimizers/optimizer.ts";
export { Sgd, type SgdOptions } from "./training/optimizers/sgd.ts";
export { needsInitialValues } from "./weights/initial_values.ts";
export { type NamedArray, SafetensorsFile, writeSafetensors } from "./weights/safetensors.ts";
export { assignValues, brokenWeights } from "./weights/state_dict.ts";
export { checkWeightsHash } from "./weights/weights_hash.ts";
export { fromTorch, torchShape, toTorch } from "./weights/tensor_layout.ts";
export { valueProblem } from "./weights/value_problem.ts";
export {
  BYTES_PER_ELEMENT,
  type StoredType,
  type TensorInfo,
  toFloat32,
  type WeightsFile,
} from "./weights/weights_file.ts";
export { z } from "zod";
