/**
 * The images of a shard: members next to each other whose paths are equal up to the first dot of the name are a
 * sample, as WebDataset has it; an image, its label, and what else there is.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import {
  IMAGE_EXTENSIONS,
  MAX_IMAGE_BYTES,
  type PackedImages,
  PackedImagesBuilder,
  parseLabel,
  quoted,
  readRange,
  readTar,
  requireRegularFile,
  RunError,
  type TarMember,
} from "@seed/core";

/** A label in text is a few digits; a JSON file has captions and the like too. */
const MAX_BYTES = { cls: 64, json: 16 << 20 } as const;
/** Members between two moments at which Ctrl-C is heard. */
const PAUSE_EVERY = 4096;

/**
 * Finds the images of a shard and their labels; images are not read.
 *
 * @throws {RunError} With the shard and the byte, if it is damaged, a label is no number, or a sample has two
 * images.
 */
export async function indexShard(path: string, signal: AbortSignal): Promise<PackedImages> {
  await requireRegularFile(path);
  using file = await Deno.open(path);
  const found = new PackedImagesBuilder();
  const alone: string[] = [];
  const begin = (key: string) => new Sample(path, file, key, found, alone);
  let sample = begin(""), count = 0;
  for (const member of readTar(file, path)) {
    const { key, extension } = splitName(member.name);
    if (key !== sample.key) {
      sample.finish();
      sample = begin(key);
    }
    sample.add(member, extension);
    if (++count % PAUSE_EVERY === 0) await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
  }
  sample.finish();
  if (found.length > 0) {
    const images = withoutRepetition(found.finish(), path), bare = images.labels.indexOf(-1);
    // Their labels would be lost, and nothing would say so.
    if (bare >= 0 && alone.length > 0) {
      throw new RunError(
        `In the shard "${path}" ${alone.length} labels stand apart from their images, the first is ${
          quoted(alone[0])
        }, and ` +
          `images have none, the first is ${
            quoted(images.names.at(bare))
          }: the files of a sample must follow each other`,
      );
    }
    return images;
  }
  throw new RunError(
    `The shard "${path}" holds no images (${[...IMAGE_EXTENSIONS].join(", ")}) among its ${count} files`,
  );
}

/** What is read of the members with one key. */
class Sample {
  #image: TarMember | null = null;
  readonly #labels: { cls?: number; json?: number } = {};

  constructor(
    private readonly path: string,
    private readonly file: Deno.FsFile,
    readonly key: string,
    private readonly found: PackedImagesBuilder,
    /** Takes labels without an image. */
    private readonly alone: string[],
  ) {}

  add(member: TarMember, extension: string): void {
    if (IMAGE_EXTENSIONS.has(extension)) this.#addImage(member);
    else if (extension === "cls") this.#labels.cls = this.#number(member, this.#read(member, "cls").trim());
    else if (extension === "json") {
      const label = this.#labelIn(member, this.#read(member, "json"));
      if (label !== undefined) this.#labels.json = label;
    }
  }

  finish(): void {
    if (!this.#image) {
      const { cls, json } = this.#labels;
      if (cls !== undefined || json !== undefined) {
        this.alone.push(`${this.key}.${cls === undefined ? "json" : "cls"}`);
      }
      return;
    }
    const { name, start, size } = this.#image, label = this.#labels.cls ?? this.#labels.json ?? null;
    this.found.push({ name, offset: start, length: size, label });
  }

  #addImage(member: TarMember): void {
    if (this.#image) {
      throw this.#fault(member, `is a second image of the sample "${this.key}", after "${this.#image.name}"`);
    }
    if (member.size === 0) throw this.#fault(member, "is empty, expected an image");
    if (member.size > MAX_IMAGE_BYTES) {
      throw this.#fault(member, `has ${member.size} bytes, expected at most ${MAX_IMAGE_BYTES} of an image`);
    }
    this.#image = member;
  }

  #read(member: TarMember, extension: keyof typeof MAX_BYTES): string {
    const { start, size } = member, most = MAX_BYTES[extension];
    if (size > most) throw this.#fault(member, `has ${size} bytes, expected at most ${most}`);
    return new TextDecoder().decode(readRange(this.file, start, size, this.path));
  }

  #labelIn(member: TarMember, text: string): number | undefined {
    let content;
    try {
      content = JSON.parse(text);
    } catch (error) {
      throw this.#fault(member, `is not JSON: ${(error as Error).message}`);
    }
    const label = content?.label;
    return label === undefined || label === null ? undefined : this.#number(member, JSON.stringify(label));
  }

  #number(member: TarMember, text: string): number {
    const label = parseLabel(text.replace(/^0+(?=\d)/, "")); // some write 007
    if (label !== null) return label;
    throw this.#fault(member, `gives the label ${quoted(text, 80)}, expected a number of a class, from 0`);
  }

  #fault({ name, offset }: TarMember, what: string): RunError {
    return new RunError(`The member "${name}" at byte ${offset} of the shard "${this.path}" ${what}`);
  }
}

/**
 * Makes sure that no two samples have one key. Of most keys a hash will do, which takes less memory than a set of a
 * million texts.
 */
function withoutRepetition(images: PackedImages, path: string): PackedImages {
  const { names, offsets } = images, keyOf = (i: number) => splitName(names.at(i)).key;
  const hashes = Uint32Array.from({ length: names.length }, (_, i) => crc32(keyOf(i)));
  const sorted = hashes.toSorted(), repeated = new Set(sorted.filter((hash, i) => hash === sorted[i - 1]));
  const seen = new Set<string>();
  hashes.forEach((hash, i) => {
    if (!repeated.has(hash)) return;
    const key = keyOf(i);
    if (!seen.has(key)) return seen.add(key);
    throw new RunError(
      `The member "${names.at(i)}" at byte ${
        offsets[i]
      } of the shard "${path}" has the key "${key}" of an earlier sample`,
    );
  });
  return images;
}

/** WebDataset's: the key is the path up to the first dot of the file's name. Hidden files have no extension. */
function splitName(name: string): { key: string; extension: string } {
  const dot = name.indexOf(".", name.lastIndexOf("/") + 1);
  if (dot <= name.lastIndexOf("/") + 1) return { key: name, extension: "" };
  return { key: name.slice(0, dot), extension: name.slice(dot + 1).toLowerCase() };
}
