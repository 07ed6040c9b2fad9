/**
 * A reader of Python pickles that can build nothing but plain values and tensors: it knows the opcodes that
 * `torch.save` writes, and of Python's globals only those a caller names. Whatever is made by others is kept as its
 * name alone. Nothing is ever executed.
 *
 * @module
 */
import { quoted } from "@seed/core";

/** A Python tuple, which a list must not be mistaken for. */
export class Tuple extends Array<unknown> {}

/** Makes a value in place of calling a Python global. */
export type Constructor = (args: readonly unknown[]) => unknown;

/** What a pickle may refer to. */
export interface PickleScope {
  /** By `module.name`; what any other makes is {@link Opaque}. */
  globals: Readonly<Record<string, Constructor>>;
  /** Resolves a persistent id: how torch refers to its storages. */
  persistent?(id: unknown): unknown;
}

/** A pickle that is damaged or wants more than it may. */
export class PickleError extends Error {
  override name = "PickleError";
}

/** A pickle that is whole as far as one can tell, but not of the kind that is read: to fetch it again is no help. */
export class UnreadPickle extends PickleError {
  override name = "UnreadPickle";
}

/** Opcodes of a pickle; a checkpoint of two ResNet-152 takes 70,000. Stops one that only wants memory: 300 bytes each. */
const MAX_OPCODES = 150_000;

/** A Python object that was named but not called: a class as a value. */
export class Global {
  constructor(readonly name: string, readonly construct: Constructor) {}
}

/** A Python object that nothing is done with: only that it was there is known, not what it held. */
export class Opaque {
  constructor(readonly name: string) {}
}

const MARK = Symbol("mark");

/** Characters of a Python object's name; stops one long name that is put together over and over. */
const MAX_GLOBAL = 500;

/**
 * Reads one pickle.
 *
 * @param bytes Starts with the pickle; may go on after it.
 * @returns the value and the number of bytes that the pickle takes. Dicts come as `Map`.
 * @throws {PickleError} If it is damaged, or uses an opcode that is not allowed.
 */
export function readPickle(bytes: Uint8Array, scope: PickleScope): { value: unknown; length: number } {
  return new Unpickler(bytes, scope).run();
}

class Unpickler {
  readonly #view: DataView;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  readonly #text = new TextDecoder("utf-8", { fatal: true });
  #at = 0;
  #opcodes = 0;

