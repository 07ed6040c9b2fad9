import type { Plugin } from "../interfaces/plugin.ts";
import { checkOptions } from "./check_options.ts";

/** What is wrong with the augmenters that an evaluator asks for; null: nothing. */
export function problemOfAugmenters(
  { plugin, options }: { plugin: Plugin<"evaluator">; options: unknown },
): string | null {
  const wrong = (problem: string) => `The plugin "${plugin.name}" ${problem}; its needs() is wrong`;
  try {
    for (const [name, needed] of Object.entries(plugin.needs?.(options as never).augmenters ?? {})) {
      const [problem] = checkOptions(needed.plugin.options, needed.options, [], needed.plugin.name).problems;
      if (problem) return wrong(`gives the augmenter "${name}" options that do not fit: ${problem.message}`);
    }
    return null;
  } catch (error) {
    return wrong(`fails to say what it needs: ${(error as Error).message}`);
  }
}
