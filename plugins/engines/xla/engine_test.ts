import { checkEngine } from "@seed/core/conformance";
import { testWithXla } from "../../../tests/support/xla_plugin.ts";
import { openXla } from "../../../tests/support/xla_engine.ts";

for (const devices of [1, 2, 4]) {
  testWithXla(`the engine xla keeps the engine's promises on ${devices} devices`, async (t) => {
    await using engine = await openXla({ devices });
    await checkEngine(t, { engine });
  });
}
