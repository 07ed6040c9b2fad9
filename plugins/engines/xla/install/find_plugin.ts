import { resolve } from "node:path";
import { installPackages, isFile, isInstalled, type PipPackages, RunError } from "@seed/core";
import { LIBRARIES } from "./open_libraries.ts";
import { PIP_ARGUMENTS, PLUGIN_VERSION, WHEELS } from "./wheels.ts";

/** Variable that names a folder where the wheels are installed already. */
export const SITE_VARIABLE = "SEED_XLA_PYTHON";
/** The plugin in a folder of wheels. It looks for NVIDIA's libraries beside it. */
const PLUGIN = "jax_plugins/xla_cuda13/xla_cuda_plugin.so";
/** For messages: what pip fetches, what is on the disk then, and what must be free meanwhile. */
export const SIZES = { fetched: "2.5 GB", installed: "4.0 GB", needed: "7 GB" } as const;

/** XLA's plugin for NVIDIA cards. */
export interface CudaPlugin {
  readonly file: string;
  /** The folder of wheels that it is in, with NVIDIA's libraries. */
  readonly site: string;
}

/** How it is found. */
export interface FindOptions {
  /** The engine's folder in the cache. */
  cacheDir: string;
  log(message: string): void;
  signal: AbortSignal;
}

/**
 * Finds XLA's plugin for NVIDIA cards: in the folder that `SEED_XLA_PYTHON` names, else the installed one, which is
 * installed if need be. Ask {@link findCards} first: without a card it is of no use.
 *
 * @throws {RunError} If the folder lacks something, there are no wheels for this machine, or they cannot be installed.
 */
export async function findCudaPlugin(options: FindOptions): Promise<CudaPlugin> {
  const named = await namedPlugin();
  if (named) return named;
  const wanted = installation(options.cacheDir);
  await installPackages({ ...wanted, log: options.log, signal: options.signal });
  return pluginIn(wanted.into);
}

/**
 * The one that {@link findCudaPlugin} would find, or null if it would have to install it.
 *
 * @throws {RunError} If the folder that `SEED_XLA_PYTHON` names lacks something, or there are no wheels for this machine.
 */
export async function findInstalledCudaPlugin(
  { cacheDir }: Pick<FindOptions, "cacheDir">,
): Promise<CudaPlugin | null> {
  const named = await namedPlugin();
  if (named) return named;
  const wanted = installation(cacheDir);
  return await isInstalled(wanted) ? pluginIn(wanted.into) : null;
}

/** @throws {RunError} If there are no wheels for this machine. */
function installation(cacheDir: string): Omit<PipPackages, "log" | "signal"> {
  const machine = `${Deno.build.os}-${Deno.build.arch}`;
  if (machine !== "linux-x86_64") {
    throw new RunError(
      `XLA for NVIDIA cards is installed on "linux-x86_64" only, and this machine is "${machine}"; name a plugin of your ` +
        "own by SEED_PJRT_PLUGIN",
    );
  }
  return {
    what: `XLA ${PLUGIN_VERSION} for NVIDIA cards (${SIZES.fetched} to fetch, ${SIZES.installed} on disk)`,
    packages: WHEELS,
    pipArguments: PIP_ARGUMENTS,
    space: `${SIZES.needed} while it is installed`,
    into: `${cacheDir}/cuda13-${PLUGIN_VERSION}`,
    expect: [PLUGIN, ...LIBRARIES],
  };
}

async function namedPlugin(): Promise<CudaPlugin | null> {
  const named = Deno.env.get(SITE_VARIABLE);
  if (!named) return null;
  const site = resolve(named);
  for (const file of [PLUGIN, ...LIBRARIES]) {
    if (await isFile(`${site}/${file}`)) continue;
    throw new RunError(
      `${SITE_VARIABLE} names a folder without "${site}/${file}"; it must be the folder site-packages of a Python with ` +
        "the packages jax-cuda13-pjrt and jax-cuda13-plugin[with-cuda], or unset, and what is needed is installed",
    );
  }
  return pluginIn(site);
}

function pluginIn(site: string): CudaPlugin {
  return { file: `${site}/${PLUGIN}`, site };
}
