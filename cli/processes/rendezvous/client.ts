import { ProcessesError } from "@seed/core/text";
import { FirstLostError, SIGN_EVERY, SILENCE_LIMIT, silenceOf } from "../contact.ts";
import { linesOf, lineWriter } from "../mpi/lines.ts";
import { closeQuietly } from "../mpi/pmi_server.ts";
import type { Meeting } from "./variables.ts";
import {
  type Beginning,
  draw,
  type FromServer,
  isProof,
  type Member,
  proofOf,
  type ToServer,
} from "./wire.ts";

/** Milliseconds between two tries to reach the first process. */
const AGAIN_EVERY = 200;

/** Seconds that the first process may take longer than its patience to say that somebody is missing. */
const GRACE = 10;

/** The part of one process in the meeting, the first one's too. */
export class MeetingClient implements Disposable {
  readonly #ended = Promise.withResolvers<void>();
  /** The run is over, well or not. */
  readonly #isOver = Promise.withResolvers<void>();
  readonly #lost = Promise.withResolvers<never>();
  /** Milliseconds since the last message, counted here: they stand still with the process, as all of a job that is frozen. */
  #silentFor = 0;

  readonly #lines: AsyncGenerator<string>;
  readonly #write: (line: string) => Promise<void>;

  private constructor(private readonly connection: Deno.TcpConn) {
    this.#lines = linesOf(connection.readable);
    this.#write = lineWriter(connection.writable);
    this.#lost.promise.catch(() => {}); // told by whoever waits
  }

  /** The address of this host by which it reaches the first process's. */
  get address(): string {
    return (this.connection.localAddr as Deno.NetAddr).hostname;
  }

  [Symbol.dispose](): void {
    closeQuietly(this.connection);
  }

  /**
   * Reaches the first process, and shows that it is of the same run.
   *
   * @throws {ProcessesError} If it is not there in time, or has another token.
   */
  static async reach(meeting: Meeting, host: string): Promise<MeetingClient> {
    const { token, rank, size } = meeting, client = new MeetingClient(await connect(meeting));
    const drawn = draw(), member: Member = { rank, size, host };
    await client.#say({ hello: drawn });
    const welcome = await client.#next();
    if (
      !welcome || !("welcome" in welcome) || !isProof(welcome.proof, token, "welcome", drawn, welcome.welcome)
    ) {
      client[Symbol.dispose]();
      throw new ProcessesError(
        `What listens at ${meeting.hostname}:${meeting.port} has another SEED_RUN_TOKEN, or is no run of SEED's; ` +
          "start all processes with the same MASTER_ADDR, MASTER_PORT and SEED_RUN_TOKEN",
      );
    }
    await client.#say({
      join: member,
      proof: proofOf(token, "join", welcome.welcome, JSON.stringify(member)),
    });
    return client;
  }

  /**
   * Waits for all.
   *
   * @throws {ProcessesError} If one does not come, or something of the start is wrong.
   */
  async begin(patience: number): Promise<Beginning> {
    const late = setTimeout(
      () => this.#lost.reject(new ProcessesError("Process 0 did not say whether all have come")),
      1000 * (patience + GRACE),
    );
    try {
      for (;;) {
        const message = await Promise.race([this.#next(), this.#lost.promise]);
        if (message === null) throw new ProcessesError("Process 0 ended before all processes had come");
        if ("begin" in message) return message.begin;
        if ("failed" in message) throw new ProcessesError(message.failed);
        if ("refused" in message) throw new ProcessesError(message.refused);
      }
    } finally {
      clearTimeout(late);
    }
  }

  /**
   * Stays in touch, until all have left.
   *
   * @param host Name of the first process's machine.
   * @throws {ProcessesError} If a process is gone, or has failed.
   */
  async stay(host: string): Promise<void> {
    const timer = setInterval(() => {
      this.#say({ lives: true }).catch(() => {}); // a connection that is closed is told where it is read
      this.#silentFor += SIGN_EVERY;
      if (this.#silentFor > SILENCE_LIMIT) this.#lost.reject(silenceOf(0, host));
    }, SIGN_EVERY);
    const listening = (async () => {
      for (;;) {
        const message = await this.#next();
        if (message === null) {
          throw new FirstLostError(`Process 0 on ${host} is gone: it was killed, or it crashed`);
        }
        this.#silentFor = 0;
        if ("failed" in message) throw new ProcessesError(message.failed);
        if ("end" in message) return this.#ended.resolve();
      }
    })();
    try {
      await Promise.race([listening, this.#lost.promise]);
    } finally {
      clearInterval(timer);
      this.#isOver.resolve();
    }
  }

  /** Says that this process leaves in the proper way, and waits until all do. */
  async leave(): Promise<void> {
    await this.#say({ leaves: true });
    await this.#ended.promise;
  }

  /** Says why this process fails; the first one tells all, this one last. */
  async fail(problem: string): Promise<void> {
    await this.#say({ failed: problem }).catch(() => {}); // who is not there needs not be told
    await this.#isOver.promise;
  }

  async #say(message: ToServer): Promise<void> {
    await this.#write(JSON.stringify(message));
  }

  /** Null: the connection is closed. */
  async #next(): Promise<FromServer | null> {
    try {
      const { value: line } = await this.#lines.next();
      return line === undefined ? null : JSON.parse(line) as FromServer;
    } catch (error) {
      if (error instanceof SyntaxError) return null; // of somebody who speaks otherwise
      if (isOfNetwork(error)) return null;
      throw error;
    }
  }
}

/** Connects as soon as the first process listens. */
async function connect({ hostname, port, patience }: Meeting): Promise<Deno.TcpConn> {
  const deadline = performance.now() + 1000 * patience;
  for (let last = "it does not answer";;) {
    const left = deadline - performance.now();
    const late = Promise.withResolvers<null>(),
      timer = setTimeout(() => late.resolve(null), Math.max(0, left));
    try {
      const connecting = Deno.connect({ hostname, port });
      const connection = await Promise.race([connecting, late.promise]);
      if (connection) return connection;
      connecting.then((connection) => connection.close(), () => {}); // too late
      throw new ProcessesError(
        `Process 0 was not at ${hostname}:${port} within ${patience} s (${last}). Start it, or see whether ` +
          "MASTER_ADDR and MASTER_PORT name its host and whether a firewall is between; SEED_RUN_WAIT sets the seconds",
      );
    } catch (error) {
      if (!isOfNetwork(error)) throw error;
      last = (error as Error).message;
      await new Promise((resolve) => setTimeout(resolve, Math.min(AGAIN_EVERY, Math.max(0, left))));
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Whether an error is the network's, or the other side's. */
function isOfNetwork(error: unknown): boolean {
  const { NotCapable, BadResource } = Deno.errors;
  if (error instanceof ProcessesError || error instanceof NotCapable || error instanceof BadResource) {
    return false;
  }
  return error instanceof Error &&
    (error.constructor.name in Deno.errors || /os error|dns error|lookup/.test(error.message));
}
