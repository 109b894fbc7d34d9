// Asks again and again until there is nothing more to learn, through every failure of the network.
import { Unreachable } from "./api.js";
import { lost, found } from "./shell.js";

const LONGEST = 15; // seconds between two tries

/**
 * Calls `read` until it returns null. A number that it returns is the seconds to wait before the next call.
 * What is Unreachable is said and tried again; any other error is the caller's.
 */
export async function follow(read) {
  for (let failures = 0; ; ) {
    await visible();
    let pause;
    try {
      pause = await read();
      found();
      failures = 0;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      pause = error.retryAfter ?? Math.min(2 ** failures, LONGEST);
      failures += 1;
      await lost(error.message, pause);
      continue;
    }
    if (pause === null) return;
    await new Promise((resume) => setTimeout(resume, pause * 1000));
  }
}

/** A page that nobody sees asks for nothing. */
function visible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resume) => document.addEventListener("visibilitychange", resume, { once: true }));
}
