import { addressOf } from "./memory.ts";
import type { Client } from "./client.ts";

/** Types of elements, as StableHLO names them, with `PJRT_Buffer_Type`'s numbers and arrays for their values. */
const TYPES = {
  i1: { number: 1, array: Uint8Array },
  i32: { number: 4, array: Int32Array },
  ui8: { number: 6, array: Uint8Array },
  f32: { number: 11, array: Float32Array },
  bf16: { number: 13, array: Uint16Array },
} as const;
export type ElementType = keyof typeof TYPES;

/** An array of an element type's values. */
export type HostArray = InstanceType<typeof TYPES[ElementType]["array"]>;

export function elementTypeNumber(type: ElementType): number {
  return TYPES[type].number;
}

/** Values on one device. */
export class Buffer implements Disposable {
  constructor(
    private readonly client: Client,
    readonly address: bigint,
    readonly shape: readonly number[],
    readonly type: ElementType,
  ) {}

  /** Copies the values out, waiting on another thread for whatever computes them. */
  async read(): Promise<HostArray> {
    const { array, event } = this.#startReading();
    await this.client.api.ended(event);
    return array;
  }

  /** The same while JavaScript waits. */
  readNow(): HostArray {
    const { array, event } = this.#startReading();
    this.client.api.awaitNow(event);
    return array;
  }

  /** Whether a program that it was donated to has taken its memory over. */
  get isDonated(): boolean {
    this.#requireAlive();
    return this.client.api.call("Buffer_IsDeleted", { buffer: this.address }).get("is_deleted") !== 0n;
  }

  [Symbol.dispose](): void {
    if (this.client.disown(this)) this.client.api.call("Buffer_Destroy", { buffer: this.address });
  }

  #requireAlive(): void {
    if (!this.client.owns(this)) {
      throw new Error(`A buffer of shape [${this.shape}] was used after it was freed`);
    }
  }

  #startReading(): { array: HostArray; event: bigint } {
    this.client.requireOpen("read a tensor");
    this.#requireAlive();
    const { array: HostArray } = TYPES[this.type], size = this.shape.reduce((a, b) => a * b, 1);
    const array = new HostArray(new ArrayBuffer(size * HostArray.BYTES_PER_ELEMENT));
    const started = this.client.api.call("Buffer_ToHostBuffer", {
      ...{ src: this.address, dst: addressOf(array), dst_size: array.byteLength },
    });
    return { array, event: started.get("event") };
  }
}
