import { UsageError } from "@seed/core/text";

/** What a process is told about the run that it is one of, by the variables that PyTorch's `torchrun` sets. */
export interface Meeting {
  readonly rank: number;
  readonly size: number;
  /** Where the first process listens. */
  readonly hostname: string;
  readonly port: number;
  /** A secret that all processes of the run have. */
  readonly token: string;
  /** Seconds that they wait for one another. */
  readonly patience: number;
}

/** Seconds, unless `SEED_RUN_WAIT` says otherwise. */
const PATIENCE = 120;

/** What each variable is, for the message that it is missing. */
const NEEDED: Record<string, string> = {
  RANK: "the number of this process, from 0",
  WORLD_SIZE: "how many processes there are",
  MASTER_ADDR: "the address of the first process's host",
  MASTER_PORT: "a free port there, for example 29500",
  SEED_RUN_TOKEN:
    "a secret that all of them have, for example what `openssl rand -hex 16` prints, the same for all",
};

/**
 * The meeting that a process's environment calls it to; null: to none.
 *
 * @throws {UsageError} If a variable is missing, or none of its kind.
 */
export function meetingOf(env: (name: string) => string | undefined): Meeting | null {
  const value = (name: string) => env(name) || undefined; // an empty one is none
  const calling = ["RANK", "WORLD_SIZE"].find((name) => value(name) !== undefined);
  if (!calling || value("WORLD_SIZE") === "1") return null;
  const missing = Object.keys(NEEDED).find((name) => value(name) === undefined);
  if (missing) {
    throw new UsageError(
      `${calling} is set, so this process is one of several, but ${missing} is missing: ${
        NEEDED[missing]
      }. Set ` +
        `${Object.keys(NEEDED).join(", ")} for all processes, or unset RANK and WORLD_SIZE`,
    );
  }
  const size = numberIn(value, "WORLD_SIZE", 1, 65_536), rank = numberIn(value, "RANK", 0, size - 1);
  const hostname = value("MASTER_ADDR")!;
  if (!/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(hostname)) {
    throw new UsageError(`MASTER_ADDR is "${hostname}", expected a host's name or its IPv4 address`);
  }
  return {
    ...{ rank, size, hostname, port: numberIn(value, "MASTER_PORT", 1, 65_535) },
    token: value("SEED_RUN_TOKEN")!,
    patience: value("SEED_RUN_WAIT") === undefined ? PATIENCE : numberIn(value, "SEED_RUN_WAIT", 1, 86_400),
  };
}

function numberIn(
  value: (name: string) => string | undefined,
  name: string,
  least: number,
  most: number,
): number {
  const text = value(name)!, number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  const why = name === "RANK" ? `: WORLD_SIZE is ${most + 1}` : "";
  throw new UsageError(`${name} is "${text}", expected a number from ${least} to ${most}${why}`);
}
