/**
 * Figures in sentences.
 *
 * @module
 */

/** A difference of two shares, in per cent points. */
export function points(difference: number): string {
  const shown = (100 * difference).toFixed(1);
  return `${shown} point${shown === "1.0" ? "" : "s"}`;
}

/** A share. */
export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** A word at the beginning of a sentence. */
export function capital(text: string): string {
  // A name such as kNN keeps its small letter.
  return /^[a-z][A-Z]/.test(text) ? text : text[0].toUpperCase() + text.slice(1);
}
