import assert from "node:assert/strict";
import { code, codeBlock } from "./markdown.ts";
import { type CardContent, modelCard } from "./model_card.ts";

/** What a name may hold: ends of code, cells and lines, markup, a link, and what a terminal obeys. */
const FOREIGN = "a`b``c|d\n# Done <script>alert(1)</script> [x](http://a) \x1b[2K\u202e";

function cardOf(text: string): string {
  const network = { architecture: "resnet18", featureDim: 4, size: 32, shortSide: 36, mean: [0], std: [1] };
  const origin: CardContent["origin"] = {
    network: text,
    weights: { file: text, sha256: "0", layout: text },
    run: {
      facts: {
        teacher: { file: text, sha256: text },
        student: { weights: { file: text, sha256: text } },
        images: { train: text },
        device: text,
      },
      summary: { evaluations: [{ network: text, step: 1, evaluation: { [text]: { [text]: 0.5 } } }] },
      recipe: { teacher: { plugin: text }, data: { plugin: text } },
      recipeText: `name: |\n  \`\`\`\n  ${text}\n`,
    },
  };
  return modelCard({ network, origin, sizes: {}, losses: null });
}

Deno.test("what is foreign on a card is code: no markup, no cell, no heading, nothing that a terminal obeys", () => {
  const card = cardOf(FOREIGN), plain = cardOf("plain");
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(card, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/);
  const [lines, others] = [card, plain].map((text) => text.slice(0, text.indexOf("## Recipe")).split("\n"));
  assert.equal(lines.length, others.length, "a name has made lines of its own");
  lines.forEach((line, i) => {
    const bare = line.replaceAll(/(`+)(?!`).*?(?<!`)\1(?!`)/g, "CODE");
    assert.equal(bare, others[i].replaceAll(/(`+)(?!`).*?(?<!`)\1(?!`)/g, "CODE"));
    assert.doesNotMatch(bare, /script|http/);
  });
  assert.match(card, /^````yaml$[^]*^````$/m);
});

Deno.test("a card says how a network learnt and what it began from, and nothing that was not so", () => {
  const network = { architecture: null, featureDim: 4, size: 32, shortSide: 36, mean: [0], std: [1] };
  const card = (run: CardContent["origin"]["run"]) => {
    const weights = { file: "a.safetensors", sha256: "0", layout: "timm" };
    return modelCard({ network, origin: { network: "resnet18", weights, run }, sizes: {}, losses: null });
  };
  const student = { plugin: "@seed/student-resnet" }, nothing = { student: { weights: null } };
  const run = { facts: nothing, summary: {}, recipe: { student }, recipeText: "" };
  const [file, moco, seed] = [
    card(null),
    card(run),
    card({
      ...run,
      facts: { student: { weights: { file: "begin.pth", sha256: "b".repeat(64) } } },
      recipe: { student, teacher: { plugin: "@seed/teacher-moco" } },
    }),
  ];
  assert.doesNotMatch(file, /distillation|self-supervised|without labels/);
  assert.match(moco, /^tags: .*self-supervised\]$/m);
  assert.match(moco, /without labels of its pictures\. /);
  assert.match(moco, /begun from \| noise/);
  assert.match(moco, /depends on the pictures'/);
  assert.doesNotMatch(moco, /distillation/);
  assert.match(seed, /^tags: .*self-supervised, distillation\]$/m);
  assert.match(seed, /without labels of its pictures, by distillation\. /);
  assert.match(seed, /begun from \| `begin\.pth`, SHA-256 `b{64}`/);
  assert.match(seed, /depends on the pictures' and the teacher's and its beginning's/);
});

Deno.test("code keeps what it is given, whatever backticks are in it", () => {
  assert.equal(code("a"), "`a`");
  assert.equal(code("a`b"), "``a`b``");
  assert.equal(code("`"), "`` ` ``");
  assert.equal(code("a|b\nc"), "`a\\|b\\nc`");
  assert.equal(codeBlock("a\n```\nb\n", "yaml"), "````yaml\na\n```\nb\n````");
});
