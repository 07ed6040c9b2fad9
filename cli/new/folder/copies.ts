import { createHash } from "node:crypto";
import { type ImageSet, readRegular, RunError } from "@seed/core";
import { type Host, sha256OfFile } from "@seed/core/host";

/** Exact copies among pictures. */
export interface Copies {
  /** Pictures whose bytes are another's before them. */
  readonly copies: number;
  /** Of those that are evaluated on, how many are trained on too. */
  readonly across: number;
  /** Pictures that were compared with all others. */
  readonly compared: number;
}

/** A picture of one of two sets. */
interface Member {
  readonly file: string;
  readonly isQuery: boolean;
}

/** Pictures that are looked at, at most, and files that are asked for their size together. */
const MOST = 200_000, AT_ONCE = 64;
/** Bytes of a file that is read at once, not piece by piece: most pictures are smaller. */
const WHOLE = 1 << 20;

/**
 * Finds pictures that are the same to the byte. Only files of one size can be, so few are read.
 *
 * @param queries Pictures to evaluate on; null: there are none.
 * @param seconds After which no more files are read.
 */
export async function findCopies(
  train: ImageSet,
  queries: ImageSet | null,
  { signal }: Pick<Host, "signal">,
  seconds: number,
): Promise<Copies> {
  const until = performance.now() + 1000 * seconds, members = [...membersOf(train, queries)].slice(0, MOST);
  const groups = await bySize(members, signal);
  let copies = 0, across = 0, compared = members.length;
  for (const [size, group] of groups) {
    if (group.length === 1) continue;
    const found = await compare(group, size, () => (signal.throwIfAborted(), performance.now() > until));
    compared -= group.length - found.compared;
    copies += found.copies;
    across += found.across;
  }
  return { copies, across, compared };
}

function* membersOf(train: ImageSet, queries: ImageSet | null): Generator<Member> {
  for (let i = 0; i < train.length; i++) yield { file: train.image(i).file, isQuery: false };
  for (let i = 0; i < (queries?.length ?? 0); i++) yield { file: queries!.image(i).file, isQuery: true };
}

/** In groups of equal size; files that cannot be asked are in none. */
async function bySize(members: readonly Member[], signal: AbortSignal): Promise<Map<number, Member[]>> {
  const groups = new Map<number, Member[]>();
  for (let first = 0; first < members.length; first += AT_ONCE) {
    signal.throwIfAborted();
    const some = members.slice(first, first + AT_ONCE);
    const sizes = await Promise.all(some.map(({ file }) => sizeOf(file)));
    some.forEach((member, i) => {
      const size = sizes[i];
      if (size === 0) return; // empty ones are broken, not copies
      const group = groups.get(size) ?? [];
      groups.set(size, group);
      group.push(member);
    });
  }
  return groups;
}

/** 0: it is not there, or no file; it is told as one that cannot be read. */
async function sizeOf(file: string): Promise<number> {
  const { isFile, size } = await Deno.stat(file).catch(() => ({ isFile: false, size: 0 }));
  return isFile ? size : 0;
}

/** @param group In which those to train on come first. */
async function compare(
  group: readonly Member[],
  size: number,
  isLate: () => boolean,
): Promise<{ copies: number; across: number; compared: number }> {
  const seen = new Map<string, { trained: boolean }>();
  let copies = 0, across = 0, compared = 0;
  for (let first = 0; first < group.length && !isLate(); first += AT_ONCE) {
    const some = group.slice(first, first + AT_ONCE);
    const hashes = await Promise.all(some.map(({ file }) => hashOf(file, size)));
    compared += some.length;
    const found = count(some, hashes, seen);
    copies += found.copies;
    across += found.across;
  }
  return { copies, across, compared };
}

/** @param seen What was found before, by hash; it is added to. */
function count(
  members: readonly Member[],
  hashes: readonly (string | null)[],
  seen: Map<string, { trained: boolean }>,
): { copies: number; across: number } {
  let copies = 0, across = 0;
  members.forEach(({ isQuery }, i) => {
    const hash = hashes[i];
    if (hash === null) return;
    const before = seen.get(hash);
    if (before) copies++;
    if (before?.trained && isQuery) across++;
    if (!before) seen.set(hash, { trained: !isQuery });
  });
  return { copies, across };
}

async function hashOf(file: string, size: number): Promise<string | null> {
  try {
    if (size > WHOLE) return await sha256OfFile(file);
    return createHash("sha256").update(await readRegular(file, WHOLE, "a picture")).digest("hex");
  } catch (error) {
    if (error instanceof RunError || error instanceof Deno.errors.PermissionDenied) return null; // told as broken
    throw error;
  }
}
