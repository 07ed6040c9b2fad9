import type { PublishedFile } from "@seed/core";

/** One of the two data sets, as its publisher describes the binary version. */
export interface Variant {
  readonly archive: PublishedFile;
  /** The folder in the archive. */
  readonly folder: string;
  readonly train: readonly string[];
  readonly test: readonly string[];
  /** File with the name of a class a line. */
  readonly classNames: string;
  readonly classes: number;
  /** Bytes before the pixels of an image; the last is its class, one before it a coarser class. */
  readonly labelBytes: 1 | 2;
}

const PAGE = "https://www.cs.toronto.edu/~kriz";

/** By the name in recipes. Sizes, names and checksums: https://www.cs.toronto.edu/~kriz/cifar.html */
export const VARIANTS = {
  cifar10: {
    archive: {
      name: "cifar-10-binary.tar.gz",
      url: `${PAGE}/cifar-10-binary.tar.gz`,
      md5: "c32a1d4ab5d03f1284b67883e8d87530",
      maxBytes: 200_000_000,
    },
    folder: "cifar-10-batches-bin",
    train: [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`),
    test: ["test_batch.bin"],
    classNames: "batches.meta.txt",
    classes: 10,
    labelBytes: 1,
  },
  cifar100: {
    archive: {
      name: "cifar-100-binary.tar.gz",
      url: `${PAGE}/cifar-100-binary.tar.gz`,
      md5: "03b5dce01913d631647c71ecec9e9cb8",
      maxBytes: 200_000_000,
    },
    folder: "cifar-100-binary",
    train: ["train.bin"],
    test: ["test.bin"],
    classNames: "fine_label_names.txt",
    classes: 100,
    labelBytes: 2,
  },
} satisfies Record<string, Variant>;
