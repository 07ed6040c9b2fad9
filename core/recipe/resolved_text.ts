import { Document, isScalar, visit } from "yaml";
import { printable } from "../text/printable.ts";

/**
 * Values as YAML that can be printed: strings with what a terminal obeys stand in double quotes, where YAML has
 * escapes for it, so that the text reads back to the same.
 */
export function resolvedText(values: Readonly<Record<string, unknown>>): string {
  const document = new Document(values);
  visit(document, {
    Scalar(_key, node) {
      if (isScalar(node) && typeof node.value === "string" && printable(node.value) !== node.value) {
        node.type = "QUOTE_DOUBLE";
      }
    },
  });
  return printable(document.toString());
}
