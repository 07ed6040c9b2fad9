/**
 * What the folder knows of pictures and networks. Formats are those of `cli/explore/folder.ts`.
 *
 * @typedef {"student" | "teacher" | "initial"} NetworkId
 * @typedef {"umap" | "pca"} MapKind
 * @typedef {import("./nearest.js").Nearest} Nearest
 *
 * @typedef {object} NetworkRecord
 * @property {NetworkId} id
 * @property {string} name
 * @property {number} dim
 * @property {boolean} runs Whether it runs in the browser.
 * @property {number[]} variance Shares of the variance along the directions of PCA.
 *
 * @typedef {object} Explored
 * @property {number} version
 * @property {string} run
 * @property {number} seed
 * @property {number} size Side in pixels of what the student sees.
 * @property {number} of How many pictures these were chosen of.
 * @property {number} neighbours
 * @property {NetworkRecord[]} networks
 * @property {{ count: number, columns: number, tile: number }} sheets
 * @property {string[]} classes
 * @property {string[]} groups
 * @property {string[]} names
 * @property {(number | null)[]} labels
 * @property {number[]} group
 *
 * @typedef {NetworkRecord & {
 *   maps: Record<MapKind, Float32Array>,
 *   nearest(index: number): Nearest,
 * }} Network `maps` are `[n, 2]` each.
 */

/** Tiles of a sheet. */
const SHEET_TILES = 32 ** 2;

/**
 * @param {string} path Below this page.
 * @returns {Promise<Response>}
 */
async function get(path) {
  const response = await fetch(new URL(path, import.meta.url));
  if (!response.ok) throw new Error(`The folder lacks ${path}; write it anew`);
  return response;
}

export class Library {
  /**
   * @param {Explored} record
   * @param {Network[]} networks
   * @param {HTMLImageElement[]} sheets
   */
  constructor(record, networks, sheets) {
    this.record = record;
    this.networks = networks;
    this.sheets = sheets;
    this.count = record.names.length;
  }

  static async load() {
    /** @type {Explored} */
    const record = await (await get("explore.json")).json();
    if (record.version !== 1) {
      throw new Error(`The folder is of version ${record.version}, the page of version 1`);
    }
    const networks = await Promise.all(record.networks.map((network) => networkOf(network, record)));
    const sheets = Array.from({ length: record.sheets.count }, (_, i) => {
      const image = new Image();
      image.src = `sheets/${i}.webp`;
      return image;
    });
    return new Library(record, networks, sheets);
  }

  /** @param {NetworkId} id */
  network(id) {
    return this.networks.find((network) => network.id === id) ?? null;
  }

  /**
   * Name of a picture's class; empty if it has none.
   *
   * @param {number} index
   */
  className(index) {
    const label = this.record.labels[index];
    return label === null ? "" : this.record.classes[label];
  }

  /** @param {number} index */
  thumbnail(index) {
    return `thumbnails/${String(index).padStart(5, "0")}.webp`;
  }

  /**
   * Where a picture's tile lies.
   *
   * @param {number} index
   * @returns {{ sheet: HTMLImageElement, x: number, y: number, side: number }}
   */
  tile(index) {
    const { columns, tile: side } = this.record.sheets, at = index % SHEET_TILES;
    const sheet = this.sheets[Math.floor(index / SHEET_TILES)];
    return { sheet, x: side * (at % columns), y: side * Math.floor(at / columns), side };
  }
}

/**
 * @param {NetworkRecord} record
 * @param {Explored} explored
 * @returns {Promise<Network>}
 */
async function networkOf(record, { names, neighbours: k }) {
  const bytes = async (/** @type {string} */ name) =>
    await (await get(`networks/${record.id}/${name}`)).arrayBuffer();
  const [near, maps] = await Promise.all([bytes("neighbours.bin"), bytes("maps.bin")]), count = names.length;
  const indices = new Int32Array(near, 0, count * k), similarities = new Float32Array(near, 4 * count * k);
  return {
    ...record,
    maps: { umap: new Float32Array(maps, 0, 2 * count), pca: new Float32Array(maps, 8 * count) },
    nearest: (index) => ({
      indices: indices.subarray(index * k, (index + 1) * k),
      similarities: similarities.subarray(index * k, (index + 1) * k),
    }),
  };
}
