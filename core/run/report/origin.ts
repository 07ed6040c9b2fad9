import { shortPath } from "../../text/short_path.ts";
import { html, type Markup, type Part } from "../../text/markup.ts";
import { mappingIn } from "../mapping_in.ts";
import { code, count, facts, section } from "./parts.ts";
import { type Mapping, numberAt, type RunContent, textAt } from "./run_content.ts";
import { networkName, objectivesOf, queueRows } from "./run_figures.ts";

/** What was trained from what. */
export function originSection(run: RunContent): Markup {
  return section(
    "What was trained from what",
    html`<div class="cards">
${teacherCard(run)}
${studentCard(run)}
${dataCard(run)}
</div>`,
  );
}

function card(title: string, lead: Part, rows: Parameters<typeof facts>[0]): Markup {
  return html`<div class="card"><h3>${title}</h3>
<p>${lead}</p>
${facts(rows)}</div>`;
}

function teacherCard(run: RunContent): Markup {
  const { facts: told, settings } = run, weights = mappingIn(told, "teacher");
  const plugin = textAt(settings, "teacher", "plugin");
  if (plugin === null) {
    return card("Teacher", "None: the student learns by itself.", []);
  }
  const file = textAt(weights, "file"), tensors = numberAt(weights, "tensors");
  const lead = file === null
    ? `The plugin ${plugin} tells of no file of weights.`
    : `Your teacher was used: ${
      tensors === null ? "weights" : `${count(tensors)} tensors`
    } of the file below.`;
  const demanded = textAt(settings, "teacher", "sha256");
  return card("Teacher", lead, [
    ["Network", textAt(settings, "teacher", "network")],
    ["Plugin", plugin],
    ["File", file && code(shortPath(file))],
    ["SHA-256", textAt(weights, "sha256") && code(textAt(weights, "sha256")!)],
    ["Checked", demanded === null ? null : "it is the hash that the recipe demands"],
    ["Layout", textAt(weights, "layout")],
    ["Layer", textAt(settings, "teacher", "layer")],
    ["Precision", textAt(settings, "teacher", "precision")],
  ]);
}

function studentCard(run: RunContent): Markup {
  const { facts: told, settings } = run, student = mappingIn(told, "student");
  const parameters = numberAt(student, "parameters"), frozen = numberAt(student, "frozen_parameters");
  const objectives = objectivesOf(run);
  return card("Student", beginning(mappingIn(student, "weights"), textAt(settings, "student", "weights")), [
    ["Network", networkName(run, "student")],
    [
      "Parameters",
      parameters === null ? null : `${count(parameters)}${frozen ? `, ${count(frozen)} of them frozen` : ""}`,
    ],
    ["Trained in", textAt(student, "trained_in")],
    ["Learnt by", objectives.length ? objectives.join(" + ") : null],
    [
      "Queue",
      queueRows(settings) === null ? null : `${count(queueRows(settings)!)} rows`,
    ],
    [
      "Batch",
      numberAt(settings, "train", "batch_size") === null
        ? null
        : `${count(numberAt(settings, "train", "batch_size")!)} images`,
    ],
    [
      "Epochs",
      numberAt(settings, "train", "epochs") === null ? null : count(numberAt(settings, "train", "epochs")!),
    ],
    ["Rate", rateText(settings)],
  ]);
}

function beginning(weights: Mapping, asked: string | null): Part {
  const file = textAt(weights, "file"), tensors = numberAt(weights, "tensors");
  if (file === null) {
    return asked === null ? "It began from noise." : html`It began from ${code(asked)}.`;
  }
  const fresh = numberAt(weights, "fresh");
  return html`It began from ${tensors === null ? "weights" : `${count(tensors)} tensors`} of ${code(file)}${
    fresh === null ? null : `; ${count(fresh)} tensors were noise`
  }.`;
}

function rateText(settings: Mapping): string | null {
  const rate = numberAt(settings, "train", "lr"), schedule = textAt(settings, "train", "schedule");
  const optimizer = textAt(settings, "train", "optimizer");
  if (rate === null) return null;
  return [`${rate}`, ...schedule ? [schedule] : [], ...optimizer ? [optimizer.toUpperCase()] : []].join(", ");
}

function dataCard({ facts: told, settings }: RunContent): Markup {
  const images = mappingIn(told, "images"), train = numberAt(images, "train");
  const number = (key: string) => numberAt(images, key) === null ? null : count(numberAt(images, key)!);
  return card(
    "Pictures",
    train === null ? "How many is not recorded." : `${count(train)} without labels to train on.`,
    [
      ["Plugin", textAt(settings, "data", "plugin")],
      ["Folder", textAt(settings, "data", "root") && code(textAt(settings, "data", "root")!)],
      ["To search in", number("gallery")],
      ["To ask about", number("queries")],
      [
        "View",
        numberAt(settings, "augmenter", "size") === null
          ? null
          : `${numberAt(settings, "augmenter", "size")} px`,
      ],
      ["Listing", textAt(images, "listing_sha256") && code(textAt(images, "listing_sha256")!)],
      ["Seed", numberAt(told, "seed") === null ? null : `${numberAt(told, "seed")}`],
    ],
  );
}
