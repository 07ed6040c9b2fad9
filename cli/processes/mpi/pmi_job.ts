/**
 * What an MPI library asks of whoever started its processes: how many there are, and what they have to tell each
 * other before they can talk. Version 1.1 of the simple Process Management Interface, as MPICH speaks it over a socket
 * (`src/pmi` of MPICH; Balaji et al., EuroMPI 2010).
 *
 * @module
 */

/** Our own variable beside those of PMI: the job's name. */
export const PMI_JOB = "SEED_PMI_JOB";

/** Seconds in which all processes of a job join it, after the first has come: they were started together. */
export const PATIENCE = 30;

/** What a process of ours says besides, over a connection of its own, when MPI has begun. */
export const JOINED = "joined";

/** A line of the protocol: `cmd=put kvsname=x key=y value=z`. */
type Line = Readonly<Record<string, string>>;

/** Writes a line to a process. */
type Write = (line: string) => Promise<void>;

/** The processes of one job, as MPI asks for them. Who is asked, and over what, is another's matter. */
export class PmiJob implements Disposable {
  /** Of its own, since the library names its shared memory by it: what a job before has left is not this job's. */
  readonly name = `seed_${crypto.randomUUID()}`;
  readonly values = new Map<string, string>();
  /** Ranks by the numbers that their processes show when they come, */
  readonly #tickets = new Map<number, number>();
  /** and once more when they have joined. */
  readonly #used = new Map<number, number>();
  readonly #joined = new Set<number>();
  /** Those that wait in the barrier, by rank, with what answers them. */
  #waiting = new Map<number, () => Promise<void>>();
  readonly #finalized = new Set<number>();
  readonly #late = Promise.withResolvers<number[]>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param size Processes of the job.
   * @param patience Seconds in which all join it.
   */
  constructor(readonly size: number, private readonly patience = PATIENCE) {}

  /**
   * What a process has to find in its environment. PMI knows no authentication, but its `PMI_ID` may be any number of
   * 31 bits: it is drawn, and good for one connection, so that nobody else can come in the process's place.
   *
   * @param address `host:port` where it finds who answers for this job.
   */
  environment(rank: number, address: string): Record<string, string> {
    const ticket = crypto.getRandomValues(new Uint32Array(1))[0] >>> 1;
    if (this.#tickets.has(ticket)) return this.environment(rank, address);
    this.#tickets.set(ticket, rank);
    return {
      PMI_PORT: address,
      PMI_ID: `${ticket}`,
      PMI_RANK: `${rank}`,
      PMI_SIZE: `${this.size}`,
      [PMI_JOB]: this.name,
    };
  }

  /**
   * Resolves if the processes have not all joined so many seconds after the first has come: to those that are missing.
   * They say themselves that they have: the beginning of MPI goes on after its last barrier here, by memory that they
   * share, and waits there for good for one that is stopped.
   */
  get late(): Promise<number[]> {
    return this.#late.promise;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  /** Whether a process has left the job in the proper way. */
  hasLeft(rank: number): boolean {
    return this.#finalized.has(rank);
  }

  /** A connection of a process. */
  open(write: Write): PmiSession {
    return new PmiSession(this, write);
  }

  /** The rank that a ticket is for; it is used up. Null: it is none. */
  takeTicket(ticket: number): number | null {
    const rank = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    if (rank === undefined) return null;
    this.#used.set(ticket, rank);
    this.#hurry();
    return rank;
  }

  /**
   * A process has joined: from now on the others watch over it.
   *
   * @throws {Error} If no process has come with the ticket, or it has joined already.
   */
  join(ticket: number): void {
    const rank = this.#used.get(ticket);
    if (rank === undefined) throw new Error("PMI: no process of this job");
    this.#used.delete(ticket);
    this.#joined.add(rank);
    if (this.#joined.size === this.size) clearTimeout(this.#timer);
  }

  leave(rank: number): void {
    this.#finalized.add(rank);
  }

  /** Lets all go on when all have come. */
  async meet(rank: number, goOn: () => Promise<void>): Promise<void> {
    this.#waiting.set(rank, goOn);
    if (this.#waiting.size < this.size) return;
    const all = this.#waiting;
    this.#waiting = new Map();
    await Promise.all([...all.values()].map((goOn) => goOn()));
  }

  /** Gives the others time from now on, unless they have it already. */
  #hurry(): void {
    this.#timer ??= setTimeout(() => {
      const ranks = Array.from({ length: this.size }, (_, rank) => rank);
      this.#late.resolve(ranks.filter((rank) => !this.#waiting.has(rank) && !this.#joined.has(rank)));
    }, 1000 * this.patience);
    Deno.unrefTimer(this.#timer); // where nobody asks who is late, it keeps no process from its end
  }
}

/** What one process asks and is answered. */
export class PmiSession {
  #rank: number | null = null;

  constructor(private readonly job: PmiJob, private readonly write: Write) {}

  /** @throws {Error} If whoever it is has no ticket: the connection is to be closed. */
  async answer(text: string): Promise<void> {
    const { job, write } = this, line = parse(text);
    if (line.cmd === "initack") {
      const rank = job.takeTicket(Number(line.pmiid));
      if (rank === null) throw new Error("PMI: no process of this job");
      this.#rank = rank;
      await write("cmd=initack");
      await write(`cmd=set size=${job.size}`);
      await write(`cmd=set rank=${rank}`);
      return await write("cmd=set debug=0");
    }
    if (line.cmd === JOINED) return job.join(Number(line.pmiid));
    if (this.#rank === null) throw new Error("PMI: a process has to say first who it is");
    switch (line.cmd) {
      case "init":
        return await write("cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0");
      case "get_maxes":
        return await write("cmd=maxes kvsname_max=256 keylen_max=64 vallen_max=1024");
      case "get_appnum":
        return await write("cmd=appnum appnum=0");
      case "get_universe_size":
        return await write(`cmd=universe_size size=${job.size}`);
      case "get_my_kvsname":
        return await write(`cmd=my_kvsname kvsname=${job.name}`);
      case "put":
        job.values.set(line.key, line.value);
        return await write("cmd=put_result rc=0 msg=success");
      case "get": {
        const value = job.values.get(line.key);
        return await write(
          value === undefined
            ? "cmd=get_result rc=-1 msg=key_not_found value=unknown"
            : `cmd=get_result rc=0 msg=success value=${value}`,
        );
      }
      case "barrier_in":
        return await job.meet(this.#rank, () => write("cmd=barrier_out"));
      case "finalize":
        job.leave(this.#rank);
        return await write("cmd=finalize_ack");
    }
    // `abort` and what is not known need no answer: the process ends, and that is seen.
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
