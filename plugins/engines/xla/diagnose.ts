import { type Diagnosis, type PluginContext, RunError } from "@seed/core";
import { describeCard, findCards, type FoundCards } from "./driver/find_cards.ts";
import { findInstalledCudaPlugin, SIZES } from "./install/find_plugin.ts";
import { openLibraries } from "./install/open_libraries.ts";
import { PLUGIN_VERSION } from "./install/wheels.ts";
import { PjrtApi } from "./pjrt/api.ts";
import { Client } from "./pjrt/client.ts";
import { pluginFile } from "./pjrt/plugin_file.ts";
import { type TrialOptions, tryPlugin } from "./pjrt/try_plugin.ts";

/**
 * What the driver tells of, and whether XLA's plugin is there and loads; of one that a variable names also what it
 * computes on.
 *
 * @param find Asks the driver for cards.
 */
export async function diagnose(
  context: Pick<PluginContext, "cacheDir" | "log" | "signal">,
  find = findCards,
): Promise<Diagnosis[]> {
  const found = find(), cards = { subject: "NVIDIA cards", ok: true, message: describeCards(found) };
  const named = pluginFile(null);
  if (named) return [cards, await xla(() => describePlugin(named, context))];
  if (found.kind !== "usable") return [cards];
  return [cards, await xla(() => describeInstalled(context))];
}

/** A plugin that cannot be used is a row of its own beside the cards'. */
async function xla(describe: () => Promise<string>): Promise<Diagnosis> {
  try {
    return { subject: "XLA", ok: true, message: await describe() };
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return { subject: "XLA", ok: false, message: error.message };
  }
}

function describeCards(found: FoundCards): string {
  if (found.kind !== "usable") return found.reason;
  const cards = `${found.cards.map(describeCard).join(", ")}; the driver has CUDA ${found.cuda}`;
  return [cards, ...found.leftOut].join(". ");
}

async function describePlugin(file: string, context: TrialOptions): Promise<string> {
  await tryPlugin(file, context);
  using client = Client.open(PjrtApi.load(file), "all");
  const { api, devices, deviceKind, platform } = client;
  const count = `${devices.length} ${devices.length === 1 ? "device" : "devices"}`;
  return `${count} of kind "${deviceKind}" (${platform}) by "${api.path}", PJRT C API ${api.version}`;
}

/** No client is made: it would take most of a card's memory. */
async function describeInstalled(context: TrialOptions): Promise<string> {
  const { cacheDir } = context, plugin = await findInstalledCudaPlugin({ cacheDir });
  if (!plugin) {
    return `Not installed yet: the first run installs ${PLUGIN_VERSION} in ${cacheDir} (${SIZES.fetched} to fetch, ` +
      `${SIZES.installed} on disk, ${SIZES.needed} while it is installed)`;
  }
  openLibraries(plugin.site);
  await tryPlugin(plugin.file, context);
  return `"${plugin.file}", PJRT C API ${PjrtApi.load(plugin.file).version}`;
}
