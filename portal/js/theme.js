// Sets the chosen appearance before anything is painted; without a choice the system's own holds.
try {
  const { theme } = JSON.parse(localStorage.getItem("beacon:settings") ?? "{}");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be closed to this page, or hold something else: the system's appearance stays.
}
