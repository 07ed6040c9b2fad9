import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The line that tells editors how recipes are made, so that they complete and check one.
 *
 * @param recipe Path of the recipe that it stands in.
 * @param schema Address of the schema; default: the one that comes with SEED.
 * @returns null if it is no file of this machine.
 */
export function schemaLine(
  recipe: string,
  schema = import.meta.resolve("../../recipes/schema.json"),
): string | null {
  if (!schema.startsWith("file:")) return null;
  const path = relative(dirname(resolve(recipe)), fileURLToPath(schema)).replaceAll("\\", "/");
  return `# yaml-language-server: $schema=${path.startsWith("../") ? path : `./${path}`}`;
}
