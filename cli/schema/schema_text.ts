import { recipeSchema } from "@seed/core/host";
import { DEFAULTS } from "../defaults.ts";
import { shippedPlugins } from "../listings/plugins.ts";
import { meaningsIn } from "./meanings.ts";

/** Where the schema stands, which editors find by the first line of a recipe. */
export const SCHEMA_FILE = new URL("../../recipes/schema.json", import.meta.url);

/** The JSON Schema of recipes with all plugins that come with SEED, in the order of their names. */
export async function schemaText(): Promise<string> {
  const shipped = (await shippedPlugins()).sort((a, b) => a.name < b.name ? -1 : 1);
  const page = await Deno.readTextFile(new URL("../../docs/recipes.md", import.meta.url));
  const schema = recipeSchema({
    plugins: new Map(shipped.map((plugin) => [plugin.name, plugin])),
    ...{ engine: DEFAULTS.engine, evaluatorPackage: DEFAULTS.evaluatorPackage, meaning: meaningsIn(page) },
  });
  return `${JSON.stringify(schema)}\n`;
}
