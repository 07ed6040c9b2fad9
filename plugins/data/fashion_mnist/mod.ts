/**
 * Fashion-MNIST: 28 x 28 gray pictures of clothes that are read where they lie.
 *
 * @module
 */
import { join } from "node:path";
import {
  type DataSource,
  definePlugin,
  isFile,
  type PluginContext,
  type PublishedFile,
  recordImageSet,
  RunError,
  tellClassesWithoutGallery,
  unpackPublished,
  z,
} from "@seed/core";
import { readIdx, SIDE } from "./idx.ts";

/** As its publisher names them (https://github.com/zalandoresearch/fashion-mnist). */
const CLASS_NAMES = [
  ...["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"],
  ...["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
];

const published = (name: string, md5: string): PublishedFile => ({
  name,
  url: `http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/${name}`,
  md5,
  maxBytes: 50_000_000,
});

/** Names, addresses and checksums are the publisher's. */
const FILES = {
  train: {
    images: published("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
    labels: published("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
  },
  test: {
    images: published("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
    labels: published("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
  },
};

export default definePlugin({
  kind: "data",
  name: "@seed/data-fashion-mnist",
  apiVersion: 1,
  about: {
    summary: "Fashion-MNIST: 70,000 gray pictures of clothes, 28 x 28",
    source: "arXiv:1708.07747; https://github.com/zalandoresearch/fashion-mnist, MIT",
  },
  options: z.strictObject({
    /** Folder of the four files, packed (.gz) or not. */
    root: z.string(),
    /** Fetches into `root` those that are not there. */
    download: z.boolean().default(false),
  }),
  async standIn(options, { folder, images }) {
    for (const files of Object.values(FILES)) {
      const pixels = Uint8Array.from({ length: images * SIDE * SIDE }, (_, i) => (i * 7919) >> 3);
      await writeIdx(join(folder, plain(files.images)), [images, SIDE, SIDE], pixels);
      await writeIdx(join(folder, plain(files.labels)), [images], new Uint8Array(images));
    }
    return { ...options, root: folder, download: false };
  },
  async create({ root, download }, context): Promise<DataSource> {
    const folder = context.resolve(root);
    const open = async (name: "train" | "test") => {
      const images = await find(folder, FILES[name].images, download, context);
      const labels = await find(folder, FILES[name].labels, download, context);
      const pixels = { width: SIDE, height: SIDE, layout: "gray" } as const;
      return recordImageSet([readIdx(name, images, labels)], pixels, CLASS_NAMES);
    };
    const gallery = await open("train"), queries = await open("test");
    tellClassesWithoutGallery({ gallery, queries }, context.log);
    return { train: gallery, evaluation: { gallery, queries }, [Symbol.dispose]() {} };
  },
});

/** The path of a file that is not packed. */
async function find(
  folder: string,
  file: PublishedFile,
  fetch: boolean,
  context: PluginContext,
): Promise<string> {
  const path = join(folder, plain(file));
  if (await isFile(path)) return path;
  const unpacked = await unpackPublished(file, folder, fetch, context);
  if (unpacked !== null) return unpacked;
  throw new RunError(
    `"${folder}" holds neither ${file.name} nor ${
      plain(file)
    }; set data.root to their folder, or data.download to ` +
      "true to fetch them",
  );
}

function plain({ name }: PublishedFile): string {
  return name.replace(/\.gz$/, "");
}

async function writeIdx(path: string, shape: number[], values: Uint8Array): Promise<void> {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint32(0, 0x0800 + shape.length);
  shape.forEach((length, i) => header.setUint32(4 + 4 * i, length));
  const file = new Uint8Array(header.byteLength + values.length);
  file.set(new Uint8Array(header.buffer));
  file.set(values, header.byteLength);
  await Deno.writeFile(path, file);
}
