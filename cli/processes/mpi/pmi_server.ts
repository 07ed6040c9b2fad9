import { ProcessesError } from "@seed/core/text";
import { ORPHANED } from "./heartbeat.ts";
import { linesOf, lineWriter } from "./lines.ts";
import { JOINED, PmiJob } from "./pmi_job.ts";

/** Lets the processes of one job find each other. MPICH's own starter listens on all interfaces; this one on one. */
export class PmiServer implements Disposable {
  readonly job: PmiJob;
  readonly #listener: Deno.TcpListener;

  /**
   * @param size Processes of the job.
   * @param at Where to listen; default: on the loopback interface, at any free port.
   */
  constructor(size: number, at: { hostname: string; port: number } = { hostname: "127.0.0.1", port: 0 }) {
    this.#listener = Deno.listen(at);
    this.job = new PmiJob(size);
    void this.#accept();
  }

  /** What a process has to find in its environment. */
  environment(rank: number): Record<string, string> {
    const { hostname, port } = this.#listener.addr;
    return this.job.environment(rank, `${hostname}:${port}`);
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.job[Symbol.dispose]();
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.#listener) {
        // A process that is gone is told by who watches it.
        this.#serve(connection).catch(() => closeQuietly(connection));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // closed
    }
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    const session = this.job.open(lineWriter(connection.writable));
    for await (const line of linesOf(connection.readable)) await session.answer(line);
  }
}

/**
 * Tells the server that has started this process that it has joined the others.
 *
 * @throws {ProcessesError} If the server is gone.
 */
export async function tellJoined(): Promise<void> {
  const [hostname, port] = Deno.env.get("PMI_PORT")!.split(":");
  try {
    using connection = await Deno.connect({ hostname, port: Number(port) });
    await connection.write(new TextEncoder().encode(`cmd=${JOINED} pmiid=${Deno.env.get("PMI_ID")}\n`));
  } catch (error) {
    throw new ProcessesError(ORPHANED, { cause: error });
  }
}

/** Closes a connection that may be closed already. */
export function closeQuietly(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
