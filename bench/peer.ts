import process from "node:process";
import { createInterface } from "node:readline";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What to do to be compared with PyTorch. */
const HOW_TO =
  "PyTorch is not compared: SEED_PEER_PYTHON names no Python. Make one by `python3 -m venv peer && " +
  "peer/bin/pip install -r bench/peers/requirements.txt`, and set SEED_PEER_PYTHON=peer/bin/python";

/**
 * The same work in Python: a process that stays, does a piece of work for each line on its standard input, and
 * answers with a line.
 */
export class Peer {
  readonly #lines: AsyncIterator<string>;
  readonly #input: { write(text: string): void };

  private constructor(python: string, script: string, args: readonly string[]) {
    const path = fileURLToPath(new URL(`./peers/${script}`, import.meta.url));
    const child = spawn(python, [path, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    this.#input = child.stdin;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    addEventListener("unload", () => child.kill());
  }

  /** Starts the script of `bench/peers`; null, and a line that says how to get it, without SEED_PEER_PYTHON. */
  static start(script: string, args: readonly (string | number)[]): Peer | null {
    const python = process.env.SEED_PEER_PYTHON;
    if (!python) {
      console.error(HOW_TO);
      return null;
    }
    return new Peer(python, script, args.map(String));
  }

  /**
   * Has a piece of work done.
   *
   * @returns what the script answers, for `describe` its versions, else the processor time in seconds.
   */
  async ask<T>(work: string): Promise<T> {
    this.#input.write(`${work}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`The peer's process ended while it did "${work}"; its message is above`);
    return JSON.parse(value);
  }
}
