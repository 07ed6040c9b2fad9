import { basename, isAbsolute } from "node:path";
import { basename as lastOfUrl } from "node:path/posix";
import { parse, stringify } from "yaml";
import { RunFolder } from "@seed/core/host";
import type { NetworkSubject } from "../../network_subject.ts";

type Mapping = Readonly<Record<string, unknown>>;

/** Where a network is from, as its run or its file tells. Values come from files: anything may be missing. */
export interface Origin {
  readonly network: string;
  /** Name of the file of weights, its hash, and its layout. */
  readonly weights: { readonly file: string; readonly sha256: string; readonly layout: string };
  /** Null if it is no run's. */
  readonly run: {
    /** `run.json` and `summary.json`. */
    readonly facts: Mapping;
    readonly summary: Mapping;
    /** The recipe, but of absolute paths the last part alone: the others say where somebody's files lie. */
    readonly recipe: Mapping;
    readonly recipeText: string;
  } | null;
}

/** Reads it. */
export async function originOf({ network, weights, layout, hash, run }: NetworkSubject): Promise<Origin> {
  const file = { file: basename(weights), sha256: await hash(), layout };
  if (!run) return { network, weights: file, run: null };
  const folder = new RunFolder(run.finished.folder);
  const recipe = withoutFolders(parse(await Deno.readTextFile(folder.file("recipe")))) as Mapping;
  return {
    network,
    weights: file,
    run: {
      facts: withoutFolders(await folder.facts()) as Mapping,
      summary: withoutFolders(await folder.summary() ?? {}) as Mapping,
      recipe,
      recipeText: stringify(recipe),
    },
  };
}

/** What is at a path of keys, if there is a mapping all the way; else undefined. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((inner, key) => isMapping(inner) ? inner[key] : undefined, value);
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Absolute paths, as such or as the `file:` addresses of plugins, become their last part, wherever they stand. */
function withoutFolders(value: unknown): unknown {
  if (typeof value === "string") {
    return value.startsWith("file:") ? lastOfUrl(value) : isAbsolute(value) ? basename(value) : value;
  }
  if (Array.isArray(value)) return value.map(withoutFolders);
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutFolders(inner)]));
}
