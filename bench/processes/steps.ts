import type { MemberReport } from "./member.ts";
import type { Span } from "./marks.ts";

/** One step of one process, in milliseconds. */
export interface Step {
  wall: number;
  /** Of this process. */
  processor: number;
  /** Of the machine, that programs other than those of the run have used. */
  others: number;
  /** How long it waited for the slowest process: before the step, its sum and its rows. */
  wait: number;
  /** From when all were there: the sum of gradients. */
  sum: number;
  /** The same: the stop flag and the gather of rows. */
  small: number;
}

/**
 * The steps of processes that ran at the same time, by process and block.
 *
 * @param members Whose calls, if they have any, were made together.
 * @param given.first Steps before the first block.
 * @param given.block Steps of a block. Its first does not count: views and the teacher have run ahead in the pause.
 */
export function blocksOf(
  members: readonly MemberReport[],
  { first, block }: { first: number; block: number },
): Step[][][] {
  return members.map(({ spans }, rank) => {
    const blocks: Step[][] = [];
    for (let at = first; at + block <= spans.length; at += block) {
      blocks.push(spans.slice(at + 1, at + block).map((span) => stepOf(members, rank, span)));
    }
    return blocks;
  });
}

function stepOf(members: readonly MemberReport[], rank: number, { begin, end }: Span): Step {
  const own = members.reduce(
    (sum, { spans }) => sum + processorAt(spans, end.at) - processorAt(spans, begin.at),
    0,
  );
  return {
    wall: end.at - begin.at,
    processor: end.processor - begin.processor,
    others: Math.max(0, end.machine - begin.machine - own),
    ...timesOfCalls(members, rank, begin.at, end.at),
  };
}

/** What a process had used at a moment. */
function processorAt(spans: readonly Span[], at: number): number {
  const marks = spans.flatMap(({ begin, end }) => [begin, end]);
  const next = marks.findIndex((mark) => mark.at >= at);
  if (next === -1) return marks.at(-1)!.processor; // it had ended its last step
  const i = Math.max(1, next);
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
