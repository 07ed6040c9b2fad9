import assert from "node:assert/strict";
import { type RunDescription, RunError, UsageError } from "@seed/core";
import plugin from "./mod.ts";

const CONTEXT = {
  ...{ seed: 0, cacheDir: "", resolve: (path: string) => path, signal: new AbortController().signal },
  ...{ runDirectory: "", log() {} },
};
const RUN = {
  directory: "runs/test",
  startStep: 0,
  settings: { seed: 0 },
  facts: {},
} as unknown as RunDescription;
const STEP = { step: 1, epoch: 0.5, loss: 2, lr: 0.1, images_per_second: 10, gradient_norm: 1 };

/** Runs a test with a server, which answers with a status and keeps what it gets. */
async function withServer(
  test: (url: string, got: { lines: Record<string, unknown>[]; headers: Headers[] }) => Promise<void>,
  status = 200,
): Promise<void> {
  const got = { lines: [] as Record<string, unknown>[], headers: [] as Headers[] };
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    got.headers.push(request.headers);
    got.lines.push(...(await request.text()).trimEnd().split("\n").map((line) => JSON.parse(line)));
    return new Response("\x1b[31mno", {
      status,
      headers: status === 302 ? { location: "http://elsewhere/" } : {},
    });
  });
  await test(`http://127.0.0.1:${(server.addr as Deno.NetAddr).port}/runs`, got);
}

Deno.test("what happens in a run arrives as lines, in order and numbered, with headers of the environment", () =>
  withServer(async (url, { lines, headers }) => {
    Deno.env.set("SEED_TEST_TOKEN", "Bearer secret");
    const options = plugin.options.parse({
      url,
      headers: { Authorization: "SEED_TEST_TOKEN" },
      every_steps: 2,
    });
    const logger = await plugin.create(options, CONTEXT);
    Deno.env.delete("SEED_TEST_TOKEN");
    await logger.start!(RUN);
    for (const step of [1, 2]) {
      logger.step!({ ...STEP, step }, { seconds: 1, dataWaitSeconds: 0, secondsLeft: null });
    }
    logger.evaluation!({ step: 2, epoch: 1, network: "student", evaluation: { knn: { top1: 0.5 } } });
    logger.message!("hello");
    await logger.end!();
    await logger[Symbol.asyncDispose]!();
    assert.deepEqual(lines.map(({ type }) => type), ["start", "step", "evaluation", "message", "end"]);
    assert.deepEqual(lines.map(({ number }) => number), [0, 1, 2, 3, 4]);
    assert.equal(new Set(lines.map(({ session }) => session)).size, 1);
    assert.deepEqual([lines[1].step, lines[1].loss, lines[0].settings], [2, 2, { seed: 0 }]);
    assert.ok(headers.every((one) => one.get("authorization") === "Bearer secret"));
    assert.ok(!JSON.stringify(lines).includes("secret"));
  }));

for (const status of [403, 302]) {
  Deno.test(`a server that answers ${status} is told before training, its words made harmless`, () =>
    withServer(async (url) => {
      const logger = await plugin.create(plugin.options.parse({ url }), CONTEXT);
      await assert.rejects(async () => await logger.start!(RUN), (error: Error) => {
        assert.ok(error instanceof RunError);
        assert.ok(error.message.includes(`refuses with ${status} "\\u001b[31mno"`), error.message);
        assert.equal(error.message.includes("sends on to"), status === 302);
        return true;
      });
      await logger[Symbol.asyncDispose]!();
    }, status));
}

Deno.test("addresses and headers with secrets in them are refused; so is a variable that is not there", async () => {
  for (const url of ["http://a:b@host/", "http://host/?key=1", "file:///x", "host"]) {
    assert.equal(plugin.options.safeParse({ url }).success, false, url);
  }
  const given = { url: "http://127.0.0.1", headers: { Authorization: "Bearer secret" } };
  assert.equal(plugin.options.safeParse(given).success, false);
  const check = (headers: Record<string, string>) => async () =>
    await plugin.checkFiles!(plugin.options.parse({ ...given, headers }), CONTEXT);
  await assert.rejects(check({ "X-Key": "SEED_TEST_NOTHING" }), (error: Error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /^The environment variable "SEED_TEST_NOTHING" is not set; /);
    return true;
  });
  Deno.env.set("SEED_TEST_TOKEN", "a\nsecret");
  await assert.rejects(
    check({ "X-Key": "SEED_TEST_TOKEN" }),
    (error: Error) => !error.message.includes("secret"),
  );
  Deno.env.delete("SEED_TEST_TOKEN");
});

Deno.test({
  name: "a host that the process may not talk to is told with the command that allows it",
  permissions: { net: ["127.0.0.1"], env: true, read: true },
  fn: async () => {
    const check = (url: string) => async () =>
      await plugin.checkFiles!(plugin.options.parse({ url }), CONTEXT);
    await check("http://127.0.0.1:8000/")();
    await assert.rejects(check("https://host.example/runs"), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(
        error.message,
        /may not talk to "host\.example:443": .*--allow-net=127\.0\.0\.1,host\.example:443 cli\/main\.ts distill/,
      );
      return true;
    });
    await assert.rejects(check("http://localhost:1"), /write that in place of localhost/);
  },
});
