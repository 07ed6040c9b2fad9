/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** The thread of heartbeat.ts. */
import type { HeartbeatNews, HeartbeatStart } from "./heartbeat.ts";
import { Mpi } from "./mpi.ts";

/** Milliseconds between two signs of life, and after how many without one a process counts as gone. */
const EVERY = 500, LIMIT = 7000;

self.onmessage = ({ data }: MessageEvent<HeartbeatStart>) => {
  const { rank, size } = data;
  const others = rank === 0 ? Array.from({ length: size - 1 }, (_, i) => i + 1) : [0];
  const peers = others.map((other) => new Peer(Mpi.load(data.path), data.comm, other));
  const timer = setInterval(() => {
    for (const peer of peers) {
      peer.send();
      peer.receive();
      if (peer.silentFor > LIMIT) say({ silent: peer.rank });
    }
  }, EVERY);
  self.onmessage = () => {
    clearInterval(timer);
    say({ stopped: true });
  };
};

function say(news: HeartbeatNews): void {
  self.postMessage(news);
}

/** Another process, to which signs of life go and from which they come. */
class Peer {
  readonly #byte = new Uint8Array(1);
  readonly #flag = new Int32Array(1);
  #request: BigUint64Array<ArrayBuffer> | null = null;
  #heard = performance.now();

  constructor(private readonly mpi: Mpi, private readonly comm: bigint, readonly rank: number) {}

  get silentFor(): number {
    return performance.now() - this.#heard;
  }

  /** Sends a sign, unless the last is still on its way. */
  send(): void {
    const { calls, abi, check } = bound(this.mpi);
    if (this.#request) {
      check(calls.MPI_Test(this.#request, this.#flag, abi.statusIgnore));
      if (!this.#flag[0]) return;
    }
    const request = this.#request = new BigUint64Array(1);
    check(calls.MPI_Isend(this.#byte, 1, abi.byte, this.rank, 0, this.comm, request));
  }

  /** Takes the signs that are there. */
  receive(): void {
    const { calls, abi, check } = bound(this.mpi);
    for (;;) {
      check(calls.MPI_Iprobe(this.rank, 0, this.comm, this.#flag, abi.statusIgnore));
      if (!this.#flag[0]) return;
      check(calls.MPI_Recv(new Uint8Array(1), 1, abi.byte, this.rank, 0, this.comm, abi.statusIgnore));
      this.#heard = performance.now();
    }
  }
}

function bound(mpi: Mpi) {
  return { calls: mpi.calls, abi: mpi.abi, check: (code: number) => mpi.check(code) };
}
