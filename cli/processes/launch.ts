/**
 * `--processes N`: starts N processes of a command on this machine, and sees to it that they end together.
 *
 * @module
 */

import { hostname } from "node:os";
import { printable, statusLine, UsageError } from "@seed/core";
import { cacheDirectory, type Host, RunFolder } from "@seed/core/host";
import { findMpiLibrary, PATIENCE, PmiServer, removeSharedMemory } from "./mpi/mod.ts";
import { INTERRUPTED } from "../interruptible.ts";
import { commandOf } from "./command.ts";
import { LAUNCHED } from "./join.ts";

/** How a process of the run has ended. */
interface End {
  rank: number;
  code: number;
  signal: Deno.Signal | null;
  /** Whether it left the others in the proper way. */
  hasLeft: boolean;
}

/** Milliseconds that the others have to end by themselves when all were told to stop, or one has done. */
const GRACE = 10_000;

/** What to start. */
export interface Launch {
  verb: string;
  /** Of each process. */
  args: readonly string[];
  count: number;
  /** A sentence on what to do when one has failed; absent: there is nothing but to begin again. */
  advice?: string;
}

/**
 * Runs a command in several processes; if one fails, all begin again from the newest checkpoint, a few times.
 *
 * @returns the exit code.
 */
export async function launchWithRestarts(
  { args, restarts, ...more }: Launch & { restarts: number },
  host: Host,
): Promise<number> {
  for (let left = restarts;; left--) {
    // A run that has not begun starts anew by the same command, one that has goes on.
    const again = left < restarts && !args.includes("--resume") && await hasRun(args) ? ["--resume"] : [];
    const code = await launch({ args: [...again, ...args], ...more }, host);
    if (code !== 1 || left === 0 || host.signal.aborted) return code;
    host.log(`Starting all processes again; ${left - 1} more restarts are allowed`);
  }
}

/** Whether the folder that `--out` names is a run's. */
async function hasRun(args: readonly string[]): Promise<boolean> {
  const at = args.indexOf("--out"),
    joined = args.find((arg) => arg.startsWith("--out="))?.slice("--out=".length);
  const out = joined ?? (at >= 0 ? args[at + 1] : undefined);
  return out !== undefined && await new RunFolder(out).isRun();
}

/**
 * Runs a command in several processes. Their places are told to MPI by a server of ours, on the loopback interface.
 *
 * @returns the exit code: 0 if all came to their end, 130 if they were interrupted, 1 or 2 if one failed; then the
 *   others are ended, and a sentence tells which and why.
 * @throws the signal's reason, if it comes before they are started.
 */
export async function launch({ verb, args, count, advice }: Launch, host: Host): Promise<number> {
  if (Deno.build.os === "windows") throw new UsageError("--processes is for Linux and macOS");
  const library = await findMpiLibrary({ ...host, cacheDir: `${cacheDirectory()}/mpi` });
  host.signal.throwIfAborted(); // who was interrupted meanwhile starts nothing
  using server = new PmiServer(count);
  const children = Array.from(
    { length: count },
    (_, rank) => start([verb, ...args], rank, count, { server, library }),
  );
  const interrupt = () => children.forEach(({ kill }) => kill("SIGTERM"));
  const end = () => children.forEach(({ kill }) => kill("SIGKILL"));
  host.signal.addEventListener("abort", interrupt);
  globalThis.addEventListener("unload", end); // a second signal ends this process at once
  try {
    return await together(children, { advice, late: server.job.late }, host);
  } finally {
    host.signal.removeEventListener("abort", interrupt);
    globalThis.removeEventListener("unload", end);
    end();
    await Promise.allSettled(children.map(({ end }) => end));
    await removeSharedMemory(server.job.name, 1); // they do it themselves, unless they were killed before they had met
  }
}

interface Child {
  readonly rank: number;
  readonly end: Promise<End>;
  kill(signal: Deno.Signal): void;
}

