import assert from "node:assert/strict";
import { dirname, join, resolve } from "node:path";
import { schemaLine } from "./schema_line.ts";

Deno.test("a written recipe names the schema by its way from the recipe", () => {
  const from = (recipe: string) => schemaLine(recipe, "file:///seed/recipes/schema.json");
  assert.equal(from("/seed/recipes/mine.yaml"), "# yaml-language-server: $schema=./schema.json");
  assert.equal(from("/seed/mine.yaml"), "# yaml-language-server: $schema=./recipes/schema.json");
  assert.equal(from("/home/me/mine.yaml"), "# yaml-language-server: $schema=../../seed/recipes/schema.json");
});

Deno.test("the schema that comes with SEED is where a written recipe says", () => {
  const line = schemaLine("somewhere/mine.yaml");
  const file = resolve(dirname("somewhere/mine.yaml"), line!.split("$schema=")[1]);
  assert.equal(file, join(Deno.cwd(), "recipes", "schema.json"));
});

Deno.test("a recipe names no schema that lies elsewhere than on this machine", () => {
  assert.equal(schemaLine("mine.yaml", "https://example.org/recipes/schema.json"), null);
});
