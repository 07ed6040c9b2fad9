import { fileURLToPath } from "node:url";

/** What a process that has ended leaves. */
export interface Outcome {
  /** Exit code; null if a signal ended it. */
  code: number | null;
  signal: Deno.Signal | null;
  stdout: string;
  stderr: string;
  seconds: number;
}

/** The repository's folder, with a slash at its end. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Runs the command line as users do, in a process of its own; `env` is added to this process's. */
export async function runCli(
  args: string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Promise<Outcome> {
  const started = performance.now();
  const { code, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--config", `${ROOT}deno.json`, `${ROOT}cli/main.ts`, ...args],
    env: { NO_COLOR: "1", ...options.env },
    cwd: options.cwd,
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return {
    code: signal ? null : code,
    signal,
    stdout: text(stdout),
    stderr: text(stderr),
    seconds: (performance.now() - started) / 1000,
  };
}
