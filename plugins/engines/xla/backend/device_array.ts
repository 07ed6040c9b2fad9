import type { Buffer } from "../pjrt/buffer.ts";
import type { Placement } from "../stablehlo/module_builder.ts";

/** A tensor's values on the devices. Several hold it; it is freed when the last lets go. */
export class DeviceArray {
  #holders = 1;

  /**
   * @param buffers One a device.
   * @param placement Whether each has a part of the rows, or each the whole.
   * @param maker The traced function that computes it, for the error of whoever reads what could not be computed.
   */
  constructor(
    readonly buffers: readonly Buffer[],
    readonly placement: Placement,
    readonly maker: string | null = null,
  ) {}

  get isShared(): boolean {
    return this.#holders > 1;
  }

  hold(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (--this.#holders === 0) { for (const buffer of this.buffers) buffer[Symbol.dispose](); }
  }
}
