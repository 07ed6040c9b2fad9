/**
 * What Linux tells of processes that a test has started: who they are, and what they listen on.
 *
 * @module
 */

/** A process of a run in several. */
export interface RankProcess {
  pid: number;
  rank: number;
}

/** The processes that work in a folder and have a rank in their environment, by rank. */
export async function rankProcessesIn(folder: string): Promise<RankProcess[]> {
  const found: RankProcess[] = [], real = await Deno.realPath(folder);
  for await (const { name } of Deno.readDir("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    try {
      if (await Deno.readLink(`/proc/${pid}/cwd`) !== real) continue;
      if ((await Deno.readTextFile(`/proc/${pid}/comm`)).trim() !== "deno") continue;
      const variables = (await Deno.readTextFile(`/proc/${pid}/environ`)).split("\0");
      const rank = variables.find((variable) => /^(PMI_RANK|RANK)=/.test(variable))?.split("=")[1];
      if (rank !== undefined) found.push({ pid, rank: Number(rank) });
    } catch (error) {
      if (!hasEndedOrIsAnothers(error)) throw error;
    }
  }
  return found.sort((a, b) => a.rank - b.rank);
}

/** ESRCH: it has ended while its file was read. */
function hasEndedOrIsAnothers(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied ||
    (error as { code?: string }).code === "ESRCH";
}

/** A socket that waits for connections. */
export interface Listener {
  address: string;
  port: number;
  pid: number;
}

/**
 * What listens on TCP, with who does.
 *
 * @param inside What runs the command, for example in another network namespace.
 */
export async function listeners(inside: readonly string[] = []): Promise<Listener[]> {
  const [program, ...args] = [
    ...inside,
    "ss",
    "--listening",
    "--tcp",
    "--numeric",
    "--processes",
    "--no-header",
  ];
  const { code, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line);
  return lines.flatMap((line) => {
    const local = line.trim().split(/\s+/)[3], at = local.lastIndexOf(":");
    const pids = [...line.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid));
    return pids.map((pid) => ({ address: local.slice(0, at), port: Number(local.slice(at + 1)), pid }));
  });
}

/** Paths of the memory that a process shares with others by MPICH, whether they still have a name or not. */
export async function sharedMemoryOfMpich(pid: number): Promise<string[]> {
  const maps = await Deno.readTextFile(`/proc/${pid}/maps`);
  return [...new Set(maps.match(/\/dev\/shm\/mpich_\w+/g))];
}
