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

Deno.test("names of files cannot clear the line, set the title or fake a line", () => {
  const { written, line } = recorded(true);
  line.update("1/2 \x1b[2K\nDone: runs/a");
  line.print('no picture "\x1b]0;title\x07.png\x9b"');
  assert.deepEqual(written, [
    "\r\x1b[K1/2 \\u001b[2K\\nDone: runs/a",
    '\r\x1b[Kno picture "\\u001b]0;title\\u0007.png\\u009b"\n',
  ]);
});
