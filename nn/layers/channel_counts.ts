/** The nearest multiple of 8 that is not under 90 % of the number: how all mobile networks round channels. */
export function multipleOf8(channels: number): number {
  const rounded = Math.max(8, Math.floor(channels / 8 + 0.5) * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}
