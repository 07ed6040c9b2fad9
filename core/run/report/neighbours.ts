import { html, type Markup } from "../../text/markup.ts";
import type { Samples } from "../samples/samples_file.ts";
import { shownNetworks } from "./networks.ts";
import { count, missing, section } from "./parts.ts";
import type { RunContent } from "./run_content.ts";

const TITLE = "Nearest neighbours";

/** Some held-out pictures with what each network finds nearest to them. */
export function neighboursSection({ samples, evaluations }: RunContent): Markup | null {
  if (samples === null) {
    return section(
      TITLE,
      missing(
        evaluations.length ? "They were not recorded." : "Nothing was evaluated, so nothing was searched.",
      ),
    );
  }
  const { asked, gallery, queries } = samples;
  if (asked.length === 0) return null;
  return section(
    TITLE,
    html`<p>${count(asked.length)} of ${
      count(queries)
    } held-out pictures, chosen by the run's seed, and the pictures of ${
      count(gallery)
    } that each network finds most like them.${
      hasClasses(samples) ? " A mark is on those of the picture's class." : null
    }</p>
<div class="neighbours">${asked.map((image, i) => oneOf(samples, image, i))}</div>`,
  );
}

function hasClasses({ pictures }: Samples): boolean {
  return Object.values(pictures).some((picture) => picture.class !== null);
}

function oneOf(samples: Samples, image: number, place: number): Markup {
  const own = samples.pictures[`query ${image}`];
  const rows = shownNetworks(samples.networks).map(({ key, name, network }) =>
    html`
      <div class="row"><span class="who ${key}">${name}</span><span class="strip">${network.neighbours[place]
        .map(({ image, similarity }) =>
          neighbour(samples, image, similarity, own?.class ?? null)
        )}</span></div>
    `
  );
  return html`
    <article>
      <div class="asked">${own ? picture(own) : null}<span>${own?.class ?? null}</span></div>
      <div class="found">${rows}</div>
    </article>
  `;
}

function neighbour(samples: Samples, image: number, similarity: number, own: string | null): Markup {
  const found = samples.pictures[`gallery ${image}`];
  if (!found) return html`<span class="picture"></span>`;
  const isSame = own !== null && found.class === own;
  return html`<span class="picture ${isSame ? "same" : "other"}">${
    picture(found, `, cosine ${similarity.toFixed(2)}`)
  }</span>`;
}

function picture({ name, class: own, webp }: Samples["pictures"][string], more = ""): Markup {
  const text = `${name}${own === null ? "" : `, ${own}`}${more}`;
  return html`<img src="data:image/webp;base64,${webp}" width="72" height="72" alt="${text}" title="${text}">`;
}
