import { type Device, RunError } from "@seed/core";
import { findCards, haveBf16, requireCards } from "../driver/find_cards.ts";
import { openForGood } from "../driver/open_for_good.ts";
import { findCudaPlugin, type FindOptions } from "./find_plugin.ts";
import { openLibraries } from "./open_libraries.ts";

/** What the engine is opened with. */
export interface PreparedPlugin {
  /** The plugin's file, ready to be loaded. */
  readonly pluginFile: string;
  /** Whether all cards compute in bf16. */
  readonly bf16: boolean;
}

/**
 * Makes XLA's plugin for NVIDIA cards ready. Nothing is fetched or loaded unless there is a card
 * that it can use.
 *
 * @param find Asks the driver for cards.
 * @param open Loads a library for good; returns what is wrong with it.
 * @throws {RunError} If there is none, or the plugin cannot be installed.
 */
export async function prepareCudaPlugin(
  { device, ...options }: FindOptions & { device: Device | "auto" },
  find = findCards,
  open = openForGood,
): Promise<PreparedPlugin> {
  if (device === "cpu") {
    throw new RunError(
      'XLA computes on NVIDIA cards, but the recipe asks for engine.device "cpu": leave out engine.plugin, or name a ' +
        "plugin for processors by engine.plugin_file or SEED_PJRT_PLUGIN",
    );
  }
  const bf16 = haveBf16(requireCards(find()));
  const { file, site } = await findCudaPlugin(options);
  openLibraries(site, open);
  return { pluginFile: file, bf16 };
}