  constructor(private readonly bytes: Uint8Array, private readonly scope: PickleScope) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): { value: unknown; length: number } {
    for (;;) {
      const at = this.#at, opcode = this.#uint8();
      if (++this.#opcodes > MAX_OPCODES) {
        throw new UnreadPickle(
          `It has more than ${MAX_OPCODES} opcodes: long lists beside the tensors, for example`,
        );
      }
      if (opcode === 0x2e) return { value: this.#pop(), length: this.#at }; // STOP
      const operation = OPERATIONS[opcode];
      if (!operation) {
        throw new PickleError(`The opcode 0x${opcode.toString(16)} at byte ${at} is not allowed`);
      }
      operation(this);
    }
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pop(): unknown {
    return this.#pop();
  }

  top(): unknown {
    if (this.#stack.length === 0) throw new PickleError("It takes from an empty stack");
    return this.#stack[this.#stack.length - 1];
  }

  /** Everything above the last mark. */
  popToMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw new PickleError("It takes to a mark that is not there");
    const above = this.#stack.splice(mark);
    above.shift();
    return above;
  }

  mark(): void {
    this.#stack.push(MARK);
  }

  remember(index: number): void {
    this.#memo.set(index, this.top());
  }

  rememberNext(): void {
    this.#memo.set(this.#memo.size, this.top());
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) throw new PickleError(`It recalls value ${index}, which it never kept`);
    this.#stack.push(this.#memo.get(index));
  }

  bytesOf(length: number): Uint8Array {
    if (this.#at + length > this.bytes.length) {
      throw new PickleError(`It ends before byte ${this.#at + length}`);
    }
    return this.bytes.subarray(this.#at, this.#at += length);
  }

  string(length: number): string {
    try {
      return this.#text.decode(this.bytesOf(length));
    } catch (error) {
      if (error instanceof PickleError) throw error;
      throw new PickleError(`The text at byte ${this.#at} is not UTF-8`);
    }
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw new PickleError("It ends within a line");
    const text = this.string(end - this.#at);
    this.#at++;
    return text;
  }

  uint8(): number {
    return this.#uint8();
  }

  uint16(): number {
    return this.#number(2, (at) => this.#view.getUint16(at, true));
  }

  int32(): number {
    return this.#number(4, (at) => this.#view.getInt32(at, true));
  }

  uint32(): number {
    return this.#number(4, (at) => this.#view.getUint32(at, true));
  }

  /** A size of eight bytes. */
  uint64(): number {
    return this.#number(8, (at) => Number(this.#view.getBigUint64(at, true)));
  }

  float64(): number {
    return this.#number(8, (at) => this.#view.getFloat64(at, false));
  }

  /** A little-endian two's-complement integer of any length; a `number` where that is exact. */
  long(length: number): number | bigint {
    const bytes = this.bytesOf(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = value << 8n | BigInt(bytes[i]);
    if (length > 0 && bytes[length - 1] & 0x80) value -= 1n << BigInt(8 * length);
    const plain = Number(value);
    return Number.isSafeInteger(plain) ? plain : value;
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== "string" || typeof name !== "string") {
      throw new PickleError("It names a Python object by something that is no text");
    }
    if (module.length + name.length > MAX_GLOBAL) {
      const start = quoted(`${module.slice(0, MAX_GLOBAL)}.${name.slice(0, MAX_GLOBAL)}`);
      throw new PickleError(`It names a Python object by more than ${MAX_GLOBAL} characters: ${start}`);
    }
    const full = `${module}.${name}`;
    const known = Object.hasOwn(this.scope.globals, full) ? this.scope.globals[full] : undefined;
    this.#stack.push(new Global(full, known ?? (() => new Opaque(full))));
  }

  /** What a global makes of its arguments; of one that is not known, its name alone. */
  reduce(): void {
    const args = this.#pop(), callee = this.#pop();
    const callable = callee instanceof Global || callee instanceof Opaque;
    if (!callable || !(args instanceof Tuple)) {
      throw new PickleError("It calls something that is no Python object");
    }
    this.#stack.push(callee instanceof Global ? callee.construct(args) : new Opaque(callee.name));
  }

  /** State of an object: torch gives a state dict its `_metadata` so. No state is kept. */
  build(): void {
    this.#pop();
    const target = this.top();
    if (!(target instanceof Map || target instanceof Opaque)) {
      throw new PickleError("It sets the state of something that has none");
    }
  }

  setItems(items: readonly unknown[]): void {
    const target = this.top();
    if (target instanceof Opaque) return;
    if (!(target instanceof Map) || items.length % 2) {
      throw new PickleError("It sets items of something that is no dict");
    }
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  }

  append(items: readonly unknown[]): void {
    const target = this.top();
    if (target instanceof Opaque) return;
    if (!Array.isArray(target)) throw new PickleError("It appends to something that is no list");
    for (const item of items) target.push(item);
  }

  /** Items of a set, which is not kept. */
  addItems(): void {
    this.popToMark();
    if (!(this.top() instanceof Opaque)) throw new PickleError("It adds to something that is no set");
  }

  /** Bytes, of which nothing is kept. */
  passBytes(length: number): void {
    this.bytesOf(length);
    this.#stack.push(new Opaque("bytes"));
  }

  persistent(): void {
    const id = this.#pop();
    if (!this.scope.persistent) throw new PickleError("It refers to a storage where there are none");
    this.#stack.push(this.scope.persistent(id));
  }

  #pop(): unknown {
    const value = this.top();
    if (value === MARK) throw new PickleError("It takes a mark for a value");
    this.#stack.pop();
    return value;
  }

  #uint8(): number {
    return this.#number(1, (at) => this.#view.getUint8(at));
  }

  #number(length: number, read: (at: number) => number): number {
    if (this.#at + length > this.bytes.length) {
      throw new PickleError(`It ends before byte ${this.#at + length}`);
    }
    const value = read(this.#at);
    this.#at += length;
    return value;
  }
}

