/**
 * What an MPI library asks of whoever started its processes: how many there are, and what they have to tell each
 * other before they can talk. Version 1.1 of the simple Process Management Interface, as MPICH speaks it over a socket
 * (`src/pmi` of MPICH; Balaji et al., EuroMPI 2010).
 *
 * MPICH's own starter listens on all interfaces; this one where it is told to.
 *
 * @module
 */

/** A line of the protocol: `cmd=put kvsname=x key=y value=z`. */
type Line = Readonly<Record<string, string>>;

/** Seconds in which all processes of a job come, after the first: they were started together, and do the same. */
export const PATIENCE = 30;

/** Lets the processes of one job find each other. */
export class PmiServer implements Disposable {
  readonly #listener: Deno.TcpListener;
  readonly #values = new Map<string, string>();
  /** Those that wait in the barrier, by rank, with what answers them. */
  #waiting = new Map<number, () => Promise<void>>();
  readonly #finalized = new Set<number>();
  readonly #late = Promise.withResolvers<number[]>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Of its own, since the library names its shared memory by it: what a job before has left is not this job's. */
  readonly #name = `seed_${crypto.randomUUID()}`;

  /**
   * @param size Processes of the job.
   * @param at Where to listen; default: on the loopback interface, at any free port.
   */
  constructor(
    private readonly size: number,
    at: { hostname: string; port: number } = { hostname: "127.0.0.1", port: 0 },
  ) {
    this.#listener = Deno.listen(at);
    void this.#accept();
  }

  /** What a process has to find in its environment. */
  environment(rank: number): Record<string, string> {
    const { hostname, port } = this.#listener.addr;
    return {
      PMI_PORT: `${hostname}:${port}`,
      PMI_ID: `${rank}`,
      PMI_RANK: `${rank}`,
      PMI_SIZE: `${this.size}`,
    };
  }

  /** Resolves if the processes do not come together in {@link PATIENCE} after the first: to those that are missing. */
  get late(): Promise<number[]> {
    return this.#late.promise;
  }

  /** Whether a process has left the job in the proper way. */
  hasLeft(rank: number): boolean {
    return this.#finalized.has(rank);
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    clearTimeout(this.#timer);
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.#listener) {
        this.#serve(connection).catch(() => connection.close()); // a process that is gone is told by who watches it
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // closed
    }
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    const caller = { rank: -1 };
    const writer = connection.writable.getWriter(), encoder = new TextEncoder();
    const answer = (line: string) => writer.write(encoder.encode(`${line}\n`));
    let rest = "";
    for await (const text of connection.readable.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) await this.#answer(parse(line), caller, answer);
    }
  }

  async #answer(
    line: Line,
    caller: { rank: number },
    answer: (line: string) => Promise<void>,
  ): Promise<void> {
    switch (line.cmd) {
      case "initack":
        caller.rank = Number(line.pmiid);
        this.#hurry();
        await answer("cmd=initack");
        await answer(`cmd=set size=${this.size}`);
        await answer(`cmd=set rank=${caller.rank}`);
        return await answer("cmd=set debug=0");
      case "init":
        return await answer("cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0");
      case "get_maxes":
        return await answer("cmd=maxes kvsname_max=256 keylen_max=64 vallen_max=1024");
      case "get_appnum":
        return await answer("cmd=appnum appnum=0");
      case "get_universe_size":
        return await answer(`cmd=universe_size size=${this.size}`);
      case "get_my_kvsname":
        return await answer(`cmd=my_kvsname kvsname=${this.#name}`);
      case "put":
        this.#values.set(line.key, line.value);
        return await answer("cmd=put_result rc=0 msg=success");
      case "get": {
        const value = this.#values.get(line.key);
        return await answer(
          value === undefined
            ? "cmd=get_result rc=-1 msg=key_not_found value=unknown"
            : `cmd=get_result rc=0 msg=success value=${value}`,
        );
      }
      case "barrier_in":
        return await this.#meet(caller.rank, () => answer("cmd=barrier_out"));
      case "finalize":
        this.#finalized.add(caller.rank);
        return await answer("cmd=finalize_ack");
    }
    // `abort` and what is not known need no answer: the process ends, and that is seen.
  }

  async #meet(rank: number, leave: () => Promise<void>): Promise<void> {
    this.#waiting.set(rank, leave);
    if (this.#waiting.size < this.size) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const all = this.#waiting;
    this.#waiting = new Map();
    await Promise.all([...all.values()].map((leave) => leave()));
  }

  /** Gives the others time from now on, unless they have it already. */
  #hurry(): void {
    this.#timer ??= setTimeout(() => {
      const ranks = Array.from({ length: this.size }, (_, rank) => rank);
      this.#late.resolve(ranks.filter((rank) => !this.#waiting.has(rank)));
    }, 1000 * PATIENCE);
  }
}

function parse(line: string): Line {
  return Object.fromEntries(
    line.split(" ").map((field) => {
      const at = field.indexOf("=");
      return at < 0 ? [field, ""] : [field.slice(0, at), field.slice(at + 1)];
    }),
  );
}
