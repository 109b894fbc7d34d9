// Runs before the portal's own code and notes what can be seen of it: when, and whether it moved.
(() => {
  // When a state of the page was there to be used: in the document, and a frame painted with it.
  globalThis.__gateShown = {};
  const seen = (state) => requestAnimationFrame(() => setTimeout(() => (globalThis.__gateShown[state] ??= performance.now())));
  new MutationObserver(() => {
    for (const one of document.querySelectorAll("[data-state]")) seen(one.dataset.state);
  }).observe(document, { childList: true, subtree: true });

  globalThis.__gateShifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      const moved = entry.sources.map(({ node, previousRect, currentRect }) =>
        `${node?.nodeName}.${node?.className ?? ""} ${JSON.stringify(previousRect)} to ${JSON.stringify(currentRect)}`);
      globalThis.__gateShifts.push({ value: entry.value, moved });
    }
  }).observe({ type: "layout-shift", buffered: true });
})();
