/**
 * Commands that are killed at moments that a seed draws: by the clock, at a change of a file, or at something that the
 * run itself tells, so that start-up, checkpoints, evaluations and caches are all met.
 *
 * @module
 */
import type { Random } from "@seed/core";
import type { Outcome } from "./cli.ts";
import { CLI } from "./tiny_runs.ts";

/** When a command is killed. */
export type Moment =
  /** Seconds after its start. */
  | { kind: "time"; seconds: number }
  /** At so many changes of files in its folder. */
  | { kind: "file"; change: number }
  /** At something that the run tells its loggers, see `meddling_logger.ts`. */
  | { kind: "event"; event: string };

/** What an undisturbed command shows of when something can happen to it. */
export interface Course {
  seconds: number;
  /** Changes of files. */
  changes: number;
  /** What it tells its loggers; empty for a command without. */
  events: readonly string[];
}

/** Draws a moment of a command that takes this course; the kinds come in turn. */
export function drawMoment(random: Random, { seconds, changes, events }: Course, turn: number): Moment {
  const kind = (["time", "file", "event", "file"] as const)[turn % 4];
  if (kind === "event" && events.length) return { kind, event: events[random.below(events.length)] };
  if (kind === "file") return { kind, change: 1 + random.below(changes) };
  return { kind: "time", seconds: random.uniform(0, seconds) };
}

/** How a command ended. */
export interface Ending extends Pick<Outcome, "code" | "stdout" | "stderr" | "seconds"> {
  isKilled: boolean;
  /** Changes of files that were seen. */
  changes: number;
}

/** Runs the command line in a folder, in a group of processes of its own, which is killed at the moment. */
export async function runKilled(args: string[], folder: string, moment: Moment | null): Promise<Ending> {
  const started = performance.now(), [program, ...rest] = CLI;
  const env: Record<string, string> = moment?.kind === "event"
    ? { SEED_TEST_EVENT: moment.event, SEED_TEST_ACTION: "SIGKILL" }
    : {};
  using watcher = Deno.watchFs(folder);
  const process = new Deno.Command(program, {
    ...{ args: [...rest, ...args], cwd: folder, env: { NO_COLOR: "1", ...env }, detached: true },
    ...{ stdin: "null", stdout: "piped", stderr: "piped" },
  }).spawn();
  const kill = () => {
    try {
      Deno.kill(-process.pid, "SIGKILL");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // it has ended
    }
  };
  let changes = 0;
  const watching = (async () => {
    for await (const { kind } of watcher) {
      if (kind === "access") continue;
      changes++;
      if (moment?.kind === "file" && changes >= moment.change) kill();
    }
  })();
  const timer = moment?.kind === "time" ? setTimeout(kill, 1000 * moment.seconds) : undefined;
  const { code, signal, stdout, stderr } = await process.output();
  clearTimeout(timer);
  watcher.close();
  await watching;
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return {
    ...{ code: signal ? null : code, isKilled: signal === "SIGKILL", changes },
    ...{ stdout: text(stdout), stderr: text(stderr), seconds: (performance.now() - started) / 1000 },
  };
}
