/**
 * The report of whole runs: what a run leaves for it, `deno task report` on runs of every state, and how the page looks in
 * a browser.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readRun, RunFolder } from "@seed/core/host";
import { runCli, runTask } from "./support/cli.ts";
import { findChromium, inChromium } from "./support/chromium.ts";
import { distillTiny, inTinyFolder } from "./support/tiny_runs.ts";

const read = (...path: string[]) => Deno.readTextFile(join(...path));
const there = (path: string) => Deno.stat(path).then(() => true, () => false);

/** A finished run, `whole`, and one that was killed, `killed`. */
async function inRuns(test: (folder: string) => Promise<void>): Promise<void> {
  await inTinyFolder(async (folder) => {
    const { code, stderr } = await distillTiny(folder, { out: "whole" });
    assert.equal(code, 0, stderr);
    const said = stderr.trimEnd().split("\n"), done = said.findIndex((line) => line === "Done: whole");
    assert.match(said[done + 1], /kNN.*\.$/);
    assert.equal(said.at(-4), "Report: whole/report.html");
    assert.match(said.at(-3)!, /^See it in a browser: .* explore --run whole --serve$/);
    assert.match(said.at(-2)!, /^Embed pictures: .* embed --run whole --images FOLDER --out FILE\.npy$/);
    assert.match(said.at(-1)!, /^Train on your own: .* new --data FOLDER$/);
    const killed = await distillTiny(folder, { out: "killed", meddles: ["student 6", "SIGKILL"] });
    assert.equal(killed.signal, "SIGKILL");
    await test(folder);
  });
}

