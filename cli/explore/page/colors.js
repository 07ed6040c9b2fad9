/** Colours that are told apart by most people, on light and on dark (after Okabe and Ito, and Tableau). */
const FEW = [
  "#4e79a7",
  "#f28e2b",
  "#59a14f",
  "#e15759",
  "#b07aa1",
  "#76b7b2",
  "#d4a72c",
  "#ff9da7",
  "#9c755f",
  "#86a8c5",
];
/** Degrees: hues of many classes that follow one another lie far apart. */
const GOLDEN_ANGLE = 137.508;

/**
 * Colour of a class.
 *
 * @param {number | null} label
 * @param {number} classes How many there are.
 * @returns {string | null} Null: it has none.
 */
export function colorOf(label, classes) {
  if (label === null) return null;
  return classes <= FEW.length ? FEW[label] : `hsl(${(label * GOLDEN_ANGLE % 360).toFixed(0)} 55% 55%)`;
}
