// Runs before the portal's own code and tells which members of each answer it reads. The portal knows nothing of it:
// it calls the browser's own Response.json() and Headers.get(), which are replaced here.
(() => {
  const told = new Set();
  const header = Headers.prototype.get;
  const json = Response.prototype.json;
  const wrapped = new WeakMap();
  const listed = new WeakSet(); // objects whose members were listed: they are maps, whose keys are data

  let untold = []; // kept together, before the page can do anything else: leave, for one

  function tell(request, path) {
    const key = `${request} ${path}`;
    if (told.has(key)) return;
    told.add(key);
    if (untold.push([request, path]) > 1) return;
    queueMicrotask(() => {
      const before = JSON.parse(sessionStorage.getItem("gate:read") ?? "[]");
      sessionStorage.setItem("gate:read", JSON.stringify([...before, ...untold]));
      untold = [];
    });
  }

  function watch(value, path, request) {
    if (value === null || typeof value !== "object") return value;
    if (wrapped.has(value)) return wrapped.get(value);
    const proxy = new Proxy(value, {
      get(target, name) {
        const found = Reflect.get(target, name);
        if (name === "then" && found === undefined) return found; // await asks whether it is a promise
        if (typeof name !== "string" || typeof found === "function" || (Array.isArray(target) && name === "length")) return found;
        const step = Array.isArray(target) ? "[*]" : listed.has(target) ? ".*" : `.${name}`;
        tell(request, path + step);
        return watch(found, path + step, request);
      },
      ownKeys(target) {
        listed.add(target);
        return Reflect.ownKeys(target);
      },
    });
    wrapped.set(value, proxy);
    return proxy;
  }

  Response.prototype.json = async function () {
    const request = header.call(this.headers, "X-Request-ID") ?? "";
    return watch(await json.call(this), "$", request);
  };
  Headers.prototype.get = function (name) {
    const request = header.call(this, "X-Request-ID");
    if (request) tell(request, `header ${name}`);
    return header.call(this, name);
  };
})();
