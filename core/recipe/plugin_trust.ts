/**
 * Which modules a recipe may have imported, and when. Importing a module runs its code with all that the process may
 * do, so who wrote the recipe decides what runs.
 *
 * @module
 */
import { isShipped } from "./plugin_loader.ts";

/**
 * Whose plugins are imported besides those that come with SEED and those that the user names by `--set`:
 * `named` - any that the recipe names: the user has chosen it to be run;
 * `shipped` - no others: the recipe came with something else, such as a run's folder.
 */
export type Trust = "named" | "shipped";

/** What to do with a plugin that a recipe names. */
export type Decision = "import" | "leave" | "refuse";

/** Decides on the plugins of one recipe. */
export class PluginTrust {
  #left = false;

  /**
   * @param trust Whose plugins are imported.
   * @param first Whether what does not come with SEED is left for now: it is imported when all else is right.
   */
  constructor(private readonly trust: Trust, private readonly first: boolean) {}

  /** Whether a plugin was left for now. */
  get left(): boolean {
    return this.#left;
  }

  /** @param typed Whether the user typed it: not the recipe, but `--set` names it. */
  decide(specifier: string, typed: boolean): Decision {
    if (isShipped(specifier)) return "import";
    if (this.trust === "shipped" && !typed) return "refuse";
    this.#left ||= this.first;
    return this.first ? "leave" : "import";
  }
}

/** Why a plugin is refused. */
export function refusal(specifier: string): string {
  return `The plugin "${specifier}" does not come with SEED, and importing it runs its code; look at it, and add ` +
    "--allow-plugins if you trust whoever wrote it";
}
