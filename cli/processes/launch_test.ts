import assert from "node:assert/strict";
import { launch } from "./launch.ts";

Deno.test({
  name: "whoever is interrupted before the processes are started starts none",
  ignore: Deno.build.os === "windows",
  async fn() {
    const before = Deno.env.get("MPI_LIBRARY"), abort = new AbortController();
    Deno.env.set("MPI_LIBRARY", "libmpi.so.12"); // found at once, and opened by no process but those that are started
    try {
      const launched = launch({ verb: "distill", args: [], count: 2 }, {
        log: () => {},
        signal: abort.signal,
      });
      abort.abort();
      await assert.rejects(launched, (error) => error === abort.signal.reason);
    } finally {
      if (before === undefined) Deno.env.delete("MPI_LIBRARY");
      else Deno.env.set("MPI_LIBRARY", before);
    }
  },
});
