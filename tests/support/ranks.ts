/**
 * The processes of a run on this machine, as the system shows them: Linux alone.
 *
 * @module
 */

/** A process of a run. */
export interface RankProcess {
  rank: number;
  pid: number;
}

/** Those that a launcher has started and that live, by rank. */
export function ranksOf(launcher: number): RankProcess[] {
  const found: RankProcess[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string) => {
      try {
        return Deno.readTextFileSync(`/proc/${name}/${file}`);
      } catch {
        return ""; // it has just ended
      }
    };
    // After the name, which may have blanks: state, parent.
    const [state, parent] = read("stat").split(") ").at(-1)!.split(" ");
    if (Number(parent) !== launcher || state === "Z") continue;
    const rank = read("environ").split("\0").find((entry) => entry.startsWith("PMI_RANK="))?.slice(9);
    if (rank !== undefined) found.push({ rank: Number(rank), pid: Number(name) });
  }
  return found.sort((a, b) => a.rank - b.rank);
}
