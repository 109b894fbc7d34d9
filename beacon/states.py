"""Terminal states of rows, by table."""

TERMINAL = {
    "jobs": ("completed", "partial", "failed", "cancelled"),
    "cross_region_executions": ("completed", "partial", "failed", "cancelled"),
    "executions": ("completed", "failed", "timeout", "cancelled"),
    "region_results": ("success", "failed", "timeout", "cancelled"),
}
