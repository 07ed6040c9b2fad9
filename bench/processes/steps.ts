import type { MemberReport } from "./member.ts";
import type { Mark } from "./marks.ts";

/** One step of one process, in milliseconds. */
export interface Step {
  wall: number;
  /** Of this process. */
  processor: number;
  /** Of the machine, that programs other than those of the run have used. */
  others: number;
  /** How long it waited for the slowest process, before the step, its sum and its rows. */
  wait: number;
  /** From when all were there: the sum of gradients. */
  sum: number;
  /** The same: the stop flag and the gather of rows. */
  small: number;
}

/**
 * The steps of processes that ran at the same time, by process.
 *
 * @param members Whose calls, if they have any, were made together.
 * @param first How many steps do not count: they trace and allocate.
 */
export function stepsOf(members: readonly MemberReport[], first: number): Step[][] {
  // Those that end last run with fewer beside them.
  const end = Math.min(...members.map(({ marks }) => marks.at(-1)!.at));
  const begin = Math.max(...members.map(({ marks }) => marks[first].at));
  return members.map(({ marks }, rank) =>
    marks.slice(1).flatMap((next, i): Step[] => {
      const from = marks[i];
      if (from.at < begin || next.at > end) return [];
      const own = members.reduce(
        (sum, { marks }) => sum + processorAt(marks, next.at) - processorAt(marks, from.at),
        0,
      );
      return [{
        wall: next.at - from.at,
        processor: next.processor - from.processor,
        others: Math.max(0, next.machine - from.machine - own),
        ...timesOfCalls(members, rank, from.at, next.at),
      }];
    })
  );
}

/** What a process had used at a moment between its marks. */
function processorAt(marks: readonly Mark[], at: number): number {
  const i = Math.max(1, Math.min(marks.length - 1, marks.findIndex((mark) => mark.at >= at)));
  const [a, b] = [marks[i - 1], marks[i]];
  return a.processor + (b.processor - a.processor) * Math.min(1, (at - a.at) / (b.at - a.at));
}

/** Where the calls of a process within a step have gone: a call begins for all when the last has come to it. */
function timesOfCalls(members: readonly MemberReport[], rank: number, from: number, to: number) {
  const times = { wait: 0, sum: 0, small: 0 };
  members[rank].calls.forEach(({ kind, start, end }, i) => {
    if (start < from || end > to) return;
    const all = Math.max(...members.map(({ calls }) => calls[i].start));
    times.wait += Math.max(0, all - start);
    times[kind === "sum" ? "sum" : "small"] += Math.max(0, end - Math.max(all, start));
  });
  return times;
}
