import { SIGN_EVERY, SILENCE_LIMIT, silenceOf } from "../contact.ts";
import { linesOf, lineWriter } from "../mpi/lines.ts";
import { PmiJob } from "../mpi/pmi_job.ts";
import { closeQuietly } from "../mpi/pmi_server.ts";
import type { Meeting } from "./variables.ts";
import { draw, type FromServer, isProof, type Member, proofOf, type ToServer } from "./wire.ts";

/** Milliseconds in which a stranger has to say who it is, and in which a farewell has to be on its way. */
const INTRODUCTION = 10_000, FAREWELL = 1000;

/** A process that has come. */
interface Guest extends Member {
  address: string;
  /** Milliseconds since its last message, counted here: they stand still with the process, as all of a job that is frozen. */
  silentFor: number;
  hasLeft: boolean;
  say(message: FromServer): Promise<void>;
}

/**
 * Where the processes of a run meet: run by the first of them, on the address that all are given, and on no other. What
 * MPI has to be told comes over the same port.
 */
export class MeetingServer implements Disposable {
  readonly #listener: Deno.TcpListener;
  readonly #job: PmiJob;
  readonly #guests: (Guest | null)[];
  #state: "gathering" | "running" | "over" = "gathering";
  #strangers = 0;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #timers: (number | ReturnType<typeof setTimeout>)[];

  /** @throws If it cannot listen there. */
  constructor(private readonly meeting: Meeting) {
    const { hostname, port, size, patience } = meeting;
    this.#listener = Deno.listen({ hostname, port });
    this.#job = new PmiJob(size);
    this.#guests = new Array(size).fill(null);
    void this.#accept();
    this.#timers = [
      setTimeout(() => this.#giveUp(), 1000 * patience),
      setInterval(() => this.#look(), SIGN_EVERY),
    ];
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#listener.close();
    for (const connection of this.#connections) closeQuietly(connection);
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.#listener) {
        this.#connections.add(connection);
        // Who is gone is told where its connection ends; strangers are nobody's.
        this.#serve(connection).catch(() => {}).finally(() => {
          this.#connections.delete(connection);
          closeQuietly(connection);
        });
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // closed
    }
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    const lines = linesOf(connection.readable), write = lineWriter(connection.writable);
    const stranger = setTimeout(() => closeQuietly(connection), INTRODUCTION);
    const { value: first } = await lines.next();
    if (first === undefined) return clearTimeout(stranger);
    const address = (connection.remoteAddr as Deno.NetAddr).hostname;
    if (first.startsWith("cmd=")) {
      // Of MPI: good for who has a ticket, and comes from where it was given to.
      if (!this.#guests.some((guest) => guest?.address === address)) return clearTimeout(stranger);
      const session = this.#job.open(write);
      await session.answer(first);
      clearTimeout(stranger);
      for await (const line of lines) await session.answer(line);
      return;
    }
    const say = (message: FromServer) => write(JSON.stringify(message));
    const member = await this.#introduce(JSON.parse(first) as ToServer, lines, say);
    clearTimeout(stranger);
    const guest = member &&
      await this.#admit({ ...member, address, silentFor: 0, hasLeft: false, say });
    if (!guest) return;
    try {
      for await (const line of lines) await this.#hear(guest, JSON.parse(line) as ToServer);
    } finally {
      await this.#part(guest);
    }
  }

