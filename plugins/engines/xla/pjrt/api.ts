import { RunError } from "@seed/core";
import { pointerTo } from "./memory.ts";
import { loadPlugin } from "./plugin_file.ts";
import { type FunctionName, FUNCTIONS, Struct, type Values } from "./structs.ts";

const CALL = { parameters: ["buffer"], result: "pointer" } as const;
const CALL_ON_A_THREAD = { ...CALL, nonblocking: true } as const;

/** Variable from which XLA takes from which severity on it prints. */
const LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL";

/** Major version of the C API; all that grow compatibly have it. */
const MAJOR = 0;

/** `PJRT_Error_Code_RESOURCE_EXHAUSTED`, which XLA gives for want of memory. */
const RESOURCE_EXHAUSTED = 8;

/** An error that the plugin gave, in its words. */
export class PjrtError extends Error {
  /** @param code Of `PJRT_Error_Code`. */
  constructor(readonly functionName: string, readonly reason: string, readonly code: number) {
    super(`XLA says (${functionName}): ${reason}`);
  }

  /** By its code, or by its words: what comes after a program that failed has them, but another code. */
  get isOutOfMemory(): boolean {
    return this.code === RESOURCE_EXHAUSTED || /\bRESOURCE_EXHAUSTED\b|\bout of memory\b/i.test(this.reason);
  }
}

/** A plugin's functions. */
export class PjrtApi {
  /** Of the C API, for example `0.115`. */
  readonly version: string;
  readonly #table: Deno.UnsafePointerView;
  /** Bytes of the table: functions that would lie beyond it are not there. */
  readonly #size: number;
  /** What calls that run point to: JavaScript knows their addresses only as numbers. */
  readonly #held = new Set<readonly unknown[]>();
  readonly #calls = new Map<FunctionName, Deno.UnsafeFnPointer<typeof CALL>>();
  readonly #threadCalls = new Map<FunctionName, Deno.UnsafeFnPointer<typeof CALL_ON_A_THREAD>>();

  /**
   * @param table Where a plugin's table of functions is.
   * @param path The plugin's file, for messages.
   * @throws {RunError} If it is of a version that is not known, or lacks a function.
   */
  constructor(table: Deno.PointerObject, readonly path: string) {
    this.#table = new Deno.UnsafePointerView(table);
    this.#size = Number(this.#table.getBigUint64(0));
    const major = this.#table.getInt32(32), minor = this.#table.getInt32(36);
    this.version = `${major}.${minor}`;
    const refuse = (why: string) =>
      new RunError(
        `The PJRT plugin "${path}" cannot be used: it speaks version ${this.version} of the C API, ${why}; take a plugin of versions ${MAJOR}.81 to ${MAJOR}.115, which were tried`,
      );
    if (major !== MAJOR) throw refuse(`and ${MAJOR}.x is known here`);
    const missing = (Object.keys(FUNCTIONS) as FunctionName[]).filter((name) => !this.#has(name));
    if (missing.length) throw refuse(`which lacks the function PJRT_${missing[0]}`);
  }

  /** Loads a plugin and starts it. XLA prints errors alone, unless the variable says otherwise. */
  static load(path: string): PjrtApi {
    if (!Deno.env.has(LOG_LEVEL)) Deno.env.set(LOG_LEVEL, "2");
    const api = new PjrtApi(loadPlugin(path), path);
    api.call("Plugin_Initialize");
    return api;
  }

  /**
   * Calls a function.
   *
   * @param held What `values` point to: it stays in memory until the call ends.
   * @throws {PjrtError}
   */
  call<F extends FunctionName>(name: F, values: Values<F> = {}, held: readonly unknown[] = []): Struct<F> {
    let call = this.#calls.get(name);
    if (!call) this.#calls.set(name, call = new Deno.UnsafeFnPointer(this.#pointer(name), CALL));
    const args = new Struct(name, values);
    this.#held.add(held);
    try {
      this.#check(name, call.call(args.bytes));
      return args;
    } finally {
      this.#held.delete(held);
    }
  }

  /** The same on another thread. */
  async callOnThread<F extends FunctionName>(
    name: F,
    values: Values<F> = {},
    held: readonly unknown[] = [],
  ): Promise<Struct<F>> {
    let call = this.#threadCalls.get(name);
    if (!call) {
      this.#threadCalls.set(name, call = new Deno.UnsafeFnPointer(this.#pointer(name), CALL_ON_A_THREAD));
    }
    const args = new Struct(name, values);
    this.#held.add(held);
    try {
      this.#check(name, await call.call(args.bytes));
      return args;
    } finally {
      this.#held.delete(held);
    }
  }

  /** Resolves when an event has come, and frees it. One that has come already costs no change of thread. */
  async ended(event: bigint): Promise<void> {
    try {
      if (this.call("Event_IsReady", { event }).get("is_ready")) this.call("Event_Await", { event });
      else await this.callOnThread("Event_Await", { event });
    } finally {
      this.call("Event_Destroy", { event });
    }
  }

  /** Blocks until an event has come, and frees it. */
  awaitNow(event: bigint): void {
    try {
      this.call("Event_Await", { event });
    } finally {
      this.call("Event_Destroy", { event });
    }
  }

  #check(name: FunctionName, error: Deno.PointerValue): void {
    if (error === null) return;
    const of = { error: BigInt(Deno.UnsafePointer.value(error)) };
    const message = this.#ask("Error_Message", of), code = this.#ask("Error_GetCode", of);
    const reason = message.text("message", "message_size");
    this.#ask("Error_Destroy", of);
    throw new PjrtError(`PJRT_${name}`, reason, code.number("code"));
  }

  /** Calls a function about an error. */
  #ask<F extends FunctionName>(name: F, values: Values<F>): Struct<F> {
    const args = new Struct(name, values);
    // What these would return in turn, an error about an error, plugins do not give.
    new Deno.UnsafeFnPointer(this.#pointer(name), CALL).call(args.bytes);
    return args;
  }

  #has(name: FunctionName): boolean {
    return FUNCTIONS[name] + 8 <= this.#size && this.#table.getBigUint64(FUNCTIONS[name]) !== 0n;
  }

  #pointer(name: FunctionName) {
    return pointerTo<any>(this.#table.getBigUint64(FUNCTIONS[name]));
  }
}
