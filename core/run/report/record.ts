import { html, type Markup } from "../../text/markup.ts";
import { leavesOf } from "./leaves.ts";
import { facts, section } from "./parts.ts";
import type { RunContent } from "./run_content.ts";

/** The recipe as it was resolved, and all else that the run says of itself. */
export function recordSection({ recipe, facts: told, summary }: RunContent): Markup {
  const { evaluations: _, ...outcome } = summary ?? {};
  return section(
    "Record",
    html`
      <details>
        <summary>Recipe, with every default</summary>
        <pre>${recipe}</pre>
      </details>
      <details><summary>Outcome (summary.json)</summary>${facts(leavesOf(outcome))}</details>
      <details><summary>Facts (run.json)</summary>${facts(leavesOf(told))}</details>
    `,
  );
}
