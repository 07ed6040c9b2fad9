import type { ImageSet } from "@seed/core";

/** `count` of the numbers `0 .. total-1`, evenly spread and ascending; all of them if they are fewer. */
export function spread(total: number, count: number): number[] {
  if (count >= total) return Array.from({ length: total }, (_, i) => i);
  return Array.from({ length: count }, (_, i) => Math.floor((i + 0.5) * total / count));
}

/**
 * Chooses images to look at: the same every time, as many of each class as there is room for, or spread over the
 * listing where there are no labels.
 *
 * @returns Indices of the set, class by class.
 */
export function chooseImages(set: ImageSet, count: number): number[] {
  const classes = membersOf(set);
  if (!classes) return spread(set.length, count);
  const filled = classes.filter((members) => members.length > 0);
  const shown = spread(filled.length, count).map((i) => filled[i]);
  const shares = shareOut(shown.map((members) => members.length), count);
  return shown.flatMap((members, i) => spread(members.length, shares[i]).map((at) => members[at]));
}

/** Indices of each class's images, in the order of the classes; null: there are no labels. */
export function membersOf(set: ImageSet): number[][] | null {
  const { label, classNames } = set;
  if (!label || !classNames) return null;
  const members: number[][] = classNames.map(() => []);
  for (let i = 0; i < set.length; i++) members[label.call(set, i)].push(i);
  return members;
}

/** One each in turn, until `count` are given or nobody can take more. */
function shareOut(room: readonly number[], count: number): number[] {
  const shares = room.map(() => 0);
  for (let left = count, given = true; left > 0 && given;) {
    given = false;
    for (let i = 0; i < room.length && left > 0; i++) {
      if (shares[i] === room[i]) continue;
      shares[i]++, left--, given = true;
    }
  }
  return shares;
}
