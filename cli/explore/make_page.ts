import { autoWorkers, type Host, ViewPipeline } from "@seed/core/host";
import { inNewFolder, refuseFilled } from "../new_folder.ts";
import { writePage } from "./folder.ts";
import { imagesOf, type Library, libraryOfFolder, libraryOfRun, readableOf } from "./library.ts";
import { embedInitial, embedStudent, embedTeacher, type PageNetwork, type RunSubject } from "./networks.ts";
import type { Wanted } from "./wanted.ts";

/** What there is to tell of a page. */
export type Facts = Awaited<ReturnType<typeof makePage>>;

/**
 * Embeds pictures with the networks of a run, and writes the page's folder, whole or not at all.
 *
 * @throws {BrokenImageError} If a picture cannot be read, and was not to be skipped.
 * @throws {RunError} If pictures or weights are not there, or the student has an operation that browsers are not given.
 */
export async function makePage(subject: RunSubject, wanted: Wanted, host: Host) {
  const { out, without, dtype } = wanted, { folder } = subject.run.finished;
  await using stack = new AsyncDisposableStack();
  const options = { augmenters: [], workers: autoWorkers(1), seed: 0, ...host };
  const pipeline = stack.use(await ViewPipeline.start(options));
  const { library, skipped, seed } = await openLibrary(subject, wanted, { pipeline, host, stack });
  const engine = stack.use(await subject.openEngine(host, 1));
  const images = imagesOf(library.pictures),
    networks: PageNetwork[] = [],
    runtime = { engine, pipeline, host };
  const student = await embedStudent(subject, images, runtime);
  networks.push(student);
  const teacher = without.includes("teacher") ? null : await embedTeacher(subject, images, runtime);
  if (teacher) networks.push(teacher);
  if (!without.includes("initial")) networks.push(await embedInitial(subject, images, runtime));
  const { normalization } = student, size = subject.inputSize;
  const content = { run: folder, library, networks, size, normalization, seed, dtype };
  const bytes = await inNewFolder(
    out,
    { refuse: refuseFilled, signal: host.signal },
    (partial) => writePage(partial, content, host),
  );
  return {
    ...{ out, run: folder, pictures: library.pictures.length, of: library.of, skipped_images: skipped },
    ...{ classes: library.classes.length, seed, input_size: size, dtype, bytes },
    networks: networks.map(({ id, name, embeddings: { dim }, model }) => ({
      ...{ id, name, dim, runs: model !== null },
    })),
  };
}

/** The pictures, without those that cannot be read if they are to be skipped. */
async function openLibrary(
  { run: { finished } }: RunSubject,
  { images, count, onError, seed: asked }: Wanted,
  { pipeline, host, stack }: { pipeline: ViewPipeline; host: Host; stack: AsyncDisposableStack },
): Promise<{ library: Library; skipped: number; seed: number }> {
  const seed = asked ?? finished.recipe.seed, choice = { count, seed };
  const recipe = images === null ? await finished.parts({ parts: ["data"] }) : null;
  const library = recipe
    ? await libraryOfRun(recipe, choice, host, stack)
    : await libraryOfFolder(images!, choice, host);
  const skips = (onError ?? recipe?.data.on_error) === "skip";
  return { ...skips ? await readableOf(library, pipeline, host) : { library, skipped: 0 }, seed };
}