Deno.test("deno task report, on runs of every state", async (t) => {
  await inRuns(async (folder) => {
    const cli = (...args: string[]) => runCli(["report", ...args], { cwd: folder });
    const path = (name: string) => join(folder, name);

    await t.step("steps tell the least that their loss can be, and a guess's", async () => {
      const { steps } = await readRun(new RunFolder(path("whole")));
      assert.equal(steps.length, 12);
      for (const { loss, metrics } of steps) {
        assert.ok(metrics!.loss_floor! >= 0 && metrics!.loss_floor! <= loss! + 1e-6);
        assert.ok(Math.abs(metrics!.loss_uniform! - Math.log(17)) < 1e-6);
      }
    });

    await t.step(
      "a run keeps samples of teacher, beginning and student, and where its time went",
      async () => {
        const { samples, timings } = await readRun(new RunFolder(path("whole")));
        const { networks, map, asked, pictures } = samples!;
        assert.deepEqual(Object.keys(networks).sort(), ["student", "teacher", "untrained"]);
        assert.equal(networks.student.step, 12);
        assert.deepEqual([map.images.length, asked.length], [
          samples!.queries,
          Math.min(8, samples!.queries),
        ]);
        assert.ok(Object.values(pictures).every(({ webp }) => webp.length > 20));
        const steps = timings.filter((line) => "seconds" in line);
        assert.deepEqual(steps.map(({ step }) => step), Array.from({ length: 12 }, (_, i) => i + 1));
        assert.deepEqual(timings.filter((line) => "pause_seconds" in line).map(({ step }) => step), [
          0,
          5,
          6,
          10,
          12,
        ]);
      },
    );

    await t.step(
      "made anew, the report of a finished run is the one that it wrote, also with the task's permissions",
      async () => {
        const before = await read(path("whole/report.html"));
        assert.match(before, /data:image\/webp;base64,/);
        await Deno.remove(path("whole/report.html"));
        const { code, stderr } = await runTask("report", ["whole"], { cwd: folder });
        assert.equal(code, 0, stderr);
        assert.match(stderr, /^.*kNN.*\.\n(.*\n)*Wrote whole\/report\.html\n$/);
        assert.equal(await read(path("whole/report.html")), before);
      },
    );

    await t.step("a run that was killed has one too, and goes on as if nobody had looked", async () => {
      const { code, stderr } = await cli("killed");
      assert.equal(code, 0, stderr);
      assert.match(stderr, /It ended after step 6 of 12; distill --resume goes on\./);
      assert.match(await read(path("killed/report.html")), /Report of a run that was interrupted/);
      assert.equal((await distillTiny(folder, { out: "killed", flags: ["--resume"] })).code, 0);
      assert.equal(await read(path("killed/samples.json")), await read(path("whole/samples.json")));
      assert.doesNotMatch(await read(path("killed/report.html")), /interrupted/);
    });

    await t.step("a run of an earlier version has one that says what was not recorded", async () => {
      await Deno.mkdir(path("earlier"));
      for (const name of ["recipe.yaml", "run.json", "summary.json"]) {
        await Deno.copyFile(path(`whole/${name}`), path(`earlier/${name}`));
      }
      const lines = (await read(path("whole/metrics.jsonl"))).trimEnd().split("\n").map((line) => {
        const { metrics: _, ...record } = JSON.parse(line);
        return JSON.stringify(record) + "\n";
      });
      await Deno.writeTextFile(path("earlier/metrics.jsonl"), lines.join(""));
      assert.equal((await cli("earlier", "--out", "old/earlier.html")).code, 0);
      const page = await read(path("old/earlier.html"));
      assert.match(page, /What it can be at least was not recorded/);
      assert.match(page, /They were not recorded/);
      assert.ok(!await there(path("earlier/report.html")));
    });

    await t.step("--no-pictures leaves pictures out, and the map in", async () => {
      assert.equal((await cli("whole", "--out", "bare.html", "--no-pictures")).code, 0);
      const page = await read(path("bare.html"));
      assert.doesNotMatch(page, /<img|Nearest neighbours/);
      assert.match(page, /Map of features/);
    });

    await t.step("several runs are compared on one page, and for programs", async () => {
      const other = await distillTiny(folder, {
        out: "faster",
        flags: ["--set", "train.lr=0.3", "--max-steps", "6"],
      });
      assert.equal(other.code, 0, other.stderr);
      const { code, stdout, stderr } = await cli("whole", "faster", "--out", "both.html", "--json");
      assert.equal(code, 0, stderr);
      const { out, outcome, runs } = JSON.parse(stdout);
      assert.equal(out, "both.html");
      assert.match(outcome, /kNN/);
      assert.deepEqual(runs.map(({ name, steps }: any) => [name, steps]), [["whole", 12], ["faster", 6]]);
      assert.ok(runs.every(({ verdict }: any) => typeof verdict.headline === "string"));
      const page = await read(path("both.html"));
      assert.match(page, /Comparison of 2 runs/);
      assert.match(page, /train\.lr[\s\S]*0\.1[\s\S]*0\.3/);
      const lines = (await read(path("whole/metrics.jsonl"))).trimEnd().split("\n").map((line) =>
        JSON.parse(line)
      );
      for (const [network, name] of [["untrained", "as it began"], ["teacher", "the teacher"]]) {
        const { evaluation } = lines.find((line) => line.network === network);
        const figure = `${(100 * evaluation.knn.top1).toFixed(1)} %`, row = `knn top1, ${name}`;
        assert.match(page, new RegExp(`${row}(</t[hd]>\\s*<td>${figure}){2}`), row);
      }
    });

    await t.step("the folder of several students is compared in itself", async () => {
      for (const name of ["a", "b"]) {
        await Deno.mkdir(path(`students/${name}`), { recursive: true });
        for await (const { name: file, isFile } of Deno.readDir(path("whole"))) {
          if (isFile) await Deno.copyFile(path(`whole/${file}`), path(`students/${name}/${file}`));
        }
      }
      assert.equal((await cli("students")).code, 0);
      assert.match(await read(path("students/report.html")), /Comparison of 2 runs[\s\S]*There are none/);
    });

    await t.step("what is no run, and a comparison without a name, are refused", async () => {
      const cases: [args: string[], says: RegExp][] = [
        [[], /Expected one run or more, got none/],
        [["images"], /"images" is not the folder of a run: it has no "recipe\.yaml"/],
        [["nowhere"], /"nowhere" is not the folder of a run/],
        [["whole", "faster"], /A comparison of 2 runs .* name it by --out FILE\.html/],
        [["whole", "--out", "report.pdf"], /--out must end in "\.html"/],
      ];
      for (const [args, says] of cases) {
        const { code, stderr } = await cli(...args);
        assert.equal(code, 2, stderr);
        assert.match(stderr, says);
      }
    });

    await t.step("files that are damaged are named on the page", async () => {
      await Deno.writeTextFile(path("earlier/samples.json"), "{}");
      await Deno.writeTextFile(path("earlier/run.json"), "nonsense");
      assert.equal((await cli("earlier", "--out", "damaged.html")).code, 0);
      const page = await read(path("damaged.html"));
      assert.match(page, /samples\.json&quot; is damaged/);
      assert.match(page, /run\.json&quot; is damaged/);
    });

    const chromium = await findChromium();
    await t.step({
      name: `no page is wider than a phone or a desktop${
        chromium ? "" : " (left out: there is no Chromium)"
      }`,
      ignore: !chromium,
      fn: async () => {
        const pages = ["whole/report.html", "both.html", "old/earlier.html"], widths = [390, 1280];
        const found = await inChromium<{ page: string; width: number; scrolls: number; height: number }[]>(
          chromium!,
          `const found = [];
          for (const page of ${JSON.stringify(pages)}) for (const width of ${JSON.stringify(widths)}) {
            const frame = document.createElement("iframe");
            frame.style.cssText = "border:0;height:800px;width:" + width + "px";
            frame.srcdoc = await (await fetch("/pages/" + page)).text();
            const loaded = new Promise((resolve) => frame.onload = resolve);
            document.body.append(frame);
            await loaded;
            const { scrollWidth, scrollHeight } = frame.contentDocument.documentElement;
            found.push({ page, width, scrolls: scrollWidth, height: scrollHeight });
          }
          await post(found);`,
          { pages: folder },
        );
        assert.equal(found.length, 6);
        for (const { page, width, scrolls, height } of found) {
          assert.ok(scrolls <= width, `${page} is ${scrolls} px wide at ${width}`);
          assert.ok(height > 1000, `${page} is ${height} px high`);
        }
      },
    });
  });
});
