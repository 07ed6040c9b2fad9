import type { Processes } from "@seed/core";
import { betweenSteps, now } from "./marks.ts";

/** One call to the other processes. */
export interface Call {
  /** `goesOn` is the sum of one value before each step; `gather` are the rows for the queue. */
  kind: "goesOn" | "sum" | "gather";
  /** Milliseconds since 1970. */
  start: number;
  end: number;
}

/** The same processes; keeps what each step's calls take, and marks where steps begin. */
export function timedProcesses(processes: Processes, calls: Call[]): Processes {
  const timed = async <T>(kind: Call["kind"], call: () => Promise<T>): Promise<T> => {
    const start = now(), result = await call();
    calls.push({ kind, start, end: now() });
    return result;
  };
  const { rank, size, hosts, carrier } = processes;
  return {
    ...{ rank, size, hosts, carrier },
    sum(values) {
      if (values.length > 1) return timed("sum", () => processes.sum(values));
      betweenSteps();
      return timed("goesOn", () => processes.sum(values));
    },
    gather: (values) => timed("gather", () => processes.gather(values)),
    broadcast: (bytes) => processes.broadcast(bytes),
    exchange: (text) => processes.exchange(text),
  };
}
