// deno-lint-ignore-file no-control-regex -- formats begin with such bytes
/** Formats that are found among pictures and not read, by their first bytes as latin-1. */
const STARTS: readonly [RegExp, string][] = [
  [
    /^version https:\/\/git-lfs/,
    "a pointer of Git LFS in place of the picture itself (git lfs pull fetches it)",
  ],
  [
    /^(\.\.\/|\.git\/|\/)[^\n]*annex\/objects\//,
    "a pointer of git-annex in place of the picture (git annex get fetches it)",
  ],
  [/^\s*(<!doctype html|<html)/i, "a web page, probably of an error or of a page before the download"],
  [/^\s*(<\?xml[^]*<svg|<svg)/, "an SVG drawing"],
  [/^\s*<\?xml/, "an XML text, probably an error of the server"],
  [/^\s*\{\s*"/, "a JSON text, probably an error of the server"],
  [/^\x1f\x8b/, "compressed by gzip"],
  [/^PK\x03\x04/, "a zip archive"],
  [/^[^]{257}ustar/, "a tar archive"],
  [/^%PDF/, "a PDF"],
  [/^%!PS/, "PostScript"],
  [/^[^]{4}ftyp(hei|hev|msf1)/, "a HEIC (HEVC in HEIF)"],
  [/^[^]{4}ftyp(crx )/, "a raw file of a camera (CR3)"],
  [/^[^]{4}ftyp/, "a film or another file of MP4's container"],
  [/^(\xff\x0a|\x00\x00\x00\x0cJXL \r\n)/, "a JPEG XL"],
  [/^(\x00\x00\x00\x0cjP {2}\r\n|\xff\x4f\xff\x51)/, "a JPEG 2000"],
  [/^8BPS/, "a Photoshop file"],
  [/^(\x00\x00\x01\x00|\x00\x00\x02\x00)/, "an icon (ICO, CUR)"],
  [/^P7\n/, "a PAM"],
  [/^P[Ff]\s/, "a PFM"],
  [/^BM/, "a BMP with a header that is not known, or cut off"],
  [/^#\?R(ADIANCE|GBE)/, "a Radiance HDR"],
  [/^\x76\x2f\x31\x01/, "an OpenEXR"],
  [/^DDS /, "a DirectDraw surface (DDS)"],
  [/^qoif/, "a QOI"],
  [/^\x1aE\xdf\xa3/, "a film (Matroska, WebM)"],
  [/^\x93NUMPY/, "an array of NumPy"],
];

/** What bytes are that are no picture which is decoded, as a message names it; null: it is not known. */
export function foreignKindOf(bytes: Uint8Array): string | null {
  const text = String.fromCharCode(...bytes.subarray(0, 512));
  return STARTS.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}
