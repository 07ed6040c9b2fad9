import process from "node:process";

/**
 * A number that the environment may set.
 *
 * @throws {Error} If it is set to something else.
 */
export function numberOf(variable: string, otherwise: number): number {
  const text = process.env[variable];
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`${variable} is "${text}", expected a whole number above 0`);
}
