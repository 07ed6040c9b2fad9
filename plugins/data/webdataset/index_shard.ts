/**
 * The images of a shard: members next to each other whose paths are equal up to the first dot of the name are a
 * sample, as WebDataset has it; an image, its label, and what else there is.
 *
 * @module
 */
import { basename } from "node:path/posix";
import { crc32 } from "node:zlib";
import {
  IMAGE_EXTENSIONS,
  isImageName,
  type LeftOut,
  MAX_IMAGE_BYTES,
  openRegular,
  type PackedImages,
  PackedImagesBuilder,
  parseLabel,
  printable,
  quoted,
  readRange,
  readTar,
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
  using file = await openRegular(path);
  const found = new PackedImagesBuilder();
  const without = new WithoutImage(), begin = (key: string) => new Sample(path, file, key, found, without);
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
    const { labels } = without;
    if (bare >= 0 && labels.count > 0) {
      throw new RunError(
        `In the shard "${path}" ${labels.count} labels stand apart from their images, the first is ${
          quoted(labels.first)
        }, and ` +
          `images have none, the first is ${
            quoted(images.names.at(bare))
          }: the files of a sample must follow each other`,
      );
    }
    return { ...images, leftOut: without.leftOut() };
  }
  throw new RunError(
    `The shard "${path}" holds no images (${[...IMAGE_EXTENSIONS].join(", ")}) among its ${count} files` +
      without.hint(),
  );
}

/** Samples without an image that is read. */
class WithoutImage {
  readonly #samples = { count: 0, first: "" };
  /** Of them those that would have one, were the ending what follows the last dot. */
  readonly #dotted = { count: 0, first: "" };
  /** Of them those with a label. */
  readonly labels = { count: 0, first: "" };

  /** @param names Of its members. */
  add(names: readonly string[], { cls, json }: { cls?: number; json?: number }): void {
    const shown = names.filter((name) => !basename(name).startsWith("."));
    if (shown.length === 0) return;
    const dotted = shown.find(isImageName), isLabel = (name: string) => /\.(cls|json)$/i.test(name);
    if (dotted) count(this.#dotted, dotted);
    else count(this.#samples, shown[0]);
    if (cls !== undefined || json !== undefined) count(this.labels, shown.find(isLabel)!);
  }

  leftOut(): LeftOut[] {
    return [
      { what: "samples have no image that is read", ...this.#samples },
      { what: `samples have one by its last ending alone (${FIRST_DOT})`, ...this.#dotted },
    ].filter(({ count }) => count > 0);
  }

  /** What a message of no images may add. */
  hint(): string {
    const { count, first } = this.#dotted;
    if (count === 0) return "";
    const { key, extension } = splitName(first);
    return `: ${quoted(first)} is taken for the sample ${quoted(key)} with the ending ${
      quoted(extension)
    } (${FIRST_DOT}); name images without further dots, as pack does`;
  }
}

const FIRST_DOT = "for WebDataset an ending is all after a name's first dot";

function count(counted: { count: number; first: string }, name: string): void {
  if (counted.count++ === 0) counted.first = name;
}

/** What is read of the members with one key. */
class Sample {
  #image: TarMember | null = null;
  readonly #names: string[] = [];
  readonly #labels: { cls?: number; json?: number } = {};

  constructor(
    private readonly path: string,
    private readonly file: Deno.FsFile,
    readonly key: string,
    private readonly found: PackedImagesBuilder,
    private readonly without: WithoutImage,
  ) {}

  add(member: TarMember, extension: string): void {
    this.#names.push(member.name);
    if (IMAGE_EXTENSIONS.has(extension)) this.#addImage(member);
    else if (extension === "cls") {
      if (this.#labels.cls !== undefined) throw this.#fault(member, `is a second label of the sample`);
      this.#labels.cls = this.#number(member, this.#read(member, "cls").trim());
    } else if (extension === "json") {
      const label = this.#labelIn(member, this.#read(member, "json"));
      if (label !== undefined) this.#labels.json = label;
    }
  }

  finish(): void {
    if (!this.#image) return this.without.add(this.#names, this.#labels);
    const { name, start, size } = this.#image, label = this.#labels.cls ?? this.#labels.json ?? null;
    this.found.push({ name, offset: start, length: size, label });
  }

  #addImage(member: TarMember): void {
    if (this.#image) {
      throw this.#fault(
        member,
        `is a second image of the sample ${quoted(this.key)}, after ${quoted(this.#image.name)}`,
      );
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
      throw this.#fault(member, `is not JSON: ${printable((error as Error).message)}`);
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
    return new RunError(`The member ${quoted(name)} at byte ${offset} of the shard "${this.path}" ${what}`);
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
