"""``gate load``: drive the runner with many clients, with faults or without, and judge what is stored afterwards."""
