import { fileURLToPath } from "node:url";
import { PmiServer } from "../../cli/processes/mpi/mod.ts";
import { ROOT } from "../../tests/support/cli.ts";
import type { MemberReport, MemberStart } from "./member.ts";

const MEMBER = fileURLToPath(new URL("./member.ts", import.meta.url));

/** Processes that train at the same time, and stand still between steps until they are let go on. */
export class Members {
  private constructor(
    private readonly children: readonly Child[],
    private readonly server: PmiServer | null,
  ) {}

  /** One run in several processes of this machine, which share its cores out as `--processes` has it. */
  static together(count: number, start: MemberStart): Members {
    const server = new PmiServer(count);
    const children = Array.from(
      { length: count },
      (_, rank) =>
        new Child(start, { ...server.environment(rank), LOCAL_WORLD_SIZE: `${count}`, UCX_TLS: "self,sm" }),
    );
    return new Members(children, server);
  }

  /** Runs that know nothing of each other, with so many threads each. */
  static apart(threads: number, starts: readonly MemberStart[]): Members {
    const names = ["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"];
    const env = Object.fromEntries(names.map((name) => [name, `${threads}`]));
    return new Members(starts.map((start) => new Child(start, env)), null);
  }

  /** Lets all take so many steps; resolves when they have. */
  async take(steps: number): Promise<void> {
    await Promise.all(this.children.map((child) => child.take(steps)));
  }

  /** Has them stop. */
  async finish(): Promise<MemberReport[]> {
    try {
      return await Promise.all(this.children.map((child) => child.finish()));
    } finally {
      this.server?.[Symbol.dispose]();
    }
  }

  kill(): void {
    for (const child of this.children) child.kill();
  }
}

class Child {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #lines: AsyncIterator<string>;
  readonly #errors: Promise<string>;
  #isBetweenSteps: Promise<void>;

  constructor(start: MemberStart, env: Record<string, string>) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", "--config", `${ROOT}deno.json`, MEMBER, JSON.stringify(start)],
      env: { ...env, UCX_WARN_UNUSED_ENV_VARS: "n" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#lines = linesOf(this.#process.stdout);
    this.#errors = new Response(this.#process.stderr).text();
    this.#isBetweenSteps = this.#line().then(() => {});
    this.#isBetweenSteps.catch(() => {}); // told by whoever waits for it
  }

  async take(steps: number): Promise<void> {
    await this.#isBetweenSteps;
    await this.#input.write(new Uint8Array(steps)).catch(() => this.#fail());
    for (let i = 0; i < steps; i++) await this.#line();
  }

  async finish(): Promise<MemberReport> {
    await this.#isBetweenSteps;
    await this.#input.close();
    for (;;) {
      const line = await this.#line();
      if (line.startsWith("{")) return JSON.parse(line);
    }
  }

  kill(): void {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    return done ? await this.#fail() : value;
  }

  /** It has ended too early; its own message says why. */
  async #fail(): Promise<never> {
    throw new Error(`A process has failed: ${await this.#errors}`);
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
