/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** The thread of heartbeat.ts. */
import { SIGN_EVERY, SILENCE_LIMIT } from "../contact.ts";
import type { HeartbeatNews, HeartbeatStart } from "./heartbeat.ts";
import { Mpi, MpiError } from "./mpi.ts";

/** Milliseconds between two signs at the end. */
const AT_END_EVERY = 10;

/** What a sign says. */
const LIVES = 0, LEAVES = 1;

self.onmessage = ({ data }: MessageEvent<HeartbeatStart>) => {
  const { rank, size, starter } = data;
  const others = rank === 0 ? Array.from({ length: size - 1 }, (_, i) => i + 1) : [0];
  const peers = others.map((other) => new Peer(Mpi.load(data.path), other));
  const exchange = (sign: number, every: number) => {
    if (starter !== null && Deno.ppid !== starter) say({ orphaned: true });
    for (const peer of peers) {
      peer.silentFor += every;
      peer.exchange(sign);
      if (peer.silentFor > SILENCE_LIMIT) say({ silent: peer.rank });
    }
  };
  const living = setInterval(() => exchange(LIVES, SIGN_EVERY), SIGN_EVERY);
  self.onmessage = () => {
    clearInterval(living);
    // No sign may be on its way when MPI ends: each waits for the others' last one.
    const leaving = setInterval(() => {
      exchange(LEAVES, AT_END_EVERY);
      if (!peers.every(({ isDone }) => isDone)) return;
      clearInterval(leaving);
      say({ stopped: true });
    }, AT_END_EVERY);
  };
};

function say(news: HeartbeatNews): void {
  self.postMessage(news);
}

/** Another process, to which signs of life go and from which they come. Nothing else is sent from one to one. */
class Peer {
  readonly #sign = new Uint8Array(1);
  readonly #flag = new Int32Array(1);
  /** Of the sign that is on its way. */
  #request: BigUint64Array<ArrayBuffer> | null = null;
  /** Milliseconds since its last sign, counted by this thread: they stand still with the process, as all of a job that is frozen. */
  silentFor = 0;
  #hasSaidLast = false;
  #hasHeardLast = false;
  /** Whether MPI has failed with it. */
  #isLost = false;
  /** Whether both have said, and heard, that they leave. */
  isDone = false;

  constructor(private readonly mpi: Mpi, readonly rank: number) {}

  /** Sends a sign, and takes those that are there. If MPI fails the silence from then on is told: it names the process. */
  exchange(sign: number): void {
    if (this.#isLost) return;
    try {
      this.#send(sign);
      this.#receive();
      this.isDone = this.#hasSaidLast && this.#hasHeardLast && this.#isSent();
    } catch (error) {
      if (!(error instanceof MpiError)) throw error;
      this.#isLost = true;
    }
  }

  /** Sends a sign, unless the one before is still on its way. */
  #send(sign: number): void {
    const { mpi: { calls, abi } } = this;
    if (this.#hasSaidLast || !this.#isSent()) return;
    this.#sign[0] = sign;
    this.#hasSaidLast = sign === LEAVES;
    const request = this.#request = new BigUint64Array(1);
    this.mpi.check(calls.MPI_Isend(this.#sign, 1, abi.byte, this.rank, 0, abi.world, request));
  }

  /** Takes the signs that are there. */
  #receive(): void {
    const { mpi: { calls, abi } } = this, sign = new Uint8Array(1);
    while (!this.#hasHeardLast) {
      this.mpi.check(calls.MPI_Iprobe(this.rank, 0, abi.world, this.#flag, abi.statusIgnore));
      if (!this.#flag[0]) return;
      this.mpi.check(calls.MPI_Recv(sign, 1, abi.byte, this.rank, 0, abi.world, abi.statusIgnore));
      this.silentFor = 0;
      this.#hasHeardLast = sign[0] === LEAVES;
    }
  }

  #isSent(): boolean {
    if (!this.#request) return true;
    const { mpi: { calls, abi } } = this;
    this.mpi.check(calls.MPI_Test(this.#request, this.#flag, abi.statusIgnore));
    if (this.#flag[0]) this.#request = null;
    return this.#request === null;
  }
}
