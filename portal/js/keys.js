// The signing key in the settings: made, saved once, taken from a file, removed.
import { ask } from "./dialogs.js";
import { save } from "./files.js";
import { h, moment, say } from "./page.js";
import { obstacle } from "./runner.js";
import { importKey, makeKey, ownKey, removeKey } from "./signing.js";

const LOST = "Jobs signed with it stay as they are, but nobody can sign with it again unless it was saved.";

/** The part of the settings about the key. */
export function keySettings() {
  const state = h("div", { role: "status" });
  const problem = h("p", { class: "problem", role: "alert" });
  const file = h("input", { type: "file", id: "key-file", class: "hidden", accept: ".pem,.der,.p8,.key", tabindex: "-1", "aria-label": "Key file" });
  const buttons = h("div", { class: "tools" });
  const tool = (text, onclick) => h("button", { type: "button", class: "quiet", onclick }, text);

  const refresh = async () => {
    const own = await ownKey();
    state.replaceChildren(...(own ? current(own) : ["No key yet. The first submission makes one, or make or import one here."]));
    const replacing = (act) => () => (own ? ask("Replace the signing key?", h("p", {}, LOST), ["Keep it", "Replace it"], act) : attempt(act));
    buttons.replaceChildren(tool("New key", replacing(make)), tool("Import", replacing(() => file.click())), ...(own ? [tool("Remove", remove)] : []));
  };
  const attempt = async (act) => {
    try {
      say(problem, "");
      await act();
    } catch (error) {
      say(problem, error.message);
    }
  };
  const make = async () => {
    const text = await makeKey();
    await refresh();
    const keep = tool("Save key file", () => save("beacon-signing-key.pem", "application/x-pem-file", text));
    state.append(h("p", { class: "note" }, "This key can be saved now and never again."), keep);
    keep.focus();
  };
  const remove = () => ask("Remove the signing key?", h("p", {}, `${LOST} The next submission makes a new key.`), ["Keep it", "Remove it"], async () => (await removeKey(), await refresh()));
  file.addEventListener("change", () => attempt(async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    const content = await chosen.arrayBuffer();
    file.value = ""; // so that the same file can be chosen once more
    await importKey(content);
    await refresh();
  }));
  if (obstacle()) state.append(obstacle());
  else attempt(refresh);
  return h("fieldset", { id: "key-settings" }, h("legend", {}, "Signing key"), state, file, problem, buttons);
}

const current = ({ key, since }) => [h("code", { class: "small" }, key), since && h("p", { class: "muted small" }, "In this browser since ", moment(since.toISOString()))].filter(Boolean);
