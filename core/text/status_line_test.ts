import assert from "node:assert/strict";
import { StatusLine } from "./status_line.ts";

function recorded(isTerminal: boolean) {
  const written: string[] = [];
  return {
    written,
    line: new StatusLine({ isTerminal: () => isTerminal, write: (text) => written.push(text) }),
  };
}

Deno.test("a message does not end up within the changing line", () => {
  const { written, line } = recorded(true);
  line.update("step 1, 1 s left");
  line.print("A data worker died");
  line.update("step 2");
  line.end();
  line.end();
  assert.deepEqual(written, [
    "\r\x1b[Kstep 1, 1 s left",
    "\r\x1b[KA data worker died\n",
    "\r\x1b[Kstep 2",
    "\n",
  ]);
});

Deno.test("without a terminal every line stays, and there is nothing to end", () => {
  const { written, line } = recorded(false);
  line.update("step 1");
  line.print("a message");
  line.clear();
  line.end();
  assert.deepEqual(written, ["step 1\n", "a message\n"]);
});

Deno.test("a line that a terminal has no room for is shown without its middle; a question is shown whole", () => {
  const written: string[] = [];
  const shown = (columns: number | null, line: string) => {
    const sink = {
      isTerminal: () => true,
      columns: () => columns,
      write: (text: string) => written.push(text),
    };
    new StatusLine(sink).update(line);
    return written.pop()!.slice("\r\x1b[K".length);
  };
  assert.equal(shown(null, "0123456789".repeat(20)).length, 200);
  assert.equal(shown(11, "0123456789"), "0123456789");
  assert.equal(shown(11, "0123456789A"), "012…56789A");
  assert.equal(shown(11, "日本語日本語日本語"), "日…日本語"); // each takes two columns
  assert.equal(shown(1, "0123456789A"), "…");
  const line = new StatusLine({
    isTerminal: () => true,
    columns: () => 5,
    write: (text) => written.push(text),
  });
  line.prompt("Folder of pictures: ");
  assert.deepEqual(written, ["\r\x1b[KFolder of pictures: "]);
});

Deno.test("names of files cannot clear the line, set the title or fake a line", () => {
  const { written, line } = recorded(true);
  line.update("1/2 \x1b[2K\nDone: runs/a");
  line.print('no picture "\x1b]0;title\x07.png\x9b"');
  assert.deepEqual(written, [
    "\r\x1b[K1/2 \\u001b[2K\\nDone: runs/a",
    '\r\x1b[Kno picture "\\u001b]0;title\\u0007.png\\u009b"\n',
  ]);
});
