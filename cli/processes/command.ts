import { fileURLToPath } from "node:url";

/**
 * How another process of this program is started: with the permissions that this one's task has; without a task with all
 * of them, whatever this one was given, since to start programs is to be trusted already.
 */
export function commandOf(args: readonly string[]): { program: string; args: string[] } {
  const root = new URL("../../", import.meta.url), main = fileURLToPath(Deno.mainModule);
  const [verb] = args, isTask = main.endsWith("task.ts");
  const flags = isTask ? flagsOfTask(verb, new URL("deno.json", root)) : ["--allow-all"];
  return {
    program: Deno.execPath(),
    args: [
      "run",
      "--no-prompt",
      ...flags,
      "--config",
      fileURLToPath(new URL("deno.json", root)),
      main,
      ...args,
    ],
  };
}

function flagsOfTask(verb: string, config: URL): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(config)) as { tasks: Record<string, string> };
  const flags = tasks[verb]?.split(" ").filter((word) => word.startsWith("--allow-")) ?? [];
  if (flags.length) return flags;
  throw new Error(`The task "${verb}" of deno.json has no permissions: "${tasks[verb]}"`);
}
