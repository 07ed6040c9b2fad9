import type { EvaluationDetails } from "../../interfaces/evaluator.ts";
import { html, type Markup } from "../../text/markup.ts";
import type { EvaluationLine } from "./lines.ts";
import { count, missing, percent, section, table } from "./parts.ts";
import type { RunContent } from "./run_content.ts";
import { changedAt } from "./run_figures.ts";

const TITLE = "By class";
/** Classes that are shown: of more the worst half and the best half of so many. */
const MOST_CLASSES = 40;
/** Confusions that are shown. */
const MOST_CONFUSED = 10;

/** Accuracy by class beside the beginning's and the teacher's, and the worst confusions. */
export function classesSection(run: RunContent): Markup {
  const { evaluations } = run;
  const last = evaluations.findLast(({ network }) => network === "student") ?? evaluations.at(-1);
  const evaluator = last &&
    ["knn", "linear", ...Object.keys(last.details)].find((name) => last.details[name]?.per_class);
  const details = evaluator === undefined ? undefined : last!.details[evaluator];
  if (!last || !evaluator || !details?.per_class) {
    return section(
      TITLE,
      missing(
        evaluations.length ? "It was not recorded: no evaluator classified." : "Nothing was evaluated.",
      ),
    );
  }
  const of = (network: string) =>
    network === last.network ? [] : (
      // What was measured before a resume that changed the options is not compared.
      evaluations.find((one) => one.network === network && one.step >= changedAt(run, evaluator, network))
        ?.details[evaluator]?.per_class ?? []
    );
  const beginning = evaluations.some(({ network }) => network === "initial") ? "initial" : "untrained";
  return section(
    TITLE,
    html`
      <p>Of the ${last.network} after step ${last.step}, by ${evaluator}: ${details.protocol}.</p>
      <div class="halves">
        <div>${bars(details, { beginning: of(beginning), teacher: of("teacher") })}</div>
        <div><h3>Most often confused</h3>${confusions(details, last)}</div>
      </div>
    `,
  );
}

type Shares = readonly (number | null)[];

function bars(
  { classes = [], per_class = [] }: EvaluationDetails,
  { beginning, teacher }: { beginning: Shares; teacher: Shares },
): Markup {
  const known = per_class.flatMap((share, label) => share === null ? [] : [{ label, share }]);
  const sorted = known.sort((a, b) => b.share - a.share), half = MOST_CLASSES / 2;
  const shown = sorted.length > MOST_CLASSES ? [...sorted.slice(0, half), ...sorted.slice(-half)] : sorted;
  const rows = shown.map(({ label, share }) =>
    html`
      <li><span class="name">${classes[label] ??
        label}</span><span class="bar"><span style="width:${(100 * clamp(share)).toFixed(1)}%"></span>${tick(
          beginning[label],
          "beginning",
        )}${tick(teacher[label], "teacher")}</span><span class="value">${percent(share, 0)}</span></li>
    `
  );
  const some = sorted.length > shown.length
    ? ` The best and the worst ${half} of ${count(sorted.length)}.`
    : "";
  const marks = [
    ...beginning.length ? ["dashed: at the beginning"] : [],
    ...teacher.length ? ["solid: the teacher"] : [],
  ];
  return html`
    <h3>Accuracy</h3>
    <ul class="bars">${rows}</ul>
    <p class="small">${marks.length ? `Lines across: ${marks.join(", ")}.` : null}${some}</p>
  `;
}

function tick(share: number | null | undefined, what: string): Markup | null {
  return typeof share !== "number"
    ? null
    : html`<i class="${what}" style="left:${(100 * clamp(share)).toFixed(1)}%"></i>`;
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

function confusions(details: EvaluationDetails, { network }: Pick<EvaluationLine, "network">): Markup {
  const { classes = [] } = details, worst = worstConfusions(details);
  if (worst === null) return missing("Confusions were not recorded.");
  if (worst.length === 0) return html`<p>The ${network} confuses none.</p>`;
  return table(
    ["is", "was taken for", "pictures", "of its class"],
    worst.map(({ label, given, queries, share }) => [
      `${classes[label] ?? label}`,
      `${classes[given] ?? given}`,
      count(queries),
      share === null ? "" : percent(share, 0),
    ]),
  );
}

/** A class, and one that was given in its place. */
interface Confusion {
  label: number;
  given: number;
  queries: number;
  /** Of the class's queries; null: how many there are is not recorded. */
  share: number | null;
}

/** The commonest mistakes; null: not recorded. */
export function worstConfusions({ confusion, confused }: EvaluationDetails): Confusion[] | null {
  if (!confusion) {
    return confused?.slice(0, MOST_CONFUSED).map(([label, given, queries]) => ({
      label,
      given,
      queries,
      share: null,
    })) ?? null;
  }
  const all = confusion.flatMap((row, label) => {
    const total = row.reduce((sum, queries) => sum + queries, 0);
    return row.flatMap((queries, given) =>
      given === label || queries === 0 ? [] : [{ label, given, queries, share: queries / total }]
    );
  });
  return all.sort((a, b) => b.queries - a.queries || b.share - a.share).slice(0, MOST_CONFUSED);
}
