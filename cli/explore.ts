import { join } from "node:path";
import { commandLine, isFile, tf, UsageError } from "@seed/core";
import { autoWorkers, formatBytes, type Host, ViewPipeline, withoutBrokenImages } from "@seed/core/host";
import { type Arguments, noPositionals, parseArguments } from "./arguments.ts";
import { writePage } from "./explore/folder.ts";
import { imagesOf, type Library, libraryOfFolder, libraryOfRun } from "./explore/library.ts";
import {
  embedInitial,
  embedStudent,
  embedTeacher,
  NETWORK_IDS,
  type PageNetwork,
  type RunSubject,
} from "./explore/networks.ts";
import { type Served, serveFolder } from "./explore/serve.ts";
import { interruptible } from "./interruptible.ts";
import { inNewFolder, refuseFilled } from "./new_folder.ts";
import { openSubject } from "./network_subject.ts";
import { ON_ERROR_FLAG, onErrorOf, tellingOfSkip } from "./on_error.ts";
import { subjectFlags } from "./subject_flags.ts";

export const help = `Usage: deno task explore --run DIR [flags]
       deno task explore --out DIR --serve

Writes a page on which the student of a run can be tried out: it runs in the visitor's browser, takes a picture, and
shows the pictures that it finds most like it, beside what the teacher and the student before training find; and maps
of all pictures. The page is a folder of files: any web server will do, and nothing is sent anywhere.

  --run DIR          the run
  --images DIR       its pictures; folders in it are classes (default: what the run is evaluated on; if it evaluates
                     nothing, what it was trained on)
  --out DIR          what is written: a folder that is not there, or is empty (default: explore in the run's folder)
  --count N          pictures at most (default 2000), chosen by the seed
  --seed N           of the choice, and of maps (default: the run's)
  --without NAME     leaves a network out: teacher or initial; repeatable
  --dtype NAME       of the networks' weights: fp32 (default) or fp16, which takes half the bytes
  --on-error NAME    stop, or skip: pictures that cannot be read are left out, and counted (default: stop; of the run's
                     own data, what its recipe says)
  --serve            then serves the folder on this machine until Ctrl-C; without --run, one that was written before
  --port N           where (default: any that is free)
  --set key=value    overrides a key of the run's recipe; repeatable
  --allow-plugins    imports plugins of the run that do not come with SEED, which runs their code
  --json             prints what was done as one JSON object on standard output

Example: deno task explore --run runs/demo --serve`;

/** What of a run's recipe the page is made with. */
const SECTIONS = ["engine", "student", "data", "teacher", "evaluate", "seed"];
/** Their thumbnails are a file each, and UMAP takes minutes. */
const MOST_PICTURES = 10_000;

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, {
    ...Object.fromEntries(
      ["run", "images", "out", "count", "seed", "dtype", "port"].map((
        name,
      ) => [name, { type: "string" } as const]),
    ),
    ...ON_ERROR_FLAG,
    without: { type: "string", multiple: true },
    set: { type: "string", multiple: true },
    serve: { type: "boolean" },
    "allow-plugins": { type: "boolean" },
    json: { type: "boolean" },
  });
  noPositionals(parsed);
  if (parsed.text("port") !== null && !parsed.has("serve")) {
    throw new UsageError("--port is for --serve; give both");
  }
  if (parsed.text("run") === null && parsed.has("serve")) return await serveWritten(parsed);
  const run = parsed.required("run"), out = parsed.text("out") ?? join(run, "explore");
  const wanted = wantedOf(parsed, out);
  await refuseFilled(out);
  using subject = await openSubject(subjectFlags(parsed, { sections: SECTIONS }));
  tf.enableProdMode(); // no advice on backends from tfjs
  let facts: Facts | null = null;
  const code = await interruptible("nothing is written", async (host) => {
    facts = await tellingOfSkip("--on-error skip", () => explore(subject as RunSubject, wanted, host));
    return 0;
  });
  if (code !== 0 || facts === null) return code;
  const { pictures, of, networks, bytes } = facts as Facts;
  console.error(
    `Wrote ${out}: ${pictures} of ${of} pictures, ${networks.map(({ id }) => id).join(", ")}; ${
      formatBytes(bytes)
    }`,
  );
  if (!parsed.has("serve")) {
    console.error(`Look at it by ${commandLine("explore", ["--out", out, "--serve"])}`);
    if (parsed.has("json")) console.log(JSON.stringify({ ...facts as Facts, url: null }));
    return 0;
  }
  return await serve(parsed, out, facts);
}

