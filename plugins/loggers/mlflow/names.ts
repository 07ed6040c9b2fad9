import type { Entry } from "./client.ts";

/** Characters of a name and of a value that every version of MLflow takes. */
const MOST_KEY = 250, MOST_VALUE = 500;

/** A name that MLflow takes: of letters, digits, `_`, `-`, `.`, `/`, `:` and blanks. */
export function mlflowName(name: string): string {
  return name.replaceAll(/[^\w\-./: ]/g, "_").slice(0, MOST_KEY);
}

/** Settings as parameters: `train.lr`, lists as JSON. What is too long is cut; the run's folder has it whole. */
export function paramsOf(settings: Readonly<Record<string, unknown>>, prefix = ""): Entry[] {
  return Object.entries(settings).flatMap(([key, value]) => {
    const name = prefix + key;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return paramsOf(value as Record<string, unknown>, `${name}.`);
    }
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return [{ key: mlflowName(name), value: text.slice(0, MOST_VALUE) }];
  });
}
