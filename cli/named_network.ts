/**
 * What `--network` names: a network of SEED, or one of a module that somebody else has written.
 *
 * @module
 */
import { quoted, UsageError } from "@seed/core";
import { importExports } from "@seed/core/host";
import { type Network, networkNamed } from "@seed/nn";
import { isMeantAsNetwork, networkProblem } from "@seed/nn/host";

/** A path or a URL, as recipes write plugins' modules; names of networks have no such beginning. */
const MODULE = /^(\.{0,2}\/|[a-z]:[\\/]|\w+:)/i;

/**
 * The network of a name, or of a module: `./my_network.ts` if it exports one, `./my_network.ts#name` for an export of
 * that name. Importing a module runs its code: whoever types its path has chosen it.
 *
 * @throws {UsageError} If there is no such network, the module cannot be loaded, or what it exports is none.
 */
export async function namedNetwork(name: string): Promise<Network> {
  if (!MODULE.test(name)) return networkNamed(name);
  const networks = await networksOf(name);
  if (networks.length === 1) return networks[0][1];
  const exported = networks.map(([exportName]) => `"${name}#${exportName}"`).join(", ");
  throw new UsageError(`${quoted(name, 300)} exports ${networks.length} networks; name one: ${exported}`);
}

/**
 * Networks of a module by the names that it exports them under: all, or the one after `#`.
 *
 * @throws {UsageError} If it cannot be loaded, or exports none.
 */
export async function networksOf(specifier: string): Promise<[exportName: string, network: Network][]> {
  const { exports, exportName } = await imported(specifier);
  const wanted = exportName === undefined
    ? Object.entries(exports).filter(([, value]) => isMeantAsNetwork(value))
    : [[exportName, exports[exportName]] as const];
  const known = wanted.filter(([, value]) => isMeantAsNetwork(value));
  if (known.length === 0) {
    const found = exportName === undefined ? "exports no network" : "is no network";
    throw new UsageError(
      `${quoted(specifier, 300)} ${found} (the module exports ${
        Object.keys(exports).join(", ") || "nothing"
      }); ` +
        "a network is { name, build, inputSize, normalization, layouts }: see docs/plugins.md",
    );
  }
  return known.map(([exportName, value]) => {
    const problem = networkProblem(value as Partial<Network>);
    if (problem) throw new UsageError(`The network of ${quoted(specifier, 300)} ${problem}`);
    return [exportName, value as Network];
  });
}

async function imported(specifier: string): ReturnType<typeof importExports> {
  try {
    return await importExports(specifier, { as: "network", from: "command line" });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
