import { dirname, resolve } from "node:path";
import { UsageError, writeTextAtomically } from "@seed/core";
import { type Host, loadRecipe, type Recipe, writing } from "@seed/core/host";
import { onlyPositional, parseArguments } from "./arguments.ts";
import { DEFAULTS } from "./defaults.ts";
import { interruptible } from "./interruptible.ts";
import { tellingOfSkip } from "./on_error.ts";
import { lookAt } from "./view_page/look.ts";
import { renderPage } from "./view_page/page.ts";

export const help = `Usage: deno task view RECIPE --out FILE.html [flags]

Shows what training would show the student: images of the training set, each beside its first views and what was
drawn for them, channel figures, sizes and classes, on one page without scripts or links. Needs no teacher, no
weights and no engine.

  --out FILE.html    what is written
  --images N         images that are shown, spread over the classes, or over the listing (default 12)
  --views N          views of each, those of the first epochs (default 4)
  --set key=value    overrides a key of the recipe, for example --set data.root=photos; repeatable
  --json             prints counts and channel figures as one JSON object on standard output

Example: deno task view recipes/demo.yaml --out views.html --images 20`;

/** They are all in the page, and in memory before. */
const MOST_PICTURES = 5000;

export async function run(args: string[]): Promise<number> {
  const parsed = parseArguments(args, {
    out: { type: "string" },
    images: { type: "string" },
    views: { type: "string" },
    set: { type: "string", multiple: true },
    json: { type: "boolean" },
  });
  const path = onlyPositional(parsed, "recipe"), out = parsed.required("out");
  if (!out.endsWith(".html")) throw new UsageError(`--out must end in ".html", got "${out}"`);
  const count = { images: parsed.count("images", 1) ?? 12, views: parsed.count("views", 1) ?? 4 };
  if (count.images * count.views > MOST_PICTURES) {
    throw new UsageError(
      `--images ${count.images} with --views ${count.views} are more than the ${MOST_PICTURES} views that one page shows`,
    );
  }
  const recipe = await loadRecipe(path, { overrides: parsed.list("set"), defaults: DEFAULTS });
  return await interruptible("nothing is written", async (host) => {
    const facts = await view(recipe, { ...count, out }, host);
    const without = facts.skipped_images
      ? `; ${facts.skipped_images} of those that were looked at cannot be read`
      : "";
    if (parsed.has("json")) console.log(JSON.stringify(facts));
    else {
      console.error(
        `Wrote ${out}: ${facts.shown} of ${facts.images} images, ${facts.views} views each${without}`,
      );
    }
    return 0;
  });
}

async function view(
  recipe: Recipe,
  { out, ...count }: { images: number; views: number; out: string },
  host: Host,
) {
  const look = await tellingOfSkip("--set data.on_error=skip", () => lookAt(recipe, count, host)),
    { images, classes, shown, channels } = look;
  await writing(out, () => Deno.mkdir(dirname(resolve(out)), { recursive: true }));
  await writing(out, () => writeTextAtomically(out, renderPage(recipe, look)));
  const [{ views, patches }] = shown;
  return {
    out,
    images,
    classes: classes && Object.fromEntries(classes.map(({ name, images }) => [name, images])),
    shown: shown.length,
    skipped_images: look.skipped,
    views: views.length,
    small_patches: patches.length,
    channels,
  };
}
