import { checkEngine } from "../../core/conformance/engine.ts";
import type { Steps } from "../../core/conformance/steps.ts";
import { type Machine, openEngine } from "./open_engine.ts";

/** What `checkEngine` says of the engine: a check that fails does not stop the others. */
export async function checkConformance(machine: Machine) {
  const { engine } = await openEngine(machine, "auto");
  await using _ = engine;
  const passed: string[] = [], failed: { name: string; message: string }[] = [], ignored: string[] = [];
  const steps: Steps = {
    async step(given: string | { name: string }, check?: () => void | Promise<void>) {
      if (typeof given !== "string") return void ignored.push(given.name);
      try {
        await check!();
        passed.push(given);
      } catch (error) {
        failed.push({ name: given, message: String((error as Error).message ?? error).slice(0, 2000) });
      }
    },
  };
  await checkEngine(steps, { engine });
  return {
    engine: engine.version,
    device: engine.device,
    devices: engine.deviceCount,
    passed,
    failed,
    ignored,
  };
}
