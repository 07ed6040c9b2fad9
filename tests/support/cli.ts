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

/** How a process starts; `env` is added to this process's. */
interface StartOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** Commands of bash that come before, in the same process: they set its limits, say. */
  shell?: string;
  /** What the program is started by: a command that ends with what it runs. */
  inside?: readonly string[];
}

/** Runs the command line as users do, in a process of its own. */
export async function runCli(args: string[], options: StartOptions = {}): Promise<Outcome> {
  return await startCli(args, options).outcome;
}

/** Starts it, and lets it run. */
export function startCli(
  args: string[],
  options: StartOptions = {},
): { pid: number; outcome: Promise<Outcome>; kill(signal: Deno.Signal): void } {
  const started = performance.now();
  const run = ["run", "--allow-all", "--config", `${ROOT}deno.json`, `${ROOT}cli/main.ts`, ...args];
  const [program, ...programArgs] = [
    ...options.shell === undefined ? [] : ["bash", "-c", `${options.shell}\nexec "$@"`, "bash"],
    ...options.inside ?? [],
    ...[Deno.execPath(), ...run],
  ];
  const process = new Deno.Command(program, {
    args: programArgs,
    env: { NO_COLOR: "1", ...options.env },
    cwd: options.cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const outcome = process.output().then(({ code, signal, stdout, stderr }) => ({
    code: signal ? null : code,
    signal,
    stdout: text(stdout),
    stderr: text(stderr),
    seconds: (performance.now() - started) / 1000,
  }));
  const kill = (signal: Deno.Signal) => {
    try {
      process.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
  };
  return { pid: process.pid, outcome, kill };
}

/** Runs a task of `deno.json`, with its permissions. */
export async function runTask(
  task: string,
  args: string[],
  { env, cwd }: { env?: Record<string, string>; cwd: string },
): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "--config", `${ROOT}deno.json`, task, ...args],
    ...{ cwd, env: { NO_COLOR: "1", INIT_CWD: cwd, ...env }, stdin: "null" },
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}
