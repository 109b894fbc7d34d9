// What cannot wait for the modules of a page: the appearance, which holds before anything is painted, and the page's first
// reads, which are under way while the modules are still compiled. Not a module itself, as browsers run modules later.
//
// `?runner=http://host:port` and `?workflow=standard|cross-region` set the same for this tab, until it is closed.

globalThis.beacon = (() => {
  const KEY = "beacon:settings";
  const WORKFLOWS = ["cross-region", "standard"];
  const THEMES = ["system", "light", "dark"];
  const PATIENCE = 20_000; // milliseconds for one answer
  const EXECUTIONS = 200; // the most that one answer has
  const JOBS = 20; // in a page of the list
  const FILTERS = ["q", "status", "workflow", "from", "to"]; // of the list, as f_q, f_status and so on in its address
  const query = new URLSearchParams(location.search);

  /** What storage has under a key, as an object; empty where storage is closed or holds something else. */
  function kept(storage, key) {
    try {
      const value = JSON.parse(globalThis[storage].getItem(key) ?? "{}");
      return value !== null && typeof value === "object" ? value : {};
    } catch {
      return {};
    }
  }

  /** Keeps an object in storage, or with null nothing; where storage is closed it is lost with the page. */
  function keep(storage, key, value) {
    try {
      if (value === null) globalThis[storage].removeItem(key);
      else globalThis[storage].setItem(key, JSON.stringify(value));
    } catch {
      // The page itself still has it.
    }
  }

  /** The address of a runner without a trailing slash, or null where the text is none. */
  function runnerAddress(text) {
    try {
      const url = new URL(text);
      if (!["http:", "https:"].includes(url.protocol)) return null;
      return (url.origin + url.pathname).replace(/\/+$/, "");
    } catch {
      return null;
    }
  }

  function asked() {
    const chosen = {};
    if (query.has("runner")) chosen.runner = runnerAddress(query.get("runner")) ?? undefined;
    if (WORKFLOWS.includes(query.get("workflow"))) chosen.workflow = query.get("workflow");
    return chosen;
  }

  let own = { ...kept("sessionStorage", KEY), ...asked() }; // of this tab
  let current = { ...kept("localStorage", KEY), ...own };
  if (Object.keys(own).length) keep("sessionStorage", KEY, own);

  /** The settings that hold, with their defaults: the runner is the server of this page. */
  function settings() {
    return {
      runner: runnerAddress(current.runner ?? "") ?? location.origin,
      workflow: WORKFLOWS.includes(current.workflow) ? current.workflow : WORKFLOWS[0],
      theme: THEMES.includes(current.theme) ? current.theme : THEMES[0],
    };
  }

  /**
   * Changes these settings for good, and leaves the others as they are now in the browser: another tab may have changed
   * them. What a link asked of this tab about these ends with it.
   */
  function change(parts) {
    own = Object.fromEntries(Object.entries(own).filter(([name]) => !(name in parts)));
    keep("sessionStorage", KEY, Object.keys(own).length ? own : null);
    const all = { ...kept("localStorage", KEY), ...parts };
    keep("localStorage", KEY, all);
    current = { ...all, ...own };
  }

  /** Shows the chosen appearance; without a choice the system's own holds. */
  function appear({ theme }) {
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  }

  /** A page goes on as it began when another tab changes the settings; only its appearance follows. */
  addEventListener("storage", ({ key }) => {
    if (key === KEY || key === null) appear(kept("localStorage", KEY));
  });

  const list = { offset: Math.max(0, Number.parseInt(query.get("offset") ?? "0", 10) || 0), filters: {} };
  for (const name of FILTERS) {
    const value = query.get(`f_${name}`)?.trim();
    if (value) list.filters[name] = value;
  }

  const job = (id) => `/api/v1/jobs/${encodeURIComponent(id)}`;
  const paths = {
    job,
    questions: () => "/api/v1/questions",
    jobs: () => `/api/v1/jobs?${new URLSearchParams({ limit: JOBS, offset: list.offset, ...list.filters })}`,
    view: (id, offset = 0) => `${job(id)}?include=executions&exec_limit=${EXECUTIONS}&exec_offset=${offset}`,
    analysis: (id) => `/api/v2/jobs/${encodeURIComponent(id)}/bias-analysis`,
  };

  const begun = new Map(); // answers that are on their way, by their address

  /** Sends a request to the runner; a read that has begun already is not sent again. */
  function request(path, options = {}) {
    const address = settings().runner + path;
    const early = options.method === undefined && begun.get(address);
    begun.delete(address);
    return early || fetch(address, { ...options, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  }

  function begin(names) {
    const id = query.get("id") ?? "";
    if (document.hidden || (!id && names.some((name) => paths[name].length > 0))) return;
    for (const path of names.map((name) => paths[name](id))) {
      const answer = request(path);
      answer.catch(() => {}); // who asks for it is told
      begun.set(settings().runner + path, answer);
    }
  }

  appear(current);
  begin(document.currentScript.dataset.reads.split(" "));
  return { kept, keep, runnerAddress, settings, change, request, paths, list, WORKFLOWS, THEMES, EXECUTIONS, JOBS };
})();
