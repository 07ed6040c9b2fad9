import { join } from "node:path";
import { cachedIndex, type DataSource, loadImage, readTar, TAR_END, tarMember } from "@seed/core";
import cifar from "../../../plugins/data/cifar/mod.ts";
import fashion from "../../../plugins/data/fashion_mnist/mod.ts";
import list from "../../../plugins/data/list/mod.ts";
import tsv from "../../../plugins/data/tsv/mod.ts";
import webdataset from "../../../plugins/data/webdataset/mod.ts";
import { indexShard } from "../../../plugins/data/webdataset/index_shard.ts";
import { joined, utf8 } from "../../support/bytes.ts";
import { contextIn } from "../../support/plugin_context.ts";
import { repairTar } from "../checksums.ts";
import type { Reader, Seed } from "../reader.ts";

const PIXEL = Uint8Array.fromBase64(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC",
);

function shard(): Uint8Array {
  const members: [string, Uint8Array][] = [
    ...[["a/1.png", PIXEL], ["a/1.cls", utf8("003")], ["a/2.txt", utf8("a caption")], [
      "a/2.png",
      PIXEL,
    ]] as const,
    ...[["a/2.json", utf8('{"label": 1, "caption": "two"}')], [`${"long/".repeat(40)}3.png`, PIXEL]] as const,
    ...[[`${"long/".repeat(40)}3.cls`, utf8("0\n")], ["b/ü.jpg", PIXEL], ["b/ü.cls", utf8("2")]] as const,
  ].map(([name, bytes]) => [name, bytes]);
  return joined([...members.flatMap(([name, bytes]) => tarMember(name, bytes)), TAR_END]);
}

/** Every image and label, as far as images are there. */
async function readAll(source: DataSource): Promise<void> {
  using data = source;
  for (const set of [data.train, data.evaluation?.queries]) {
    for (let i = 0; set && i < Math.min(set.length, 100); i++) {
      set.label?.(i);
      const image = set.image(i);
      // A list may name any file: those that are not there are told before, and are not what is read here.
      if (image.offset !== undefined) await loadImage(image);
    }
  }
}

function idx(shape: number[]): Uint8Array {
  const lengths = shape.flatMap((length) => [length >> 24, length >> 16, length >> 8, length]);
  const values = Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i % 10);
  return joined([Uint8Array.of(0, 0, 8, shape.length, ...lengths), values]);
}

const cifarRecords = (...labels: number[]) => joined(labels.map((label) => new Uint8Array(3073).fill(label)));

const TAR_WORDS = [
  "ustar\0",
  "ustar  \0",
  "././@PaxHeader",
  "././@LongLink",
  "11 path=../x\n",
  "20 size=9999999999999\n",
  "30 GNU.sparse.size=99999999\n",
  "77777777777\0",
  "\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
];

