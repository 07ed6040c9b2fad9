import { memory } from "./kernels.wasm";

/** Kernels go by blocks: they read, and may write, this much beyond what an area holds. */
const SLACK = 64;

/** A WebAssembly page. */
const PAGE = 65536;

/**
 * Areas of the kernels' memory. There is one memory in a thread, used anew by each picture, so an arena is good until
 * the next one is made; no kernel waits for anything, so no two are in use at once.
 */
export class Arena {
  #next = SLACK;

  /** Takes an area; what it holds is what was there. @returns Its address, a multiple of 16. */
  take(bytes: number): number {
    const at = this.#next;
    this.#next = roundUp(at + bytes + SLACK);
    const missing = this.#next - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    return at;
  }
}

/** More than what pictures usually need, and what a worker may keep. */
const MOST_KEPT = 2 ** 28;

/** Whether a giant picture has left its memory: WebAssembly never gives any back while its thread lives. */
export function isBloated(): boolean {
  return memory.buffer.byteLength > MOST_KEPT;
}

/** The bytes of an area, until the next one is taken. */
export function bytesAt(address: number, length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(memory.buffer as ArrayBuffer, address, length);
}

/** The next multiple of 16. */
export function roundUp(bytes: number): number {
  return (bytes + 15) & ~15;
}
