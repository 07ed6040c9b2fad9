import { fileURLToPath } from "node:url";
import type { Order, Report } from "./child.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url)),
  CHILD = new URL("./child.ts", import.meta.url).href;

/** A mutant whose reading went as it must not. */
export interface Fault {
  reader: string;
  index: number;
  what: string;
  /** Of the mutant; absent if the process died of it, or hung. */
  seed?: string;
  victim?: string;
  /** Base64. */
  bytes?: string;
}

/** What became of a reader's mutants. */
export interface Tally {
  mutants: number;
  accepted: number;
  refused: number;
  faults: number;
}

/** What to fuzz, and how long. */
export interface FuzzOptions {
  readers: readonly string[];
  seed: number;
  /** Of all readers together; null: until `count`. */
  seconds: number | null;
  /** Mutants of each reader; null: until the time is over. */
  count: number | null;
  /** Module that exports the readers. */
  table?: string;
  /** Seconds after which a mutant that is not done is a hang; default 60. */
  patience?: number;
}

/** Reads mutants in a process of its own, and another one after each that it dies of. */
export async function fuzz(options: FuzzOptions): Promise<{ tallies: Map<string, Tally>; faults: Fault[] }> {
  const { readers, seed, count, patience = 60, table = new URL("./readers.ts", import.meta.url).href } =
    options;
  const tallies = new Map<string, Tally>(
    readers.map((name) => [name, { mutants: 0, accepted: 0, refused: 0, faults: 0 }]),
  );
  const faults: Fault[] = [],
    next = Object.fromEntries(readers.map((name) => [name, 0])),
    started = performance.now();
  const add = (fault: Fault) => (faults.push(fault), tallies.get(fault.reader)!.faults++);
  for (let isOver = false; !isOver;) {
    const seconds = options.seconds === null ? null : options.seconds - (performance.now() - started) / 1000;
    if (seconds !== null && seconds <= 0) break;
    using child = new Child({ table, readers: next, seed, seconds, count }, 1000 * patience);
    let current: { reader: string; index: number } | null = null;
    for await (const report of child.reports()) {
      if (report.kind === "begin") {
        current = report;
        next[report.reader] = report.index + 1;
        continue;
      }
      const tally = tallies.get(current!.reader)!;
      tally.mutants++;
      if (report.outcome === "fault") {
        const { what, seed, victim, bytes } = report;
        add({ reader: current!.reader, index: current!.index, what, seed, victim, bytes });
      } else tally[report.outcome]++;
      current = null;
    }
    const death = await child.death();
    isOver = death === null;
    if (death !== null && current === null) {
      throw new Error(`The process that reads mutants died before it began: ${death}`);
    }
    if (death !== null) {
      tallies.get(current!.reader)!.mutants++;
      add({ ...current!, what: death });
    }
  }
  return { tallies, faults };
}

/** Milliseconds that a process has to begin on a busy machine. */
const START_PATIENCE = 120_000;

class Child implements Disposable {
  readonly #process: Deno.ChildProcess;
  #hung = false;
  #last = "";

  constructor(order: Order, private readonly patience: number) {
    const args = [
      "run",
      "--allow-all",
      "--no-check",
      "--v8-flags=--expose-gc",
      "--config",
      `${ROOT}deno.json`,
      CHILD,
    ];
    this.#process = new Deno.Command(Deno.execPath(), {
      args: [...args, JSON.stringify(order)],
      cwd: ROOT,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#listen();
  }

  async *reports(): AsyncGenerator<Report> {
    let rest = "", timer: ReturnType<typeof setTimeout> | undefined;
    const watch = (patience = this.patience) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        this.#hung = true;
        this.#process.kill("SIGKILL");
      }, patience);
    };
    try {
      watch(START_PATIENCE);
      for await (
        const text of this.#process.stdout.pipeThrough(new TextDecoderStream() as never) as ReadableStream<
          string
        >
      ) {
        watch();
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        for (const line of lines) yield JSON.parse(line);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Why it ended; null: it was done. */
  async death(): Promise<string | null> {
    const { code, signal } = await this.#process.status;
    if (this.#hung) return `no end after ${this.patience / 1000} s`;
    return code === 0 ? null : `the process died (${signal ?? `code ${code}`}): ${this.#last.slice(-1000)}`;
  }

  /** Its last words: decoders warn on stderr, too. */
  async #listen(): Promise<void> {
    for await (
      const text of this.#process.stderr.pipeThrough(new TextDecoderStream() as never) as ReadableStream<
        string
      >
    ) {
      this.#last = (this.#last + text).slice(-4000);
    }
  }

  [Symbol.dispose](): void {
    try {
      this.#process.kill("SIGKILL");
    } catch { /* it has ended */ }
  }
}
