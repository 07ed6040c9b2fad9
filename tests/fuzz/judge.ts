import { dirname, join } from "node:path";
import { printable, RunError, UsageError } from "@seed/core";
import { RecipeError } from "@seed/core/host";
import { forgetPeak, peakBytes, residentBytes } from "./memory.ts";
import type { Outcome, Reader, Seed } from "./reader.ts";

const SECONDS = 2, SPARE_BYTES = 64 * 2 ** 20, LONGEST_MESSAGE = 20_000;

/** A peak so far above what is there now is forgotten, so that no other mutant is blamed for it. */
const STALE_BYTES = 16 * 2 ** 20;

/** Times that a mutant which took too much is tried again: a busy machine and the garbage collector play a role, too. */
const TRIES = 3;

let judged = 0;

/** Has a reader read a seed's files, of which some are changed, below a folder. */
export async function judge(reader: Reader, seed: Seed, below: string): Promise<Outcome> {
  let outcome: Outcome & { isExcess?: boolean };
  for (let tries = 0; tries < TRIES; tries++) {
    const folder = join(below, `${judged++}`); // files that are kept open are not another mutant's
    await write(folder, seed);
    try {
      outcome = await judgeOnce(reader, seed, folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
    if (!outcome.isExcess) return outcome;
    (globalThis as { gc?(): void }).gc?.();
  }
  return outcome!;
}

async function write(folder: string, { files }: Seed): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(folder, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(path, bytes);
  }
}

async function judgeOnce(
  reader: Reader,
  seed: Seed,
  folder: string,
): Promise<Outcome & { isExcess?: boolean }> {
  if (peakBytes() - residentBytes() > STALE_BYTES) forgetPeak();
  const before = residentBytes(), started = performance.now();
  let outcome: Outcome = { kind: "accepted" }, allowed = 0;
  try {
    await reader.read(folder, seed);
  } catch (error) {
    const what = faultOf(error, reader, seed, folder);
    outcome = what === null ? { kind: "refused" } : { kind: "fault", what };
  }
  const seconds = (performance.now() - started) / 1000, limit = reader.seconds ?? SECONDS;
  const taken = peakBytes() - before;
  if (outcome.kind === "fault") return outcome;
  if (seconds > limit) return { kind: "fault", what: `it took ${seconds.toFixed(1)} s`, isExcess: true };
  const size = Object.values(seed.files).reduce((sum, { length }) => sum + length, 0);
  if (taken > size + SPARE_BYTES && outcome.kind === "accepted") {
    allowed = await reader.accepts?.(folder, seed) ?? 0;
  }
  if (taken <= size + SPARE_BYTES + allowed) return outcome;
  return {
    kind: "fault",
    what: `it took ${Math.round(taken / 1e6)} MB for ${size} bytes (${outcome.kind})`,
    isExcess: true,
  };
}

/** What is wrong with an error; null: it is as errors should be. */
function faultOf(error: unknown, { names }: Reader, { files }: Seed, folder: string): string | null {
  const isOurs = error instanceof RunError || error instanceof UsageError || error instanceof RecipeError;
  if (!isOurs) return error instanceof Error ? `${error.stack ?? error}` : `it threw ${String(error)}`;
  const { message } = error, known = names ?? [...Object.keys(files), folder];
  if (message !== printable(message)) return `control characters in the message ${JSON.stringify(message)}`;
  if (!known.some((name) => message.includes(name))) {
    return `no file is named in the message ${JSON.stringify(message)}`;
  }
  return message.length <= LONGEST_MESSAGE ? null : `a message of ${message.length} characters`;
}
