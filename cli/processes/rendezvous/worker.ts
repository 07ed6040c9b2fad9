/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** The thread of rendezvous.ts. */
import { ProcessesError } from "@seed/core/text";
import { FirstLostError } from "../contact.ts";
import { C_API } from "../mpi/c_api.ts";
import { MeetingClient } from "./client.ts";
import { MeetingServer } from "./server.ts";
import type { Meeting } from "./variables.ts";
import type { Beginning } from "./wire.ts";

/** What the worker is started with. */
export interface MeetingStart {
  meeting: Meeting;
  /** Name of this machine. */
  host: string;
  /** The MPI library. */
  library: string;
}

/** What it is told later. */
export type MeetingRequest = { leave: true } | { fail: string };

/** What it says. */
export type MeetingNews =
  | { begin: Beginning; address: string }
  | { done: true }
  /** The run is over, and why; whether it is the first process that is gone. */
  | { lost: string; isFirst: boolean };

/** What to do where Deno does not let a process use the network. */
const PERMISSION = "The task distill-on-hosts may: it is distill with --allow-net for MASTER_ADDR";

/** Milliseconds that the main thread has to end the process when the run is over, before it is ended from here. */
const GRACE = 3000;

self.onmessage = async ({ data }: MessageEvent<MeetingStart>) => {
  const { meeting, host, library } = data, { _exit } = Deno.dlopen(library, { _exit: C_API._exit }).symbols;
  try {
    if (meeting.rank === 0) listen(meeting);
    const client = await MeetingClient.reach(meeting, host);
    self.onmessage = async ({ data }: MessageEvent<MeetingRequest>) => {
      if ("leave" in data) await client.leave();
      else await client.fail(data.fail);
      say({ done: true });
    };
    const begin = await client.begin(meeting.patience);
    say({ begin, address: client.address });
    await client.stay(begin.hosts[0]).catch((error) => {
      // MPI may never let the main thread go.
      setTimeout(() => {
        console.error(`Process ${meeting.rank} of ${meeting.size} on ${host}: ${(error as Error).message}`);
        _exit(1);
      }, GRACE);
      throw error;
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      say({ lost: `${error.message}. ${PERMISSION}`, isFirst: false });
    } else if (error instanceof ProcessesError) {
      say({ lost: error.message, isFirst: error instanceof FirstLostError });
    } else throw error;
  }
};

function listen(meeting: Meeting): void {
  const { hostname, port } = meeting;
  try {
    new MeetingServer(meeting);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new ProcessesError(
        `Process 0 cannot listen at ${hostname}:${port}: the port is in use, by another run or by a second process of ` +
          "RANK 0; set another MASTER_PORT",
      );
    }
    if (error instanceof Deno.errors.AddrNotAvailable) {
      throw new ProcessesError(
        `Process 0 cannot listen at ${hostname}:${port}: this host has no such address; MASTER_ADDR is that of the host ` +
          "whose process has RANK 0",
      );
    }
    throw error;
  }
}

function say(news: MeetingNews): void {
  self.postMessage(news);
}
