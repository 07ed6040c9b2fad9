/**
 * A baseline JPEG scan (ITU T.81, annex F.2): Huffman-coded blocks to planes of samples. All blocks are read,
 * those of the window only are computed.
 */
import { storeBlock, storeFlatBlock } from "./jpeg_idct";
import { storeHalfBlock, storeQuarterBlock } from "./jpeg_reduced_idct";

// Of a scan, in int32; the components follow.
const DATA: usize = 0, END: usize = 4, COMPONENTS: usize = 8, RESTART: usize = 12, MCUS: usize = 16;
const LAST_ROW: usize = 20, FIRST_ROW: usize = 24, FIRST_MCU: usize = 28, LAST_MCU: usize = 32;
const ORDER: usize = 36, BLOCK: usize = 40, FIRST_COMPONENT: usize = 44;
// Of a component.
const WIDE: usize = 0, HIGH: usize = 4, PLANE: usize = 8, STRIDE: usize = 12, QUANTIZATION: usize = 16;
const DC: usize = 20, AC: usize = 24, PREDICTION: usize = 28, SIDE: usize = 32, COMPONENT_BYTES: usize = 36;
// Of a Huffman table: a lookup by the next bits (length * 256 + symbol; 0: longer), then for each length the
// first code that is longer, and what is added to a code for its symbol's place; then the symbols.
const LOOKUP_BITS: i32 = 9;
const LIMITS: usize = 1024, OFFSETS: usize = 1096, SYMBOLS: usize = 1168;

// The bits that are read next; of them so many are made up, because the data has ended.
let bits: u64 = 0, count: i32 = 0, made: i32 = 0;
let next: usize = 0, end: usize = 0;

/**
 * Reads bytes until there are 32 bits at least. What follows 0xff is a stuffed zero or a marker, which ends
 * the data.
 */
function refillSlowly(): void {
  while (count <= 56) {
    let byte: u64 = 0;
    if (next < end) byte = load<u8>(next);
    if (next >= end || (byte == 0xff && load<u8>(next + 1) != 0)) {
      byte = 0;
      made += 8;
    } else {
      next += byte == 0xff ? 2 : 1;
    }
    bits = (bits << 8) | byte;
    count += 8;
  }
}

// @ts-ignore: decorator
@inline
function refill(): void {
  if (count >= 32) return;
  const word = load<u32>(next);
  const has0xff = (~word - 0x01010101) & word & 0x80808080;
  if (has0xff || next + 4 > end) return refillSlowly();
  bits = (bits << 32) | bswap<u32>(word);
  count += 32;
  next += 4;
}

/** Takes a symbol that no lookup finds. @returns -1 if no code fits. */
function longSymbol(table: usize): i32 {
  for (let length = LOOKUP_BITS + 1; length <= 16; length++) {
    const code = <i32>(bits >> (count - length)) & ((1 << length) - 1);
    if (code < load<i32>(table + LIMITS + (<usize>length << 2))) {
      count -= length;
      return load<u8>(table + SYMBOLS + ((code + load<i32>(table + OFFSETS + (<usize>length << 2))) & 255));
    }
  }
  return -1;
}

/** Of the next bits, the symbol with its length above it; 0: it is longer. */
// @ts-ignore: decorator
@inline
function lookUp(table: usize, bits: u64, count: i32): i32 {
  return <i32>load<u16>(table + ((<usize>(bits >> (count - LOOKUP_BITS)) & 511) << 1));
}

/** A number of `size` bits, of which none follow: the upper half of them is positive, the lower half negative. */
// @ts-ignore: decorator
@inline
function signed(bits: u64, count: i32, size: i32): i32 {
  const value = <i32>(bits >> count) & ((1 << size) - 1);
  return value < (1 << size) >> 1 ? value - (1 << size) + 1 : value;
}

/** Reads the first coefficient of a block. @returns Whether the data holds it. */
// @ts-ignore: decorator
@inline
function readFirst(component: usize, block: usize): bool {
  refill();
  const table = load<usize>(component + DC), found = lookUp(table, bits, count);
  count -= found >> 8;
  const size = found ? found & 255 : longSymbol(table);
  if (<u32>size > 15) return false;
  count -= size;
  const dc = load<i32>(component + PREDICTION) + signed(bits, count, size);
  store<i32>(component + PREDICTION, dc);
  store<i16>(block, <i16>dc);
  return true;
}

/**
 * Reads a block. The bits are held in variables of its own, which are faster than those of the module.
 *
 * @param wanted Whether all of it is, or no more than its first coefficient.
 * @returns The place of its last coefficient that is stored; -1 if the data is no block.
 */