  /** Who has come, if it has the token. */
  async #introduce(
    first: ToServer,
    lines: AsyncGenerator<string>,
    say: Guest["say"],
  ): Promise<Member | null> {
    const { token } = this.meeting, drawn = draw();
    if (!("hello" in first)) return null;
    await say({ welcome: drawn, proof: proofOf(token, "welcome", first.hello, drawn) });
    const { value: line } = await lines.next(), second = line && JSON.parse(line) as ToServer;
    if (
      second && "join" in second && isProof(second.proof, token, "join", drawn, JSON.stringify(second.join))
    ) {
      return second.join;
    }
    this.#strangers++; // it has another token, and knows by our proof
    return null;
  }

  /** Takes a process in; null: there is no place for it. */
  async #admit(guest: Guest): Promise<Guest | null> {
    const { meeting: { size, hostname, port } } = this, { rank, host } = guest, other = this.#guests[rank];
    if (this.#state !== "gathering") {
      await guest.say({ refused: `The run at ${hostname}:${port} has all its ${size} processes already` });
      return null;
    }
    const problem = guest.size !== size
      ? `WORLD_SIZE is ${guest.size} for process ${rank} on ${host}, but ${size} for process 0`
      : other
      ? `Two processes have RANK ${rank}: one on ${other.host}, one on ${host}`
      : null;
    if (problem) {
      await guest.say({ failed: problem });
      await this.#fail(problem);
      return null;
    }
    this.#guests[rank] = guest;
    if (this.#guests.every((guest) => guest !== null)) await this.#begin();
    return guest;
  }

  async #begin(): Promise<void> {
    const guests = this.#guests as Guest[], hosts = guests.map(({ host }) => host);
    const { hostname, port } = this.#listener.addr;
    this.#state = "running";
    await Promise.all(
      guests.map((guest, rank) =>
        guest.say({ begin: { hosts, pmi: this.#job.environment(rank, `${hostname}:${port}`) } })
      ),
    );
  }

  async #hear(guest: Guest, message: ToServer): Promise<void> {
    guest.silentFor = 0;
    if ("failed" in message) {
      guest.hasLeft = true; // it knows
      await this.#fail(`Process ${guest.rank} on ${guest.host} failed: ${message.failed}`);
    } else if ("leaves" in message) {
      guest.hasLeft = true;
      if (this.#guests.every((guest) => guest?.hasLeft)) {
        this.#state = "over";
        await this.#tell({ end: true });
      }
    }
  }

  /** A connection is closed. */
  async #part(guest: Guest): Promise<void> {
    if (this.#state === "gathering") this.#guests[guest.rank] = null; // it may be started again
    if (this.#state !== "running" || guest.hasLeft) return;
    guest.hasLeft = true;
    await this.#fail(`Process ${guest.rank} on ${guest.host} is gone: it was killed, or it crashed`);
  }

  /** Tells all that the run is over, and why. */
  async #fail(problem: string): Promise<void> {
    if (this.#state === "over") return;
    this.#state = "over";
    await this.#tell({ failed: problem });
  }

  /** The first process, in which this is, is told last: with it all connections end. */
  async #tell(message: FromServer): Promise<void> {
    const [first, ...others] = this.#guests;
    const said = Promise.all(others.map((guest) => guest?.say(message).catch(() => {}))); // it may be the one that is gone
    await Promise.race([said, new Promise((resolve) => setTimeout(resolve, FAREWELL))]);
    await first?.say(message);
  }

  #look(): void {
    for (const guest of this.#guests) {
      if (this.#state === "over") return;
      if (!guest || guest.hasLeft) continue;
      void guest.say({ lives: true }).catch(() => {}); // a connection that is closed is told where it is read
      if (this.#state !== "running") continue; // who waits for the others has nothing to say
      guest.silentFor += SIGN_EVERY;
      if (guest.silentFor > SILENCE_LIMIT) void this.#fail(silenceOf(guest.rank, guest.host).message);
    }
  }

  #giveUp(): void {
    if (this.#state !== "gathering") return;
    const { hostname, port, size, patience } = this.meeting;
    const missing = this.#guests.flatMap((guest, rank) => guest ? [] : [rank]);
    const some = missing.slice(0, 8).join(", ") + (missing.length > 8 ? ", ..." : "");
    const strangers = this.#strangers ? `; ${this.#strangers} came with another SEED_RUN_TOKEN` : "";
    void this.#fail(
      `Process ${some} of ${size} did not come to ${hostname}:${port} within ${patience} s${strangers}. Start all ` +
        "processes, with the same MASTER_ADDR, MASTER_PORT and SEED_RUN_TOKEN; SEED_RUN_WAIT sets the seconds",
    );
  }
}
