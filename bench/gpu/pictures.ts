import { unit } from "../../tests/golden/formula.ts";

/** Random numbers that a picture is drawn by. */
const DRAWN = 8;

/**
 * `[batch, side, side, 3]` uint8: waves of many directions, lengths and colours, with noise over them, so that a teacher
 * of random weights tells them apart, as it hardly does noise alone.
 */
export function pictures(name: string, batch: number, side: number): Uint8Array {
  const drawn = unit(`${name}.pictures`, batch * DRAWN),
    noise = unit(`${name}.noise`, batch * side * side * 3);
  const values = new Uint8Array(noise.length);
  let i = 0;
  for (let image = 0; image < batch; image++) {
    const [turn, length, contrast, red, green, blue, shift, grain] = drawn.subarray(image * DRAWN);
    const angle = Math.PI * turn, frequency = 2 * Math.PI / (3 + 40 * length * length);
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const phase = frequency * (x * Math.cos(angle) + y * Math.sin(angle));
        for (const [channel, colour] of [red, green, blue].entries()) {
          const wave = Math.sin(phase + 2 * channel * shift);
          const value = 255 * colour + 127 * contrast * wave + 80 * grain * (noise[i] - 0.5);
          values[i++] = Math.max(0, Math.min(255, Math.round(value)));
        }
      }
    }
  }
  return values;
}
