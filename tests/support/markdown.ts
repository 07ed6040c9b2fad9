/** A page of the documentation, without its HTML comments. */
export interface Page {
  /** From the repository's folder. */
  path: string;
  text: string;
}

/** A fenced block. */
export interface Fence {
  /** What stands after the opening fence, for example `sh`. */
  language: string;
  code: string;
}

/** A command line as a shell splits it. */
export interface Command {
  verb: string;
  args: string[];
}

/** Every Markdown page below a folder, `root` with a slash at its end; folders of `passedOver` are left out. */
export async function readPages(root: string, passedOver: readonly string[], folder = ""): Promise<Page[]> {
  const pages: Page[] = [];
  for await (const { name, isDirectory } of Deno.readDir(root + folder)) {
    const path = folder + name;
    if (name.startsWith(".") || passedOver.includes(path)) continue;
    if (isDirectory) pages.push(...await readPages(root, passedOver, `${path}/`));
    else if (name.endsWith(".md")) {
      const text = await Deno.readTextFile(root + path);
      pages.push({ path, text: text.replaceAll(/<!--.*?-->/gs, "") });
    }
  }
  return pages.sort((a, b) => a.path < b.path ? -1 : 1);
}

/** The fenced blocks of a page, in order. */
export function fencesOf({ text }: Page): Fence[] {
  return Array.from(
    text.matchAll(/^```([^\n]*)\n(.*?)^```$/gms),
    ([, language, code]) => ({ language, code }),
  );
}

/** Targets of links and pictures that are not in fenced blocks. */
export function linksOf({ text }: Page): string[] {
  const prose = text.replaceAll(/^```.*?^```$/gms, "").replaceAll(/`[^`\n]*`/g, "");
  return Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, target]) => target);
}

/** Anchors of a page's headings, as code hosts make them. */
export function anchorsOf({ text }: Page): string[] {
  return Array.from(
    text.matchAll(/^#+ (.*)$/gm),
    ([, title]) => title.toLowerCase().replaceAll(/[^\p{L}\p{N}\- ]/gu, "").replaceAll(" ", "-"),
  );
}

/** The `deno task` that a line runs; null if it runs something else. */
export function commandOf(line: string): Command | null {
  const all: string[] = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  const comment = all.findIndex((word) => word.startsWith("#"));
  const words = comment < 0 ? all : all.slice(0, comment);
  const [verb, ...args] = words.join("\n").match(/^(?:npx\n-y\n)?deno\ntask\n(.*)$/s)?.[1].split("\n") ?? [];
  return verb === undefined
    ? null
    : { verb, args: args.map((arg) => arg.replace(/^"(.*)"$|^'(.*)'$/s, "$1$2")) };
}

/** The rows of a page's tables, as cells. */
export function rowsOf({ text }: Page): string[][] {
  const lines = text.split("\n").filter((line) => line.startsWith("|"));
  return lines.map((line) => line.slice(1, line.lastIndexOf("|")).split("|").map((cell) => cell.trim()));
}
