import { basename, extname, join } from "node:path";
import {
  type ImageReference,
  type ImageSet,
  isOneLine,
  loadImage,
  ProgressLine,
  quoted,
  RunError,
  UsageError,
  writeTextAtomically,
} from "@seed/core";
import type { Host } from "@seed/core/host";
import { openImageFolder } from "@seed/data-image-folder";
import { type TsvImage, writeTsv } from "@seed/data-tsv";
import { type ShardImage, writeShards } from "@seed/data-webdataset";
import { CommandLineError, parseArguments } from "./arguments.ts";
import { interruptible } from "./interruptible.ts";
import { inNewFolder } from "./new_folder.ts";

export const help = `Usage: deno task pack DIR OUT --to FORMAT [flags]

Packs a folder of images, flat or by class, with or without train/ and val/, into a few large files, which many disks
read faster. OUT is a new folder; the images keep their bytes.

  --to FORMAT        tsv: train.tsv and val.tsv with .lineidx, for @seed/data-tsv; tar: shards train-000000.tar and so
                     on, and classes.txt, for @seed/data-webdataset
  --shard-size N     of tar: megabytes of a shard at most (default 1000)
  --splits NAME      none: folders called train, val and so on are classes as any other (default auto)
  --json             prints what was done as one JSON object on standard output

Example: deno task pack photos photos-packed --to tar`;

const FORMATS = ["tsv", "tar"] as const;

/** The images of a split, and what its files are called. */
interface Split {
  readonly name: "train" | "val";
  readonly images: ImageSet;
}

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, {
    to: { type: "string" },
    "shard-size": { type: "string" },
    splits: { type: "string" },
    json: { type: "boolean" },
  });
  if (parsed.positionals.length !== 2) {
    throw new CommandLineError(
      `Expected a folder and OUT, got ${parsed.positionals.length} arguments; --help shows how`,
    );
  }
  const [root, out] = parsed.positionals;
  parsed.required("to");
  const format = parsed.choice("to", FORMATS)!, megabytes = parsed.count("shard-size", 1, 1_000_000);
  if (format === "tsv" && megabytes !== null) {
    throw new UsageError("--shard-size is for --to tar; leave it out of --to tsv");
  }
  await refuseToOverwrite(out);
  return await interruptible("nothing is written", async (host) => {
    const splits = await splitsOf(root, parsed.choice("splits", ["auto", "none"]) ?? "auto", host);
    const shardBytes = (megabytes ?? 1000) * 1e6;
    const files = await inNewFolder(
      out,
      { refuse: refuseToOverwrite, signal: host.signal },
      async (folder) => {
        const packing = new Packing(splits, folder, host);
        return format === "tsv" ? await packing.tsv() : await packing.tar(shardBytes);
      },
    );
    const images = splits.reduce((sum, { images }) => sum + images.length, 0);
    const classes = classNamesOf(splits)?.length ?? null;
    if (parsed.has("json")) console.log(JSON.stringify({ out, format, images, classes, files }));
    else console.error(`Wrote ${out}: ${images} images in ${files.length} files`);
    return 0;
  });
}

async function refuseToOverwrite(out: string): Promise<void> {
  if (!await Deno.lstat(out).then(() => true, () => false)) return;
  throw new UsageError(`There is a file or folder "${out}" already; name another, or remove it`);
}

async function splitsOf(root: string, splits: "auto" | "none", { log }: Host): Promise<Split[]> {
  const options = { option: "DIR", splitsOption: "--splits", splits, log };
  const { train, queries } = await openImageFolder(root, options);
  return [{ name: "train", images: train }, ...queries ? [{ name: "val", images: queries } as const] : []];
}

/** Writes the files of all splits; each method returns their names. */
class Packing {
  readonly #progress: ProgressLine;
  #done = 0;

  constructor(
    private readonly splits: readonly Split[],
    private readonly folder: string,
    private readonly host: Host,
  ) {
    const total = splits.reduce((sum, { images }) => sum + images.length, 0);
    this.#progress = new ProgressLine("Packing", { total, unit: "images", stays: true });
  }

  async tsv(): Promise<string[]> {
    const wrong = classNamesOf(this.splits)?.find((name) => /[\t\r\n]/.test(name));
    if (wrong !== undefined) {
      throw new RunError(
        `The class ${JSON.stringify(wrong)} has a tab or newline in its name; rename its folder`,
      );
    }
    for (const { name, images } of this.splits) {
      await writeTsv(this.#lines(images), join(this.folder, `${name}.tsv`));
    }
    return this.splits.flatMap(({ name }) => [`${name}.tsv`, `${name}.lineidx`]);
  }

  async tar(shardBytes: number): Promise<string[]> {
    const files: string[] = [], classNames = classNamesOf(this.splits);
    const wrong = classNames?.find((name) => !isOneLine(name));
    if (wrong !== undefined) {
      throw new RunError(
        `The class ${
          quoted(wrong)
        } has a newline in its name, and classes.txt has a name a line; rename the folder`,
      );
    }
    for (const { images } of this.splits) checkKeys(images);
    for (const { name: prefix, images } of this.splits) {
      const options = { folder: this.folder, prefix, shardBytes };
      files.push(...(await writeShards(this.#members(images), options)).map((path) => basename(path)));
    }
    if (classNames === null) return files;
    await writeTextAtomically(
      join(this.folder, "classes.txt"),
      classNames.map((name) => `${name}\n`).join(""),
    );
    return [...files, "classes.txt"];
  }

  async *#lines(images: ImageSet): AsyncGenerator<TsvImage> {
    for (let i = 0; i < images.length; i++) {
      const label = images.label ? images.classNames![images.label(i)] : "";
      const image = images.image(i);
      yield { name: image.name.replaceAll(/[\t\r\n]/g, " "), label, bytes: await this.#read(image) };
    }
  }

  async *#members(images: ImageSet): AsyncGenerator<ShardImage> {
    for (let i = 0; i < images.length; i++) {
      const image = images.image(i);
      yield {
        name: memberName(image.name),
        bytes: await this.#read(image),
        label: images.label?.(i) ?? null,
      };
    }
  }

  async #read(image: ImageReference): Promise<Uint8Array> {
    this.host.signal.throwIfAborted();
    const bytes = await loadImage(image);
    this.#progress.update(++this.#done);
    return bytes as Uint8Array; // files hold encoded images
  }
}

/** The names of all classes; those of later splits begin with those of the first. */
function classNamesOf(splits: readonly Split[]): readonly string[] | null {
  if (splits.some(({ images }) => !images.label)) return null;
  return splits.at(-1)!.images.classNames!;
}

/** Readers of shards take what is before a name's first dot for the sample: other dots become %2E. */
function memberName(path: string): string {
  const extension = extname(path),
    name = basename(path, extension),
    folder = path.slice(0, -basename(path).length);
  return folder + name.replaceAll("%", "%25").replaceAll(".", "%2E") + extension;
}

/** Two images of a sample could not be told apart, nor their labels. */
function checkKeys(images: ImageSet): void {
  const seen = new Set<string>();
  for (let i = 0; i < images.length; i++) {
    const { name } = images.image(i), key = name.slice(0, -extname(name).length);
    if (!seen.has(key)) seen.add(key);
    else {
      throw new RunError(
        `Two images are called "${key}", with other endings; a shard cannot hold both: rename one`,
      );
    }
  }
}
