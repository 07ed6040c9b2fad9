/**
 * The engine of a process's tests, for recipes that are run in it one after the other: it stays when they end. With
 * `engine.trace: false` it computes operation by operation, which is faster where a run has few steps.
 *
 * @module
 */
import { definePlugin, type Engine, untraced, z } from "@seed/core";
import { testEngine } from "./engine.ts";

export default definePlugin({
  kind: "engine",
  name: "shared-engine",
  apiVersion: 1,
  about: { summary: "The tensorflow engine, opened once" },
  options: z.strictObject({}),
  async create(_options, { trace }) {
    const engine = await testEngine();
    return kept(trace ? engine : untraced(engine));
  },
});

/** The engine itself, but that disposing of it does nothing. */
function kept(engine: Engine): Engine {
  return new Proxy(engine, {
    get(target, key) {
      if (key === Symbol.asyncDispose) return () => Promise.resolve();
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