/** What was asked for, apart from the run. */
interface Wanted {
  readonly out: string;
  readonly images: string | null;
  readonly count: number;
  /** Null: the run's. */
  readonly seed: number | null;
  readonly without: readonly string[];
  readonly dtype: "fp32" | "fp16";
  /** Null: not said. */
  readonly onError: "stop" | "skip" | null;
}

function wantedOf(parsed: Arguments, out: string): Wanted {
  const without = parsed.list("without"), known = NETWORK_IDS.filter((id) => id !== "student");
  const unknown = without.find((name) => !known.includes(name as never));
  if (unknown !== undefined) {
    throw new UsageError(`--without expects one of ${known.join(", ")}, got "${unknown}"`);
  }
  return {
    out,
    without,
    images: parsed.text("images"),
    count: parsed.count("count", 8, MOST_PICTURES) ?? 2000,
    seed: parsed.count("seed"),
    dtype: parsed.choice("dtype", ["fp32", "fp16"]) ?? "fp32",
    onError: onErrorOf(parsed),
  };
}

type Facts = Awaited<ReturnType<typeof explore>>;

async function explore(subject: RunSubject, wanted: Wanted, host: Host) {
  const { out, without, dtype } = wanted, { folder } = subject.run.finished;
  await using stack = new AsyncDisposableStack();
  const pipeline = stack.use(
    await ViewPipeline.start({ augmenters: [], workers: autoWorkers(1), seed: 0, ...host }),
  );
  const { library, skipped, seed } = await libraryOf(subject, wanted, { pipeline, host, stack });
  const engine = stack.use(await subject.openEngine(host, 1));
  const runtime = { engine, pipeline, host },
    images = imagesOf(library.pictures),
    networks: PageNetwork[] = [];
  networks.push(await embedStudent(subject, images, runtime));
  const teacher = without.includes("teacher") ? null : await embedTeacher(subject, images, runtime);
  if (teacher) networks.push(teacher);
  if (!without.includes("initial")) networks.push(await embedInitial(subject, images, runtime));
  const { metadata: { mean, std } } = networks[0].model!;
  const normalization = { mean, std } as { mean: [number, number, number]; std: [number, number, number] };
  const content = { run: folder, library, networks, size: subject.inputSize, normalization, seed, dtype };
  const bytes = await inNewFolder(out, refuseFilled, (partial) => writePage(partial, content, host));
  return {
    ...{ out, run: folder, pictures: library.pictures.length, of: library.of, skipped_images: skipped },
    ...{ classes: library.classes.length, seed, input_size: subject.inputSize, dtype, bytes },
    networks: networks.map(({ id, name, embeddings: { dim }, model }) => ({
      id,
      name,
      dim,
      runs: model !== null,
    })),
  };
}

/** The pictures, without those that cannot be read if they are to be skipped. */
async function libraryOf(
  { run: { finished } }: RunSubject,
  { images, count, onError, seed: asked }: Wanted,
  { pipeline, host, stack }: { pipeline: ViewPipeline; host: Host; stack: AsyncDisposableStack },
): Promise<{ library: Library; skipped: number; seed: number }> {
  const seed = asked ?? finished.recipe.seed, choice = { count, seed };
  if (images !== null) return await withSeed(await libraryOfFolder(images, choice, host), onError ?? "stop");
  const recipe = await finished.parts({ parts: ["data"] });
  return await withSeed(await libraryOfRun(recipe, choice, host, stack), onError ?? recipe.data.on_error);

  async function withSeed(library: Library, onError: "stop" | "skip") {
    if (onError === "stop") return { library, skipped: 0, seed };
    const all = imagesOf(library.pictures), found = await withoutBrokenImages(all, pipeline, host);
    const kept = new Set(Array.from({ length: found.images.length }, (_, i) => found.images.image(i)));
    const pictures = library.pictures.filter(({ image }) => kept.has(image));
    return { library: { ...library, pictures }, skipped: found.skipped.count, seed };
  }
}

/** Serves a page that was written before. */
async function serveWritten(parsed: Arguments): Promise<number> {
  const out = parsed.required("out");
  if (await isFile(join(out, "explore.json"))) return await serve(parsed, out, { out });
  throw new UsageError(
    `"${out}" is no folder that explore has written: it has no "explore.json"; give --run to write it`,
  );
}

/** Until the end of the command is asked for, which is its usual end. */
async function serve(parsed: Arguments, out: string, facts: object): Promise<number> {
  return await interruptible(null, async ({ signal }) => {
    await using served: Served = serveFolder(out, parsed.count("port", 0, 65535) ?? 0);
    if (parsed.has("json")) console.log(JSON.stringify({ ...facts, url: served.url }));
    console.error(`Open ${served.url} (Ctrl-C ends this)`);
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    return 0;
  });
}
