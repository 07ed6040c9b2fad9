/**
 * Looks at a folder of pictures before a recipe is written for it.
 *
 * @module
 */
import { resolve } from "node:path";
import { type ImageSet, RunError } from "@seed/core";
import type { Host } from "@seed/core/host";
import { divide, drawSome, openImageFolder } from "@seed/data-image-folder";
import { HELD_OUT, MOST_GALLERY, MOST_HELD_OUT } from "../settings.ts";
import { type Copies, findCopies } from "./copies.ts";
import { readSome, type Sample } from "./sample.ts";

/** What is in a folder. */
export interface FolderLook {
  /** All that is listed, what is held out among it. */
  readonly images: number;
  /** To train on. */
  readonly train: number;
  readonly evaluation: EvaluationImages | null;
  /** Names and numbers of the classes of what is trained on; null: it has none, or but one. */
  readonly classes: readonly { readonly name: string; readonly images: number }[] | null;
  readonly copies: Copies;
  readonly sample: Sample;
}

/** What is evaluated on. */
export interface EvaluationImages {
  readonly queries: number;
  readonly gallery: number;
  /** Share that the recipe holds out; null: the folder has `val/` or `test/`. */
  readonly heldOut: number | null;
  /** How many of the images to train on are the gallery; null: all. */
  readonly drawn: number | null;
}

/** Fewer are no queries to tell anything by, and fewer to train on make no step. */
const LEAST_QUERIES = 5, LEAST_TRAINED = 8;
/** A folder's own queries are compared with one another. */
const LEAST_OWN_QUERIES = 2;
/** Seconds that reading pictures, and comparing them, may take. */
const READING = 10, COMPARING = 10;

/** @throws {RunError} If there are no pictures, hardly any, or none that can be read. */
export async function lookAtFolder(root: string, host: Host): Promise<FolderLook> {
  const opened = await openImageFolder(resolve(root), { option: "--data", log: host.log });
  const { train, queries, heldOut } = splitOf(opened);
  const gallery = drawSome(train, MOST_GALLERY), sets = queries ? [train, queries] : [train];
  const sample = await readSome(sets, host, READING);
  requireSome(root, opened.train, sample);
  return {
    images: train.length + (queries?.length ?? 0),
    train: train.length,
    evaluation: queries &&
      {
        ...{ queries: queries.length, gallery: gallery.length, heldOut },
        drawn: gallery === train ? null : gallery.length,
      },
    classes: classesOf(train),
    copies: await findCopies(train, queries, host, COMPARING),
    sample,
  };
}

/** A folder without a split has a share held out, if that leaves something. */
function splitOf(
  { train: all, queries }: { train: ImageSet; queries: ImageSet | null },
): { train: ImageSet; queries: ImageSet | null; heldOut: number | null } {
  const none = { train: all, queries: null, heldOut: null };
  if (queries) return queries.length < LEAST_OWN_QUERIES ? none : { train: all, queries, heldOut: null };
  // Two digits: the recipe's number is the one that is meant here.
  const share = Math.max(0.01, Number(Math.min(HELD_OUT, MOST_HELD_OUT / all.length).toPrecision(2)));
  // Of classes of one picture none is, and of classes of two one of each.
  const divided = divide(all, share);
  const isEnough = divided.queries.length >= LEAST_QUERIES && divided.train.length >= LEAST_TRAINED;
  return isEnough ? { ...divided, heldOut: share } : none;
}

function requireSome(root: string, listed: ImageSet, { looked, whole, broken }: Sample): void {
  if (whole.length === 0) {
    throw new RunError(
      `None of the ${looked} pictures in "${root}" that were read can be. The first: ${broken[0].message}`,
    );
  }
  if (listed.length >= LEAST_TRAINED) return;
  throw new RunError(
    `"${root}" has ${listed.length} pictures, too few to train on; give it ${LEAST_TRAINED} at least, or some hundreds`,
  );
}

function classesOf({ length, label, classNames }: ImageSet): FolderLook["classes"] {
  if (!label || !classNames || classNames.length < 2) return null;
  const counts = new Array<number>(classNames.length).fill(0);
  for (let i = 0; i < length; i++) counts[label(i)]++;
  return classNames.map((name, i) => ({ name, images: counts[i] }));
}