export const DATA: readonly Reader[] = [
  {
    name: "tar",
    seeds: () => [{ name: "shard", files: { "archive.tar": shard() } }],
    read(folder) {
      const path = join(folder, "archive.tar");
      using file = Deno.openSync(path);
      const { size } = file.statSync();
      for (const member of readTar(file, path)) {
        if (member.offset + member.size > size) {
          throw new Error(`the member "${member.name}" ends after the archive`);
        }
      }
    },
    repair: repairTar,
    words: TAR_WORDS,
  },
  {
    name: "webdataset",
    seeds: () => [{
      name: "shard",
      files: { "train-0.tar": shard(), "classes.txt": utf8("ant\nbee\ncat\ndog\n") },
    }],
    async read(folder) {
      const given = { root: ".", class_names: "classes.txt" };
      await readAll(await webdataset.create(webdataset.options.parse(given), contextIn(folder)));
    },
    repair: (bytes) => bytes.length > 1000 ? repairTar(bytes) : bytes,
    words: [...TAR_WORDS, '{"label": -1}', '{"label": 1e99}', "[[[[", "4294967296"],
  },
  {
    name: "index-of-shards",
    seeds: async () => {
      const folder = await Deno.makeTempDir(),
        path = join(folder, "train-0.tar"),
        cacheDir = join(folder, "cache");
      try {
        await Deno.writeFile(path, shard());
        const images = await indexShard(path, new AbortController().signal);
        await cachedIndex(path, { cacheDir, log() {} }, () => Promise.resolve(images));
        const [{ name }] = Deno.readDirSync(cacheDir);
        return [{
          name: "index",
          files: { "train-0.tar": shard(), index: await Deno.readFile(join(cacheDir, name)) },
          victims: ["index"],
        }];
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
    async read(folder) {
      const path = join(folder, "train-0.tar"), cacheDir = join(folder, "cache"), log = () => {};
      const images = () => indexShard(path, new AbortController().signal);
      await cachedIndex(path, { cacheDir, log }, images);
      const [{ name }] = Deno.readDirSync(cacheDir);
      await Deno.copyFile(join(folder, "index"), join(cacheDir, name));
      const found = await cachedIndex(path, { cacheDir, log }, images), right = await images();
      if (
        found.names.at(0) !== right.names.at(0) || found.offsets[0] !== right.offsets[0] ||
        found.labels.join() !== right.labels.join()
      ) {
        throw new Error("the damaged index was taken");
      }
    },
  },
  {
    name: "tsv",
    seeds: (): Seed[] => {
      const line = `3\t${PIXEL.toBase64()}\n`, lines = line.repeat(4);
      const starts = [0, 1, 2, 3].map((i) => `${i * line.length}\n`).join("");
      return [
        { name: "with index", files: { "train.tsv": utf8(lines), "train.lineidx": utf8(starts) } },
        { name: "without", files: { "train.tsv": utf8(lines.replaceAll("\n", "\r\n")) } },
        { name: "with names", files: { "train.tsv": utf8(`a.png\t${line}`.repeat(4)) } },
      ];
    },
    read: async (folder) =>
      await readAll(await tsv.create(tsv.options.parse({ root: "train.tsv" }), contextIn(folder))),
    words: ["\t", "\n\n", "\t\t", "9007199254740992\n", "-1\n", "="],
  },
  {
    name: "list",
    seeds: () => [
      { name: "tabs", files: { "list.txt": utf8("a/1.png\tant\na/b c.png\tbee\nü.jpg\tant\n") } },
      { name: "numbers", files: { "list.txt": utf8("a/1.png 0\nb/2.JPEG 12\n/x/3.gif 1\n") } },
      { name: "bare", files: { "list.txt": utf8("a/1.png\r\nb/2.jpeg\r\n") } },
    ],
    read: async (folder) =>
      await readAll(await list.create(list.options.parse({ root: "list.txt" }), contextIn(folder))),
    words: ["\t", " ", "\n\n", "\xff\xfe", "99999999999999999999"],
  },
  {
    name: "idx",
    seeds: () => {
      const files = {
        "train-images-idx3-ubyte": idx([2, 28, 28]),
        "train-labels-idx1-ubyte": idx([2]),
        "t10k-images-idx3-ubyte": idx([1, 28, 28]),
        "t10k-labels-idx1-ubyte": idx([1]),
      };
      return [{ name: "Fashion-MNIST", files }];
    },
    read: async (folder) =>
      await readAll(await fashion.create(fashion.options.parse({ root: "." }), contextIn(folder))),
  },
  {
    name: "cifar",
    seeds: () => {
      const batches = [1, 2, 3, 4, 5].map((i) => [`data_batch_${i}.bin`, cifarRecords(i, 9)]);
      const names = utf8("airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n");
      return [{
        name: "CIFAR-10",
        files: {
          ...Object.fromEntries(batches),
          "test_batch.bin": cifarRecords(3),
          "batches.meta.txt": names,
        },
      }];
    },
    read: async (folder) =>
      await readAll(await cifar.create(cifar.options.parse({ root: "." }), contextIn(folder))),
  },
];
