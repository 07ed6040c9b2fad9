import { XlaEngine, type XlaOptions } from "../../plugins/engines/xla/engine.ts";
import type { ProgramMemory } from "../../plugins/engines/xla/pjrt/executable.ts";

/** A program that was compiled. */
export interface Compiled {
  name: string;
  seconds: number;
  memory: ProgramMemory;
}

/** An engine that says what it compiles; it keeps no programs, so that every compilation is seen. */
export async function openEngine(
  pluginFile: string,
  depthwise: XlaOptions["depthwise"] = "convolution",
): Promise<{ engine: XlaEngine; compiled: Compiled[] }> {
  const engine = await XlaEngine.open({
    ...{ pluginFile, devices: 1, depthwise, device: "auto", trace: true },
    programs: { folder: null, log: (message) => console.error(message) },
  });
  const compiled: Compiled[] = [], { programs } = engine.backend, compile = programs.compile.bind(programs);
  programs.compile = async (name, text) => {
    const started = performance.now(), program = await compile(name, text);
    compiled.push({ name, seconds: (performance.now() - started) / 1000, memory: program.memory() });
    return program;
  };
  return { engine, compiled };
}
