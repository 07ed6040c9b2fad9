import { fileURLToPath } from "node:url";
import { PmiServer } from "../../cli/processes/mpi/mod.ts";
import { ROOT } from "../../tests/support/cli.ts";
import type { MemberReport, MemberStart } from "./member.ts";

const MEMBER = fileURLToPath(new URL("./member.ts", import.meta.url));

/**
 * One run in several processes of this machine, which share its cores out as `--processes` has it.
 *
 * @returns what each says, by rank.
 */
export async function runTogether(count: number, start: MemberStart): Promise<MemberReport[]> {
  using server = new PmiServer(count);
  return await runAll(
    Array.from({ length: count }, (_, rank) => ({
      start,
      env: { ...server.environment(rank), LOCAL_WORLD_SIZE: `${count}`, UCX_TLS: "self,sm" },
    })),
  );
}

/** Runs that know nothing of each other, at the same time, with so many threads each. */
export async function runApart(threads: number, starts: readonly MemberStart[]): Promise<MemberReport[]> {
  const names = ["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"];
  const env = Object.fromEntries(names.map((name) => [name, `${threads}`]));
  return await runAll(starts.map((start) => ({ start, env })));
}

async function runAll(
  members: readonly { start: MemberStart; env: Record<string, string> }[],
): Promise<MemberReport[]> {
  const children = members.map(({ start, env }) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--config", `${ROOT}deno.json`, MEMBER, JSON.stringify(start)],
      env: { ...env, UCX_WARN_UNUSED_ENV_VARS: "n" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn()
  );
  try {
    return await Promise.all(children.map(async (child) => {
      const { success, stdout, stderr } = await child.output(), text = new TextDecoder();
      if (!success) throw new Error(text.decode(stderr));
      return JSON.parse(text.decode(stdout).trimEnd().split("\n").at(-1)!) as MemberReport;
    }));
  } catch (error) {
    for (const child of children) kill(child); // the others would wait for the one that failed
    throw error;
  }
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it has ended
  }
}