function readBlock(component: usize, block: usize, order: usize, wanted: bool): i32 {
  if (!readFirst(component, block)) return -1;
  const table = load<usize>(component + AC);
  let place = 1, last = 0, ahead = bits, left = count;
  while (place < 64) {
    if (left < 32) {
      const word = load<u32>(next);
      if (((~word - 0x01010101) & word & 0x80808080) || next + 4 > end) {
        bits = ahead;
        count = left;
        refillSlowly();
        ahead = bits;
        left = count;
      } else {
        ahead = (ahead << 32) | bswap<u32>(word);
        left += 32;
        next += 4;
      }
    }
    let code = lookUp(table, ahead, left);
    left -= code >> 8;
    if (code == 0) {
      bits = ahead;
      count = left;
      code = longSymbol(table);
      if (code < 0) return -1;
      left = count;
    }
    const size = code & 15, run = (code >> 4) & 15;
    place += run + 1;
    if (size == 0) {
      if (run == 15) continue;
      break;
    }
    if (place > 64) return -1;
    left -= size;
    if (wanted) {
      last = place - 1;
      store<i16>(block + (<usize>load<u8>(order + last) << 1), <i16>signed(ahead, left, size));
    }
  }
  bits = ahead;
  count = left;
  return last;
}

/** Begins anew after a restart marker. @returns Whether there is one. */
function restart(scan: usize): bool {
  if (count - made >= 8 || made > count || next + 2 > end) return false;
  if (load<u8>(next) != 0xff || (load<u8>(next + 1) & 0xf8) != 0xd0) return false;
  next += 2;
  begin(scan);
  return true;
}

function begin(scan: usize): void {
  bits = 0;
  count = made = 0;
  for (let c = 0; c < load<i32>(scan + COMPONENTS); c++) {
    store<i32>(scan + FIRST_COMPONENT + <usize>c * COMPONENT_BYTES + PREDICTION, 0);
  }
}

function clear(block: usize): void {
  const zero = i32x4.splat(0);
  for (let i: usize = 0; i < 128; i += 16) v128.store(block + i, zero);
}

/** A block's samples, `side` by `side` of them: 8, or reduced 4, 2 or 1. */
// @ts-ignore: decorator
@inline
function storeSamples(block: usize, last: i32, table: usize, to: usize, stride: usize, side: i32): void {
  if (last == 0 || side == 1) storeFlatBlock(<i32>load<i16>(block) * load<i16>(table), to, stride, side);
  else if (side == 8) storeBlock(block, table, to, stride);
  else if (side == 4) storeHalfBlock(block, table, to, stride);
  else storeQuarterBlock(block, table, to, stride);
}

/** The blocks of a component in an MCU. @returns Whether the data holds them. */
function readComponent(scan: usize, component: usize, mcu: i32, row: i32, used: bool): bool {
  const wide = load<i32>(component + WIDE), high = load<i32>(component + HIGH);
  const order = load<usize>(scan + ORDER), block = load<usize>(scan + BLOCK);
  const stride = load<usize>(component + STRIDE), side = load<i32>(component + SIDE);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const last = readBlock(component, block, order, used && side > 1);
      if (last < 0) return false;
      if (used) {
        const to = load<usize>(component + PLANE) + <usize>((row * high + y) * side) * stride +
          <usize>((mcu * wide + x) * side);
        storeSamples(block, last, load<usize>(component + QUANTIZATION), to, stride, side);
      }
      if (last) clear(block);
    }
  }
  return true;
}

/** Reads a scan down to the last row of MCUs that is used. @returns Whether the data is sound. */
export function readJpegScan(scan: usize): bool {
  next = load<usize>(scan + DATA);
  end = load<usize>(scan + END);
  begin(scan);
  clear(load<usize>(scan + BLOCK));
  const components = load<i32>(scan + COMPONENTS), interval = load<i32>(scan + RESTART);
  let left = interval;
  for (let row = 0; row <= load<i32>(scan + LAST_ROW); row++) {
    const rowUsed = row >= load<i32>(scan + FIRST_ROW);
    for (let mcu = 0; mcu < load<i32>(scan + MCUS); mcu++) {
      if (interval && left-- == 0) {
        if (!restart(scan)) return false;
        left = interval - 1;
      }
      const used = rowUsed && mcu >= load<i32>(scan + FIRST_MCU) && mcu <= load<i32>(scan + LAST_MCU);
      for (let c = 0; c < components; c++) {
        const component = scan + FIRST_COMPONENT + <usize>c * COMPONENT_BYTES;
        if (!readComponent(scan, component, mcu, row, used)) return false;
      }
    }
    if (made > count) return false;
  }
  return true;
}
