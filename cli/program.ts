import { fileURLToPath } from "node:url";
import { shellQuoted } from "@seed/core/text";

/** How a process was started, as far as it tells how to start another. */
export interface Start {
  /** URL of the module that it was started with. */
  mainModule: string;
  /** The folder that it runs in. */
  cwd: string;
  env(name: string): string | undefined;
}

/**
 * How the program was called, up to its verb: `npx -y deno task`, `deno task`, with `--config` from outside of the
 * project, or `deno run` with the module.
 */
export function programOf({ mainModule, cwd, env }: Start): string {
  // npx starts Deno where nobody has installed it.
  const deno = env("npm_lifecycle_event") === "npx" ? "npx -y deno" : "deno";
  const main = fileURLToPath(mainModule), root = fileURLToPath(new URL("..", mainModule));
  if (!main.endsWith("task.ts")) {
    const path = main.startsWith(`${cwd}/`) ? main.slice(cwd.length + 1) : main;
    return `${deno} run --allow-all ${shellQuoted(path)}`;
  }
  const inside = `${cwd}/`.startsWith(root);
  return `${deno} task${inside ? "" : ` --config ${shellQuoted(`${root}deno.json`)}`}`;
}
