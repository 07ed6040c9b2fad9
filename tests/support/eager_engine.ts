import type { Engine } from "@seed/core";
import { EagerEngine } from "@seed/engine-eager";

/** The engine that needs no download. */
export async function eagerEngine(): Promise<Engine> {
  return await EagerEngine.open();
}
