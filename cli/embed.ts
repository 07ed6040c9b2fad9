import { dirname, resolve } from "node:path";
import {
  type Engine,
  type ImageSet,
  isOneLine,
  type Precision,
  type Processes,
  ProgressLine,
  quoted,
  RunError,
  shortSideFor,
  type tf,
  UsageError,
  writeTextAtomically,
} from "@seed/core";
import {
  agree,
  autoWorkers,
  embedBatches,
  factsOf,
  firstSays,
  type Host,
  isFirst,
  listingFact,
  processesHere,
  type Rows,
  ViewPipeline,
  withoutBrokenImages,
  writeNpy,
  writing,
} from "@seed/core/host";
import { listImages } from "@seed/data-image-folder";
import type { Pool } from "@seed/nn";
import { patchProblem } from "@seed/nn/host";
import { type Arguments, noPositionals, parseArguments } from "./arguments.ts";
import { ON_ERROR_FLAG, onErrorOf, tellingOfSkip } from "./on_error.ts";
import { described, type NetworkSubject, openSubject } from "./network_subject.ts";
import { askedProcesses, PROCESSES_FLAG } from "./processes/flag.ts";
import { inProcesses } from "./processes/in_processes.ts";
import { SUBJECT_FLAGS, subjectFlags } from "./subject_flags.ts";

export const help = `Usage: deno task embed --network NAME --weights FILE --images DIR --out FILE.npy [flags]
       deno task embed --run DIR --images DIR --out FILE.npy [flags]

Embeds every image below a folder, with a network and a file of weights, or with the student of a run. Rows are in
the order of the sorted paths, which go to FILE.txt, a line each. \`deno task ls networks\` lists the networks and
the layouts of weights that are read; which one a file is in is found from its content. NAME may be a module of
yours that exports a network: ./my_network.ts, or ./my_network.ts#name.

  --below PREFIX     what stands before the network's names, where the file holds it several times
  --layer NAME       features (default): the pooled output of the backbone;
                     head: the raw output of the projection head, not L2-normalised
  --pool NAME        of a vision transformer's features, with --network: token, the class token, or mean, of the patches
                     (default: as its publisher does)
  --precision NAME   fp32 (default), bf16, or auto: bf16 where the processor computes in it natively
  --on-error NAME    stop (default), or skip: every image is looked at first, and those that cannot be read are
                     left out of rows and names alike, and counted
  --resize N         what the short side is resized to, bicubic (default: the crop / 0.875)
  --crop N           side of the centre crop (default: the network's input size, or the student's)
  --processes N      in N processes of this machine, which share its cores out; under mpiexec or srun a process joins
                     those that it was started with
  --set key=value    overrides a key of the run's recipe, with --run; repeatable
  --allow-plugins    imports plugins of the run that do not come with SEED, which runs their code
  --json             prints what was done as one JSON object on standard output

Pictures are read as PIL reads them: not turned by EXIF, without transparency and colour profiles.

Example: deno task embed --network resnet50 --weights moco_v2_800ep_pretrain.pth.tar --images photos --out photos.npy`;

/** Which output. */
type LayerName = "features" | "head";

/** At most so many images does the network see at a time. */
const BATCH = 64;

/** Of a crop, as of augmenters' views; a batch of them is 1 GB, and what a network makes of it many times that. */
const MOST_SIDE = 1024;

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, {
    ...SUBJECT_FLAGS,
    images: { type: "string" },
    out: { type: "string" },
    layer: { type: "string" },
    pool: { type: "string" },
    precision: { type: "string" },
    ...ON_ERROR_FLAG,
    resize: { type: "string" },
    crop: { type: "string" },
    ...PROCESSES_FLAG,
    json: { type: "boolean" },
  });
  noPositionals(parsed);
  const layer = parsed.choice("layer", ["features", "head"]) ?? "features";
  const pool = parsed.choice("pool", ["token", "mean"]);
  const precision = parsed.choice("precision", ["fp32", "bf16", "auto"]) ?? "fp32";
  const onError = onErrorOf(parsed) ?? "stop", root = parsed.required("images"), out = parsed.required("out");
  if (!out.endsWith(".npy")) throw new UsageError(`--out must end in ".npy", got "${out}"`);
  const flags = subjectFlags(parsed);
  using subject = await openSubject(flags);
  if (layer === "head" && !subject.hasHead) {
    throw new UsageError(
      `Weights in the layout "${subject.layout}" have no projection head; leave --layer head out`,
    );
  }
  if (pool !== null) requirePool(pool, layer, subject);
  const view = viewOf(parsed, subject);
  const work = async (host: Host, processes: Processes | null) => {
    const images = await imagesIn(root, firstSays(host, processes));
    if (isFirst(processes)) await createFolder(dirname(resolve(out)));
    const options = { ...view, layer, pool, precision, onError, out, host, processes };
    const facts = await tellingOfSkip("--on-error skip", () => embed(subject, images, options));
    if (!isFirst(processes)) return 0;
    const without = facts.skipped_images ? `; ${facts.skipped_images} images are left out` : "";
    if (parsed.has("json")) console.log(JSON.stringify({ ...facts, layer, pool, precision }));
    else {console.error(
        `Wrote ${out}: ${facts.images} rows of ${facts.dim}; names in ${facts.names}${without}`,
      );}
    return 0;
  };
  const asked = askedProcesses(parsed);
  return await inProcesses({ verb: "embed", args, notice: "nothing is written", work }, asked);
}

