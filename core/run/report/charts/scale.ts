/** Where a number stands on an axis. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  /** Round numbers between the ends. */
  readonly ticks: readonly number[];
  /** Place of a number, between `from` and `to`. */
  at(value: number): number;
}

/**
 * A scale for numbers, between round ones.
 *
 * @param values What has to be on it; none: 0 to 1.
 * @param given.from Place of the lowest.
 * @param given.to Place of the highest.
 * @param given.ticks About how many.
 * @param given.isShare Whether a single value is one of 1 at most.
 * @param given.isTight Whether it ends at the values themselves.
 */
export function scaleOf(
  values: Iterable<number>,
  { from, to, ticks = 5, isTight = false, isShare = false }: {
    from: number;
    to: number;
    ticks?: number;
    isTight?: boolean;
    isShare?: boolean;
  },
): Scale {
  let least = Infinity, most = -Infinity;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (least > most) [least, most] = [0, 1];
  if (least === most) [least, most] = isShare && least > 0 && least <= 1 ? [0, 1] : around(least);
  const step = roundStep((most - least) / ticks);
  const low = isTight ? least : Math.floor(least / step) * step;
  const high = isTight ? most : Math.ceil(most / step) * step;
  const first = Math.ceil(low / step - 1e-9), count = Math.floor(high / step + 1e-9) - first + 1;
  return {
    ...{ low, high },
    ticks: Array.from({ length: count }, (_, i) => (first + i) * step),
    at: (value) => from + (to - from) * (value - low) / (high - low),
  };
}

/** An axis for a single value: from 0 where it can be, for a share or a loss is not below. */
function around(value: number): [number, number] {
  if (value === 0) return [0, 1];
  return value > 0 ? [0, 2 * value] : [2 * value, 0];
}

/** The next of 1, 2, 5, 10, ... */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= step * (1 - 1e-9))!;
}

/** A place as an SVG has it. */
export function px(place: number): string {
  return place.toFixed(1);
}

/** What stands beside a tick of values: a share in per cent, or its number. */
export function valueText(value: number, { ticks }: Pick<Scale, "ticks">, isShare: boolean): string {
  if (!isShare) return tickText(value, { ticks });
  return `${tickText(100 * value, { ticks: ticks.map((one) => 100 * one) })} %`;
}

/** A tick's number, with no more digits than tell it from its neighbours. */
export function tickText(value: number, { ticks }: Pick<Scale, "ticks">): string {
  const step = ticks.length > 1 ? Math.abs(ticks[1] - ticks[0]) : Math.abs(value) || 1;
  const power = Math.floor(Math.log10(step) + 1e-9), isZero = Math.abs(value) < step / 2;
  if (isZero && (power < -3 || power >= 3)) return "0";
  if (power < -3) {
    return value.toExponential(Math.max(0, Math.floor(Math.log10(Math.abs(value)) + 1e-9) - power));
  }
  if (power >= 6) return `${Math.round(value / 1e6)}M`;
  if (power >= 3) return `${Math.round(value / 1e3)}k`;
  return value.toFixed(Math.max(0, -power));
}
