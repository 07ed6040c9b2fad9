import { nearest, UsageError } from "@seed/core";
import type { Network } from "@seed/nn";
import { parseArguments } from "./arguments.ts";
import type { Listing } from "./listings/listing.ts";
import { table } from "./table.ts";

export const help = `Usage: deno task ls [recipes|plugins|networks|runs|caches] [flags]

Lists what there is; without a name, everything.

  recipes    those that come with SEED
  plugins    those that come with SEED
  networks   those that weights are read for: trainable parameters (without classifier and head), multiplications
             for a picture of 224 px, and the layouts of weights
  runs       those below runs/ here, with their state, last loss and figures
  caches     teachers' embeddings below caches/ here, with their size and what they are of

  --network MODULE  lists networks of a module of yours too, ./my_network.ts, which runs its code; repeatable
  --json            prints { NAME: [...] } on standard output

Example: deno task ls networks`;

// Each lists items of its own.
const LISTINGS: Record<string, (modules: readonly string[]) => Promise<Listing<any>>> = {
  recipes: async () => (await import("./listings/recipes.ts")).recipes,
  plugins: async () => (await import("./listings/plugins.ts")).plugins,
  networks: async (modules) => (await import("./listings/networks.ts")).networks(await networksIn(modules)),
  runs: async () => (await import("./listings/runs.ts")).runs,
  caches: async () => (await import("./listings/caches.ts")).caches,
};

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, {
    network: { type: "string", multiple: true },
    json: { type: "boolean" },
  });
  const names = namesOf(parsed.positionals), modules = parsed.list("network");
  if (modules.length && !names.includes("networks")) {
    throw new UsageError("--network is for the list of networks: ls networks --network MODULE");
  }
  const lists: Record<string, unknown[]> = {}, texts: string[] = [];
  for (const name of names) {
    const listing = await LISTINGS[name](modules);
    const items = lists[name] = await listing.items();
    texts.push(
      items.length ? table([listing.header, ...items.map((item) => listing.cells(item))]) : listing.none,
    );
  }
  console.log(parsed.has("json") ? JSON.stringify(lists) : texts.join("\n\n"));
  return 0;
}

/** Those of modules, each by its export's name or all that the module has. */
async function networksIn(modules: readonly string[]): Promise<Network[]> {
  if (modules.length === 0) return [];
  const { networksOf } = await import("./named_network.ts"), found: Network[] = [];
  for (const module of modules) found.push(...(await networksOf(module)).map(([, network]) => network));
  return found;
}

function namesOf(positionals: string[]): string[] {
  const known = Object.keys(LISTINGS);
  if (positionals.length === 0) return known;
  if (positionals.length > 1) throw new UsageError(`Expected one of ${known.join(", ")}, or nothing`);
  if (known.includes(positionals[0])) return positionals;
  const close = nearest(positionals[0], known);
  throw new UsageError(
    `Cannot list "${positionals[0]}". ${
      close ? `Did you mean "${close}"?` : `There are ${known.join(", ")}`
    }`,
  );
}