function requirePool(pool: Pool, layer: LayerName, { network, pools, run }: NetworkSubject): void {
  if (layer === "head") {
    throw new UsageError("--pool is for features, and --layer is head; leave one of the two out");
  }
  if (pools.includes(pool)) return;
  const offered = pools.length ? `it offers ${pools.join(", ")}` : "leave --pool out";
  throw new UsageError(
    run
      ? `--pool is for --network: a run's student has the features that it was trained with; name ${network} and the ` +
        "run's student.safetensors as --weights"
      : `The features of ${network} cannot be pooled by "${pool}"; ${offered}`,
  );
}

function viewOf(
  parsed: Arguments,
  { inputSize, patch }: NetworkSubject,
): { size: number; shortSide: number } {
  const size = parsed.count("crop", 1, MOST_SIDE) ?? inputSize;
  const problem = patchProblem(size, patch);
  if (problem) throw new UsageError(`${problem}; set --crop to it`);
  const shortSide = parsed.count("resize", 1, 8 * MOST_SIDE) ?? shortSideFor(size);
  if (shortSide >= size) return { size, shortSide };
  throw new UsageError(
    `--resize ${shortSide} is less than the crop of ${size}; set --crop too, or a larger --resize`,
  );
}

async function imagesIn(root: string, { log }: Host): Promise<ImageSet> {
  const paths = await listImages(root, { option: "--images", log });
  for (let i = 0; i < paths.length; i++) {
    if (!isOneLine(paths.at(i))) {
      throw new RunError(
        `The name ${quoted(paths.at(i), 300)} below ${
          quoted(root, 300)
        } has a newline: the names of the rows are ` +
          "written a line each; rename the image",
      );
    }
  }
  const image = (i: number) => {
    const path = paths.at(i);
    return { name: path, file: `${root}/${path}` };
  };
  return { length: paths.length, image };
}

async function embed(
  subject: NetworkSubject,
  listed: ImageSet,
  options: {
    size: number;
    shortSide: number;
    layer: LayerName;
    pool: Pool | null;
    precision: Precision;
    onError: "stop" | "skip";
    out: string;
    host: Host;
    processes: Processes | null;
  },
) {
  const { size, shortSide, layer, pool, precision, onError, out, processes } = options;
  const host = firstSays(options.host, processes), { signal } = host;
  // Before the engine opens: what is broken is known by then.
  const workers = autoWorkers(processesHere(processes));
  await using pipeline = await ViewPipeline.start({ augmenters: [], workers, seed: 0 });
  const { images, skipped } = await imagesToEmbed(listed, onError, pipeline, host, processes);
  const sha256 = await subject.hash();
  await using engine = await subject.openEngine(host, processesHere(processes));
  if (processes) {
    await agree(processes, {
      ...factsOf(engine),
      "precision": engine.arithmetic(precision, { training: false }),
      "listing of images": listingFact(images),
      "file of weights": sha256,
    });
  }
  using network = await subject.load({ engine, host });
  using forward = engine.trace((pixels) => {
    const { features, embedding } = network.forward(
      pixels as tf.Tensor4D,
      layer === "head",
      pool ?? undefined,
    );
    return [layer === "head" ? embedding! : features];
  }, { name: "embedding", precision });
  const encode = async (pixels: tf.Tensor4D) => await forward.call(pixels) as tf.Tensor2D[];
  // Equal batches waste the least on filling up the last.
  const batchSize = Math.ceil(images.length / Math.ceil(images.length / BATCH));
  const progress = new ProgressLine("Embedding", { total: images.length, unit: "images", stays: true });
  let dim = 0;
  async function* reported(batches: AsyncIterable<Rows[]>): AsyncGenerator<Rows> {
    let done = 0;
    for await (const [rows] of batches) {
      yield rows;
      dim = rows.dim;
      progress.update(done += rows.values.length / dim);
    }
  }
  const rows = embedBatches(images, encode, {
    ...{ network: described(subject), engine, pipeline, batchSize, size, shortSide, signal, processes },
  });
  const names = out.replace(/\.npy$/, ".txt");
  if (isFirst(processes)) {
    await writing(out, () => writeNpy(out, images.length, reported(rows)));
    const lines = Array.from({ length: images.length }, (_, i) => `${images.image(i).name}\n`);
    await writing(names, () => writeTextAtomically(names, lines.join("")));
  } else {
    for await (const _ of rows); // the first writes them
  }
  const { seconds, perSecond } = progress;
  return {
    out,
    names,
    images: images.length,
    skipped_images: skipped,
    dim,
    ...{ network: subject.network, weights: subject.weights, sha256, layout: subject.layout },
    resize: shortSide,
    crop: size,
    ...describe(engine),
    seconds,
    images_per_second: perSecond,
  };
}

/** @throws {RunError} If they are to be skipped and none can be read. */
async function imagesToEmbed(
  listed: ImageSet,
  onError: "stop" | "skip",
  pipeline: ViewPipeline,
  host: Host,
  processes: Processes | null,
): Promise<{ images: ImageSet; skipped: number }> {
  if (onError === "stop") return { images: listed, skipped: 0 };
  const { images, skipped } = await withoutBrokenImages(listed, pipeline, host, processes);
  if (images.length) return { images, skipped: skipped.count };
  throw new RunError(
    `None of the ${listed.length} images can be read. The first: ${skipped.images[0].message}`,
  );
}

function describe({ name, version, device }: Engine) {
  return { engine: `${name} ${version}`, device };
}

async function createFolder(path: string): Promise<void> {
  await writing(path, () => Deno.mkdir(path, { recursive: true }));
}
