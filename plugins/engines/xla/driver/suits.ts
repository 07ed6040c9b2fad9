import { type Device, RunError } from "@seed/core";
import type { FoundCards } from "./find_cards.ts";

/** What a recipe that names no engine asks for. */
export interface Asked {
  readonly device: Device | "auto";
  /** How many processes of the run are on this machine. */
  readonly processes: number;
}

/** Whether XLA is taken; if not, why, where there is something to tell. */
export type Suits = { readonly suits: true } | { readonly suits: false; readonly reason: string | null };

/**
 * Whether XLA is what such a recipe means on this machine. It is taken for NVIDIA cards alone: on processors other
 * engines are faster.
 *
 * @param find Asks the driver; called only if the answer depends on it.
 * @throws {RunError} If a card is asked for, and there is none that can be used.
 */
export function suits({ device, processes }: Asked, find: () => FoundCards): Suits {
  if (device === "cpu") return { suits: false, reason: null };
  const found = find();
  if (found.kind !== "usable") {
    if (device === "gpu") throw noCard(found.reason);
    return { suits: false, reason: found.kind === "none" ? null : found.reason };
  }
  if (processes === 1) return { suits: true };
  const reason = `Each of the ${processes} processes would take all cards, which one process uses by itself`;
  if (device === "gpu") throw new RunError(`${reason}: leave out --processes`);
  return { suits: false, reason };
}

function noCard(reason: string): RunError {
  return new RunError(
    `The recipe asks for engine.device "gpu". ${reason}. Without a card set engine.device to auto; for a TensorFlow with ` +
      'CUDA of your own (SEED_TENSORFLOW_DIR) set engine.plugin to "@seed/engine-tensorflow"',
  );
}
