/**
 * What TensorBoard's event files hold, as far as it is written here.
 * https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto (event, summary, tensor)
 *
 * @module
 */
import protobuf from "protobufjs";

/** A value under a name: a number, a text or a picture. */
export type SummaryValue =
  & { readonly tag: string }
  & ({ readonly number: number } | { readonly text: string } | { readonly picture: Png });

/** A picture in RGB. */
export interface Png {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

/** An entry of a file. */
export interface LoggedEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step?: number;
  /** Of the first entry. */
  readonly fileVersion?: string;
  /** A run goes on: what TensorBoard has of this step and later ones is no more. */
  readonly isStart?: boolean;
  readonly values?: readonly SummaryValue[];
}

type Fields = Record<string, [type: string, id: number, rule?: "repeated"]>;

/** Messages by name: fields by name, with their types and numbers. */
const MESSAGES: Record<string, Fields> = {
  Event: {
    wallTime: ["double", 1],
    step: ["int64", 2],
    fileVersion: ["string", 3],
    summary: ["Summary", 5],
    sessionLog: ["SessionLog", 7],
  },
  SessionLog: { status: ["int32", 1] },
  Summary: { value: ["Value", 1, "repeated"] },
  Value: {
    tag: ["string", 1],
    simpleValue: ["float", 2],
    image: ["Image", 4],
    tensor: ["TensorProto", 8],
    metadata: ["SummaryMetadata", 9],
  },
  Image: {
    height: ["int32", 1],
    width: ["int32", 2],
    colorspace: ["int32", 3],
    encodedImageString: ["bytes", 4],
  },
  SummaryMetadata: { pluginData: ["PluginData", 1] },
  PluginData: { pluginName: ["string", 1] },
  TensorProto: {
    dtype: ["int32", 1],
    tensorShape: ["TensorShapeProto", 2],
    stringVal: ["bytes", 8, "repeated"],
  },
  TensorShapeProto: { dim: ["Dim", 2, "repeated"] },
  Dim: { size: ["int64", 1] },
};

const root = new protobuf.Root();
for (const [name, fields] of Object.entries(MESSAGES)) {
  const type = new protobuf.Type(name);
  for (const [field, [of, id, rule]] of Object.entries(fields)) {
    type.add(new protobuf.Field(field, id, of, rule));
  }
  root.add(type);
}
const EVENT = root.lookupType("Event");

/** `DataType.DT_STRING`, `SessionLog.START`, and the colour space of RGB. */
const STRING = 7, START = 1, RGB = 3;

/** An event as bytes. */
export function encodeEvent({ wallTime, step, fileVersion, isStart, values }: LoggedEvent): Uint8Array {
  const message = EVENT.fromObject({
    wallTime,
    ...step && { step }, // 0 is not written, as it is the default
    ...fileVersion !== undefined && { fileVersion },
    ...isStart && { sessionLog: { status: START } },
    ...values && { summary: { value: values.map(summaryValue) } },
  });
  return EVENT.encode(message).finish();
}

function summaryValue(value: SummaryValue): object {
  const { tag } = value;
  if ("number" in value) return { tag, simpleValue: value.number };
  if ("picture" in value) {
    const { width, height, png } = value.picture;
    return { tag, image: { height, width, colorspace: RGB, encodedImageString: png } };
  }
  const tensor = {
    dtype: STRING,
    tensorShape: { dim: [{ size: 1 }] },
    stringVal: [new TextEncoder().encode(value.text)],
  };
  return { tag, tensor, metadata: { pluginData: { pluginName: "text" } } };
}

/** The step of an event, and the names of what it tells. */
export function readEvent(bytes: Uint8Array): { step: number; tags: string[] } {
  const { step = 0, summary } = EVENT.toObject(EVENT.decode(bytes), { longs: Number });
  return { step, tags: (summary?.value ?? []).map(({ tag = "" }: { tag?: string }) => tag) };
}
