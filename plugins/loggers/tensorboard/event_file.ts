import { hostname } from "node:os";
import { RunError, writingSync } from "@seed/core";
import { encodeEvent, type LoggedEvent, readEvent } from "./events.ts";
import { recordOf, recordsOf } from "./tf_record.ts";

/** What TensorBoard knows its files by. */
const PREFIX = "events.out.tfevents.", VERSION = "brain.Event:2", OURS = ".seed";

/** An event file that this process writes: it grows by whole records. */
export class EventFile implements Disposable {
  #end = 0;

  private constructor(
    private readonly path: string,
    private readonly file: Deno.FsFile,
    private readonly now: () => number,
  ) {}

  /**
   * Makes a file of this process's own in a folder. TensorBoard reads the files of a folder in the order of their names,
   * each once.
   *
   * @param now Seconds since 1970.
   * @throws {WriteError} If it cannot be written.
   */
  static create(folder: string, now: () => number): EventFile {
    const seconds = `${Math.floor(now())}`.padStart(10, "0");
    const path = `${folder}/${PREFIX}${seconds}.${hostname()}.${Deno.pid}${OURS}`;
    const file = writingSync(path, () => Deno.openSync(path, { write: true, create: true, append: true }));
    const made = new EventFile(path, file, now);
    made.#end = file.statSync().size;
    made.add({ fileVersion: VERSION });
    return made;
  }

  /**
   * Adds an event; of one that could not be written whole nothing stays.
   *
   * @throws {WriteError} If it cannot be written.
   */
  add(event: Omit<LoggedEvent, "wallTime">): void {
    const bytes = recordOf(encodeEvent({ ...event, wallTime: this.now() }));
    writingSync(this.path, () => {
      try {
        for (let at = 0; at < bytes.length;) at += this.file.writeSync(bytes.subarray(at));
      } catch (error) {
        this.file.truncateSync(this.#end);
        throw error;
      }
    });
    this.#end += bytes.length;
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}

/**
 * Cuts off, in the files that earlier processes of a run have left, what comes after the step that it goes on from.
 *
 * @param goes Whether an event is of what is done again: everything after it goes too.
 * @throws {RunError} If a file cannot be read or written.
 */
export function cutEvents(folder: string, goes: (event: { step: number; tags: string[] }) => boolean): void {
  for (const { name } of [...Deno.readDirSync(folder)]) {
    if (!name.startsWith(PREFIX) || !name.endsWith(OURS)) continue;
    const path = `${folder}/${name}`;
    writingSync(path, () => cutFile(path, goes));
  }
}

function cutFile(path: string, goes: (event: { step: number; tags: string[] }) => boolean): void {
  if (!Deno.lstatSync(path).isFile) throw new RunError(`"${path}" is no file; take it away`);
  using file = Deno.openSync(path, { read: true, write: true });
  let end = 0;
  for (const { offset, data } of recordsOf(file)) {
    if (goes(readEvent(data))) break;
    end = offset + data.length + 16;
  }
  file.truncateSync(end);
}
