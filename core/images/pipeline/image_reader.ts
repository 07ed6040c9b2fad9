import { RunError } from "../../errors.ts";
import type {
  ImageReader,
  ImageReference,
  OpenReader,
  ReaderReference,
} from "../../interfaces/data_source.ts";

/** Readers that this thread has opened, or is opening. */
const readers = new Map<string, Promise<ImageReader>>();

/**
 * Reads an image by the reader that its source brings.
 *
 * @throws {RunError} If the reader cannot be imported or opened, or does not give the image's bytes.
 */
export async function readByReader(image: ImageReference, reader: ReaderReference): Promise<Uint8Array> {
  try {
    const read = await readerOf(reader), bytes = await read(image);
    if (bytes instanceof Uint8Array && bytes.length > 0) return bytes;
    throw new Error(
      `it gave ${bytes instanceof Uint8Array ? "no bytes" : typeof bytes}, expected a Uint8Array`,
    );
  } catch (error) {
    const { exportName, module } = reader, reason = error instanceof Error ? error.message : String(error);
    throw new RunError(
      `The reader "${exportName}" of "${module}" cannot read the image "${image.name}": ${reason}`,
      { cause: error },
    );
  }
}

function readerOf(reference: ReaderReference): Promise<ImageReader> {
  const { module, exportName, parameters } = reference,
    key = JSON.stringify([module, exportName, parameters]);
  const known = readers.get(key);
  if (known) return known;
  const opening = openReader(reference);
  readers.set(key, opening);
  opening.catch(() => readers.delete(key)); // what was away for a moment may come back
  return opening;
}

async function openReader({ module, exportName, parameters }: ReaderReference): Promise<ImageReader> {
  const exports = await import(module) as Record<string, OpenReader | undefined>, open = exports[exportName];
  if (typeof open === "function") return await open(parameters);
  const others = Object.keys(exports).join(", ") || "nothing";
  throw new Error(`the module has no such function (it exports ${others})`);
}
