// What every page has: the way to the settings, and the notice that the runner does not answer.
import { byId, h, idle, say } from "./dom.js";

const preferences = () => import("./preferences.js");

byId("open-settings").addEventListener("click", async () => {
  try {
    (await preferences()).openSettings();
  } catch {
    say(byId("open-settings"), "Settings: not loaded, try again");
  }
});
idle(preferences); // so that they are there when the server of this page is not

const notice = h("section", { class: "notice", "aria-label": "Connection to the runner", hidden: true });
const words = h("p", { role: "alert" });
const again = h("p", { class: "small" });
const button = h("button", { type: "button" }, "Try now");
notice.append(h("div", {}, words, again), button);
document.body.append(notice);

/** Says that the runner does not answer; resolves after so many seconds, or when a person asks for it now. */
export function lost(message, seconds) {
  notice.hidden = false;
  document.body.dataset.connection = "lost";
  say(words, message);
  return new Promise((resume) => {
    let left = Math.max(1, Math.ceil(seconds));
    const tell = () => say(again, `Trying again in ${left} s.`);
    const end = () => {
      clearInterval(ticking);
      button.removeEventListener("click", end);
      say(again, "Trying again …");
      resume();
    };
    const ticking = setInterval(() => {
      left -= 1;
      if (left > 0) tell();
      else end();
    }, 1000);
    tell();
    button.addEventListener("click", end);
  });
}

/** Takes the notice back. */
export function found() {
  if (notice.hidden) return;
  notice.hidden = true;
  delete document.body.dataset.connection;
  say(words, "");
}
