import type { Engine } from "@seed/core";
import { EagerEngine } from "@seed/engine-eager";

/** The engine that needs no download. */
export async function eagerEngine(): Promise<Engine> {
  return await EagerEngine.open();
}

/** The same, which says that its calls are queued, so that steps are read one late. */
export async function queuingEagerEngine(): Promise<Engine> {
  return Object.assign(await EagerEngine.open(), { queuesCalls: true });
}
