/**
 * Writes the JSON Schema of recipes for editors, `recipes/schema.json`: `deno task build-schema`. It is made of the
 * loader's own schemas, the plugins' options and the meanings in `docs/recipes.md`.
 *
 * @module
 */
import { SCHEMA_FILE, schemaText } from "./schema_text.ts";

await Deno.writeTextFile(SCHEMA_FILE, await schemaText());