/** Opcodes of protocols 0 to 5 that `torch.save` writes (Python's `pickletools.py` describes them). */
const OPERATIONS: Readonly<Record<number, (p: Unpickler) => void>> = {
  0x80: (p) => void p.uint8(), // PROTO
  0x95: (p) => void p.bytesOf(8), // FRAME
  0x28: (p) => p.mark(), // MARK
  0x30: (p) => void p.pop(), // POP
  0x4e: (p) => p.push(null), // NONE
  0x88: (p) => p.push(true), // NEWTRUE
  0x89: (p) => p.push(false), // NEWFALSE
  0x4b: (p) => p.push(p.uint8()), // BININT1
  0x4d: (p) => p.push(p.uint16()), // BININT2
  0x4a: (p) => p.push(p.int32()), // BININT
  0x8a: (p) => p.push(p.long(p.uint8())), // LONG1
  0x8b: (p) => p.passBytes(p.uint32()), // LONG4: an integer of more than 255 bytes, as no size is
  0x47: (p) => p.push(p.float64()), // BINFLOAT
  0x58: (p) => p.push(p.string(p.uint32())), // BINUNICODE
  0x8c: (p) => p.push(p.string(p.uint8())), // SHORT_BINUNICODE
  0x55: (p) => p.push(p.string(p.uint8())), // SHORT_BINSTRING: Python 2's text, ASCII in practice
  0x54: (p) => p.push(p.string(p.uint32())), // BINSTRING
  0x8d: (p) => p.push(p.string(p.uint64())), // BINUNICODE8
  0x43: (p) => p.passBytes(p.uint8()), // SHORT_BINBYTES
  0x42: (p) => p.passBytes(p.uint32()), // BINBYTES
  0x8e: (p) => p.passBytes(p.uint64()), // BINBYTES8
  0x96: (p) => p.passBytes(p.uint64()), // BYTEARRAY8
  0x29: (p) => p.push(new Tuple()), // EMPTY_TUPLE
  0x85: (p) => p.push(Tuple.of(p.pop())), // TUPLE1
  0x86: (p) => p.push(Tuple.from([p.pop(), p.pop()].reverse())), // TUPLE2
  0x87: (p) => p.push(Tuple.from([p.pop(), p.pop(), p.pop()].reverse())), // TUPLE3
  0x74: (p) => p.push(Tuple.from(p.popToMark())), // TUPLE
  0x5d: (p) => p.push([]), // EMPTY_LIST
  0x61: (p) => p.append([p.pop()]), // APPEND
  0x65: (p) => p.append(p.popToMark()), // APPENDS
  0x7d: (p) => p.push(new Map()), // EMPTY_DICT
  0x73: (p) => p.setItems([p.pop(), p.pop()].reverse()), // SETITEM
  0x75: (p) => p.setItems(p.popToMark()), // SETITEMS
  0x71: (p) => p.remember(p.uint8()), // BINPUT
  0x72: (p) => p.remember(p.uint32()), // LONG_BINPUT
  0x94: (p) => p.rememberNext(), // MEMOIZE
  0x68: (p) => p.recall(p.uint8()), // BINGET
  0x6a: (p) => p.recall(p.uint32()), // LONG_BINGET
  0x63: (p) => p.global(p.line(), p.line()), // GLOBAL
  0x93: (p) => { // STACK_GLOBAL
    const name = p.pop(), module = p.pop();
    p.global(module, name);
  },
  0x52: (p) => p.reduce(), // REDUCE
  0x81: (p) => p.reduce(), // NEWOBJ
  0x92: (p) => { // NEWOBJ_EX: with arguments by name
    p.pop();
    p.reduce();
  },
  0x62: (p) => p.build(), // BUILD
  0x8f: (p) => p.push(new Opaque("set")), // EMPTY_SET
  0x90: (p) => p.addItems(), // ADDITEMS
  0x91: (p) => { // FROZENSET
    p.popToMark();
    p.push(new Opaque("frozenset"));
  },
  0x51: (p) => p.persistent(), // BINPERSID
};
