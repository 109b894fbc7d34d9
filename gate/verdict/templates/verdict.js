"use strict";
document.documentElement.classList.add("js");
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// Rows of a list are filtered by words, by state, by kind, and by what is not complete.
for (const tools of all("[data-filters]")) {
  const rows = all("tbody tr", document.getElementById(tools.dataset.filters)).map((row) => {
    const group = row.closest(".group");
    return { row, group, text: `${group?.querySelector("summary code").textContent ?? ""} ${row.textContent}`.toLowerCase() };
  });
  const groups = [...new Set(rows.map((each) => each.group).filter(Boolean))];
  const filter = () => {
    const words = (tools.querySelector("[type=search]").value).toLowerCase().split(/\s+/).filter(Boolean);
    const states = all("[aria-pressed=true]", tools).map((state) => state.value);
    const kind = tools.querySelector("select")?.value ?? "";
    const partial = tools.querySelector("[type=checkbox]")?.checked ?? false;
    for (const { row, text } of rows) {
      row.hidden = !(words.every((word) => text.includes(word)) && (!states.length || states.includes(row.className))
        && (!kind || row.cells[0].textContent === kind) && (!partial || row.className === "no"));
    }
    const left = rows.filter(({ row }) => !row.hidden);
    for (const group of groups) {
      group.hidden = !left.some((each) => each.group === group);
      if (words.length || states.length) group.open = !group.hidden;
    }
    tools.querySelector("output").value = `${left.length} of ${rows.length}`;
  };
  tools.addEventListener("input", filter);
  tools.addEventListener("click", (event) => {
    const state = event.target.closest("button[aria-pressed]");
    if (!state) return;
    state.ariaPressed = String(state.ariaPressed !== "true");
    filter();
  });
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // a page without a secure context, or without leave
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
function button(label, text, place) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "copy";
  made.textContent = "Copy";
  made.ariaLabel = label;
  made.addEventListener("click", async () => {
    await copy(text());
    made.textContent = "Copied";
    setTimeout(() => { made.textContent = "Copy"; }, 2000);
  });
  place.before(made);
}
for (const block of all("pre[data-copy]")) button(`Copy ${block.dataset.copy}`, () => block.textContent, block);
for (const link of all("a.permalink")) link.addEventListener("click", () => copy(link.href));

for (const fold of all("button[data-fold]")) fold.addEventListener("click", () => {
  const open = fold.dataset.fold === "open";
  for (const one of all("details", document.getElementById("findings"))) one.open = open;
});

function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
  target?.scrollIntoView();
}
addEventListener("hashchange", reveal);
if (location.hash) reveal();

addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || /INPUT|SELECT|TEXTAREA/.test(event.target.tagName)) return;
  event.preventDefault();
  document.querySelector("#find-tests")?.focus();
});

let opened = [];
addEventListener("beforeprint", () => {
  opened = all("details:not([open])");
  for (const one of opened) one.open = true;
});
addEventListener("afterprint", () => { for (const one of opened) one.open = false; });
