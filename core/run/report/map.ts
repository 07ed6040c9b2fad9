import { turnedTo } from "../../evaluation/turned_to.ts";
import { html, type Markup } from "../../text/markup.ts";
import type { Samples } from "../samples/samples_file.ts";
import { mark, scatter } from "./charts/scatter.ts";
import { shownNetworks } from "./networks.ts";
import { count, missing, percent, section } from "./parts.ts";
import type { RunContent } from "./run_content.ts";

const TITLE = "Map of features";

/** Where each network puts the same held-out pictures. */
export function mapSection({ samples, evaluations }: RunContent): Markup {
  const networks = samples ? shownNetworks(samples.networks) : [];
  if (samples === null || networks.length === 0 || samples.map.images.length < 3) {
    return section(
      TITLE,
      missing(
        evaluations.length ? "It was not recorded." : "Nothing was evaluated, so nothing was embedded.",
      ),
    );
  }
  const { map, queries } = samples,
    to = networks.find(({ key }) => key === "teacher")?.network.points ?? null;
  const some = map.classes_in_all > map.classes.length
    ? ` They are of ${map.classes.length} of the ${count(map.classes_in_all)} classes, chosen by the seed.`
    : "";
  return section(
    TITLE,
    html`<p>${count(map.images.length)} of ${
      count(queries)
    } held-out pictures.${some} Each network's features, scaled to length
1, in the plane of their two principal components${
      to ? "; turned, and mirrored where need be, to lie as the teacher's do" : ""
    }.</p>
<div class="maps">${
      networks.map(({ key, name, network: { points, shares } }) =>
        html`
          <figure>
          <h3 class="who ${key}">${name}</h3>
          ${scatter({
            title: `Map of the features of the ${name.toLowerCase()}`,
            points: to ? turnedTo(points, to) : points,
            groups: map.labels,
          })}
          <figcaption>${percent(shares[0] + shares[1], 0)} of the variance</figcaption>
          </figure>
        `
      )
    }</div>
${classLegend(map)}`,
  );
}

function classLegend({ classes }: Samples["map"]): Markup | null {
  if (classes.length === 0) return null;
  return html`<ul class="legend">${
    classes.map((name, i) =>
      html`<li><svg class="key dot" viewBox="0 0 10 10" aria-hidden="true">${mark(i, 5, 5)}</svg>${name}</li>`
    )
  }</ul>`;
}