function start(
  args: readonly string[],
  rank: number,
  count: number,
  { server, library }: { server: PmiServer; library: string },
): Child {
  const { program, args: own } = commandOf(args);
  const child = new Deno.Command(program, {
    args: own,
    clearEnv: true,
    env: {
      ...withoutPmi(Deno.env.toObject()),
      ...server.environment(rank),
      MPI_LIBRARY: library,
      LOCAL_WORLD_SIZE: `${count}`,
      [LAUNCHED]: `${Deno.pid}`,
      // Shared memory: nothing has to listen on a network.
      UCX_TLS: "self,sm",
      UCX_WARN_UNUSED_ENV_VARS: "n",
    },
    // Its own: the first is the one that talks to the user.
    stdin: "null",
    stdout: rank === 0 ? "inherit" : "null",
    stderr: rank === 0 ? "inherit" : "piped",
    detached: true, // Ctrl-C reaches this process alone, which passes it on once
  }).spawn();
  let isOver = false;
  const told = rank === 0 ? Promise.resolve() : passOn(child.stderr, rank);
  const end = child.status.then(async ({ code, signal }): Promise<End> => {
    isOver = true;
    await told;
    return { rank, code, signal, hasLeft: server.job.hasLeft(rank) };
  });
  return {
    rank,
    end,
    kill(signal) {
      if (isOver) return;
      try {
        child.kill(signal);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error; // it has just ended
      }
    },
  };
}

/** Without what `mpiexec` or `srun` has told this process, where it is the only one of theirs: MPI would ask them. */
function withoutPmi(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("PMI")));
}

/** What another process than the first says is an error, and has its number before it. */
async function passOn(stream: ReadableStream<Uint8Array>, rank: number): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) statusLine.print(`[${rank}] ${printable(line)}`);
  }
  if (rest) statusLine.print(`[${rank}] ${printable(rest)}`);
}

/** Waits for all; when one fails, or does not end with the others, ends them. */
async function together(
  children: readonly Child[],
  { advice, late }: { advice?: string; late: Promise<number[]> },
  host: Host,
): Promise<number> {
  const left = new Map(children.map((child) => [child.rank, child.end]));
  const ended = `all ${children.length} processes were ended${advice ? `. ${advice}` : ""}`;
  let deadline: Promise<null> | null = null, timer: ReturnType<typeof setTimeout> | undefined, code = 0;
  try {
    while (left.size) {
      const end = await Promise.race([...left.values(), ...deadline ? [deadline] : [], late]);
      if (Array.isArray(end)) {
        // MPI's beginning ends with a wait in which nobody can tell who is missing.
        const problem = end.length < children.length
          ? `Process ${end.join(", ")} did not come to the others within ${PATIENCE} s`
          : `The processes did not meet within ${PATIENCE} s: one of them was stopped, or has no time`;
        host.log(`${problem}; ${ended}`);
        return 1;
      }
      if (end === null) {
        const last = [...left.keys()].join(", ");
        host.log(`Process ${last} did not end with the others within ${GRACE / 1000} s, and was ended`);
        return code || 1;
      }
      left.delete(end.rank);
      // Before there was anything to stop together, or before it could be told.
      if (end.code === INTERRUPTED && !end.hasLeft) return INTERRUPTED;
      if (end.signal === "SIGTERM" && host.signal.aborted) return INTERRUPTED;
      const problem = problemOf(end);
      if (problem) {
        const isWrong = end.signal === null && end.code === 2; // the command is
        // Why, it has told itself; the first one also what is kept.
        if (!isWrong && (end.rank > 0 || end.signal !== null || end.code === 0)) {
          host.log(`${problem}; ${ended}`);
        }
        return isWrong ? 2 : 1;
      }
      code = Math.max(code, end.code);
      if (!deadline) {
        const { promise, resolve } = Promise.withResolvers<null>();
        timer = setTimeout(() => resolve(null), GRACE);
        deadline = promise;
      }
    }
    return code;
  } finally {
    clearTimeout(timer);
  }
}

/** Why a process has failed; null: it has not. */
function problemOf({ rank, code, signal, hasLeft }: End): string | null {
  const process = `Process ${rank} on ${hostname()}`;
  if (signal !== null) return `${process} was killed by ${signal}`;
  if (code !== 0 && code !== INTERRUPTED) return `${process} failed (exit code ${code})`;
  return hasLeft ? null : `${process} ended before the others, without a word`;
}
