/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** The thread of heartbeat.ts. */
import type { HeartbeatNews, HeartbeatStart } from "./heartbeat.ts";
import { Mpi } from "./mpi.ts";

/** Milliseconds between two signs of life, and after how many without one a process counts as gone. */
const EVERY = 500, LIMIT = 7000;

/** Milliseconds between two looks when all leave. */
const PARTING_EVERY = 2;

/** What a sign says; after a farewell there is none. */
const ALIVE = 0, FAREWELL = 1;

self.onmessage = ({ data }: MessageEvent<HeartbeatStart>) => {
  const { rank, size, starter } = data;
  const others = rank === 0 ? Array.from({ length: size - 1 }, (_, i) => i + 1) : [0];
  const peers = others.map((other) => new Peer(Mpi.load(data.path), other));
  const look = (byte: number) => {
    if (starter !== null && Deno.ppid !== starter) say({ orphaned: true });
    for (const peer of peers) {
      peer.send(byte);
      peer.receive();
      if (peer.silentFor > LIMIT) say({ silent: peer.rank });
    }
  };
  const timer = setInterval(() => look(ALIVE), EVERY);
  self.onmessage = () => {
    clearInterval(timer);
    // No message may be under way when MPI ends: each is received up to the last.
    const parting = setInterval(() => {
      look(FAREWELL);
      if (!peers.every(({ hasParted }) => hasParted)) return;
      clearInterval(parting);
      say({ stopped: true });
    }, PARTING_EVERY);
  };
};

function say(news: HeartbeatNews): void {
  self.postMessage(news);
}

/** Another process, to which signs of life go and from which they come. Nothing else is sent from one to one. */
class Peer {
  readonly #byte = new Uint8Array(1);
  readonly #flag = new Int32Array(1);
  #request: BigUint64Array<ArrayBuffer> | null = null;
  #heard = performance.now();
  /** Whether each has said farewell to the other. */
  #isTold = false;
  #isGone = false;

  constructor(private readonly mpi: Mpi, readonly rank: number) {}

  get silentFor(): number {
    return performance.now() - this.#heard;
  }

  /** Whether nothing is on its way any more, in either direction. */
  get hasParted(): boolean {
    return this.#isTold && this.#isGone && this.#request === null;
  }

  /** Sends a sign, unless the last is still on its way, or was the farewell. */
  send(byte: number): void {
    const { calls, abi, check } = bound(this.mpi);
    if (this.#request) {
      check(calls.MPI_Test(this.#request, this.#flag, abi.statusIgnore));
      if (!this.#flag[0]) return;
      this.#request = null;
    }
    if (this.#isTold) return;
    const request = this.#request = new BigUint64Array(1);
    this.#byte[0] = byte;
    check(calls.MPI_Isend(this.#byte, 1, abi.byte, this.rank, 0, abi.world, request));
    this.#isTold = byte === FAREWELL;
  }

  /** Takes the signs that are there. */
  receive(): void {
    const { calls, abi, check } = bound(this.mpi), byte = new Uint8Array(1);
    while (!this.#isGone) {
      check(calls.MPI_Iprobe(this.rank, 0, abi.world, this.#flag, abi.statusIgnore));
      if (!this.#flag[0]) return;
      check(calls.MPI_Recv(byte, 1, abi.byte, this.rank, 0, abi.world, abi.statusIgnore));
      this.#heard = performance.now();
      this.#isGone = byte[0] === FAREWELL;
    }
  }
}

function bound(mpi: Mpi) {
  return { calls: mpi.calls, abi: mpi.abi, check: (code: number) => mpi.check(code) };
}
